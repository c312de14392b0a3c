//===- AtomicFile.cpp - files that appear complete or not at all ----------===//

#include "dconv/Runtime/AtomicFile.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace dconv::runtime {

static Status cannotWrite(const std::string &path, int error) {
  return {StatusCode::FileError,
          "cannot write '" + path + "': " + std::strerror(error)};
}

Status checkWritable(const std::string &path) {
  if (path.empty())
    return cannotWrite(path, ENOENT);
  struct stat info;
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode))
      return cannotWrite(path, EISDIR);
    // A pipe or a device; a file is replaced, whoever may write to it.
    if (!S_ISREG(info.st_mode))
      return access(path.c_str(), W_OK) == 0 ? Status()
                                             : cannotWrite(path, errno);
  }
  size_t slash = path.rfind('/');
  std::string parent = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash);
  if (stat(parent.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
    return cannotWrite(path, ENOTDIR);
  return access(parent.c_str(), W_OK) == 0 ? Status()
                                           : cannotWrite(path, errno);
}

Status writeAtomically(const std::string &path,
                       const std::function<bool(std::FILE *)> &write) {
  auto failure = [&](int error) { return cannotWrite(path, error); };

  struct stat info;
  const bool direct = stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
  const std::string target =
      direct ? path : path + "." + std::to_string(getpid()) + ".tmp";
  std::FILE *file = std::fopen(target.c_str(), "wb");
  if (!file)
    return failure(errno);

  errno = 0;
  bool good = write(file);
  int error = errno;
  if (std::fclose(file) != 0 && good) {
    good = false;
    error = errno;
  }
  if (direct)
    return good ? Status() : failure(error);
  if (good && std::rename(target.c_str(), path.c_str()) == 0)
    return {};
  if (good)
    error = errno;
  std::remove(target.c_str());
  return failure(error);
}

} // namespace dconv::runtime
