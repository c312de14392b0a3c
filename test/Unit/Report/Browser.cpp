//===- Browser.cpp - pages in a headless browser --------------------------===//

#include "Browser.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace dconv::test;
namespace fs = std::filesystem;

static std::string outputOf(const std::string &command) {
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    return text;
  std::array<char, 65536> buffer;
  while (size_t size = fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  pclose(pipe);
  return text;
}

std::optional<std::string> dconv::test::findBrowser() {
  for (const char *name : {"chromium", "chromium-browser", "google-chrome"})
    if (!outputOf(std::string("command -v ") + name).empty())
      return name;
  return std::nullopt;
}

std::string dconv::test::renderedIn(const std::string &browser,
                                    const std::string &html,
                                    const std::string &name, int width) {
  std::string pattern = testing::TempDir() + "dconv-page-XXXXXX";
  fs::path folder = mkdtemp(pattern.data());
  fs::path page = folder / (name + ".html");
  std::ofstream(page) << html;
  // --no-sandbox: tests may run as root, where the sandbox refuses to.
  auto run = [&](const std::string &what, int height) {
    return outputOf(
        "timeout 120 " + browser +
        " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage"
        " --hide-scrollbars --virtual-time-budget=4000 --user-data-dir=" +
        (folder / "profile").string() + " --window-size=" +
        std::to_string(width) + "," + std::to_string(height) + " " + what +
        " file://" + page.string() + " 2>/dev/null");
  };
  std::string dom = run("--dump-dom", 900);
  if (const char *kept = std::getenv("DCONV_KEEP_PAGES")) {
    run("--screenshot=" + (fs::path(kept) / (name + ".png")).string(), 3600);
    fs::copy_file(page, fs::path(kept) / (name + ".html"),
                  fs::copy_options::overwrite_existing);
  }
  fs::remove_all(folder);
  return dom;
}

int dconv::test::count(const std::string &text, const std::string &part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++found;
  return found;
}
