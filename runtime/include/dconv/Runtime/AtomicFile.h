//===- AtomicFile.h - files that appear complete or not at all --*- C++ -*-===//

#ifndef DCONV_RUNTIME_ATOMICFILE_H
#define DCONV_RUNTIME_ATOMICFILE_H

#include "dconv/Runtime/Status.h"

#include <cstdio>
#include <functional>

namespace dconv::runtime {

/// Lets `write` fill a temporary file beside `path`, then gives it that name.
/// Where `write` returns false or the disk is full: FileError, and what was at
/// `path` before is still there. A pipe or a device is written directly.
Status writeAtomically(const std::string &path,
                       const std::function<bool(std::FILE *)> &write);

/// FileError where writeAtomically could not write `path`: before the work is
/// done whose result goes there.
Status checkWritable(const std::string &path);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_ATOMICFILE_H
