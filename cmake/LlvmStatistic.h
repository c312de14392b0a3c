//===- LlvmStatistic.h - llvm::Statistic as in Debian's LLVM ---*- C++ -*-===//
//
// Included before everything else where NDEBUG is not defined. With NDEBUG the
// class llvm::Statistic, a base of the statistics of passes, has no members;
// libMLIR, which constructs them, was built so. Otherwise our passes would count
// in members that nobody has initialised.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_CMAKE_LLVMSTATISTIC_H
#define DCONV_CMAKE_LLVMSTATISTIC_H

#ifndef NDEBUG
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif

#endif // DCONV_CMAKE_LLVMSTATISTIC_H
