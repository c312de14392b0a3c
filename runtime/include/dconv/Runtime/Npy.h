//===- Npy.h - tensors in files of NumPy ------------------------*- C++ -*-===//
//
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_NPY_H
#define DCONV_RUNTIME_NPY_H

#include "dconv/Runtime/Program.h"
#include "dconv/Runtime/Status.h"

#include <cstddef>

namespace dconv::runtime {

/// The elements of the .npy file `path` (format 1 to 3, little-endian, C or
/// Fortran order), dense and row-major. An error where it cannot be read, is
/// damaged, or is not of `type` and `shape`. bf16 is stored as uint16; unsigned
/// integers are taken for the integer type of their size.
Result<std::vector<std::byte>> readNpy(const std::string &path,
                                       ElementType type,
                                       const std::vector<int64_t> &shape);

/// Writes `data`, dense and row-major, in format 1. `path` appears complete or
/// not at all.
Status writeNpy(const std::string &path, ElementType type,
                const std::vector<int64_t> &shape, const void *data);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_NPY_H
