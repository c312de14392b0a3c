//===- Verified.cpp - certificates as text, and their verifier ------------===//

#include "Verified.h"

#include "dconv/Certificate/VerifyCertificate.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace dconv;
using namespace dconv::test;

TemporaryFile::TemporaryFile(const std::string &text)
    : path(testing::TempDir() + "dconv-certificate-XXXXXX") {
  int file = mkstemp(path.data());
  EXPECT_GE(file, 0);
  close(file);
  std::ofstream(path) << text;
}

TemporaryFile::~TemporaryFile() { unlink(path.c_str()); }

std::string
dconv::test::certificateOf(const std::vector<CertifiedPlan> &plans) {
  std::ostringstream out;
  Result<int64_t> written = writeCertificate(out, plans);
  EXPECT_TRUE(bool(written)) << written.error();
  return out.str();
}

std::pair<int, std::string> dconv::test::verifyText(const std::string &text) {
  TemporaryFile file(text);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int code = verifyCertificateFile(file.path);
  std::string printed = testing::internal::GetCapturedStdout();
  return {code, printed + testing::internal::GetCapturedStderr()};
}

bool dconv::test::refuseAlterations(const std::vector<CertifiedPlan> &plans) {
  TemporaryFile file(certificateOf(plans));
  std::string command = std::string("python3 -B '" DCONV_MUTATE "' '") +
                        DCONV_VERIFIER_FOLDER + "' '" + file.path + "'";
  return std::system(command.c_str()) == 0;
}
