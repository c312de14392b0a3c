//===- Browser.h - pages in a headless browser ------------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_REPORT_BROWSER_H
#define DCONV_TEST_UNIT_REPORT_BROWSER_H

#include <optional>
#include <string>

namespace dconv::test {

/// The command that starts Chromium, or nothing where it is not installed.
std::optional<std::string> findBrowser();

/// The document that `html` has become when its scripts have run in a window of
/// `width` pixels. Where the environment variable DCONV_KEEP_PAGES names a
/// folder, the page and a picture of it stay there as `name`.
std::string renderedIn(const std::string &browser, const std::string &html,
                       const std::string &name, int width = 1280);

/// How often `text` has `part`.
int count(const std::string &text, const std::string &part);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_REPORT_BROWSER_H
