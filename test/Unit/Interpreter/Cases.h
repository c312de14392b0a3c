//===- Cases.h - the convolutions and splits that are tried -----*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_CASES_H
#define DCONV_TEST_UNIT_INTERPRETER_CASES_H

#include "Programs.h"

#include "dconv/Geometry/Convolution.h"

namespace dconv::test {

/// The 30 convolutions and 17 poolings of linalg, each three times, with
/// windows, channels and types drawn by `seed`.
std::vector<Program> namedPrograms(uint64_t seed);

/// One convolution in every type, one pooling in every type and combiner.
std::vector<Program> typedPrograms();

/// The windows that others get wrong: even filters, more padding than filter,
/// halos wider than stripes, shards that see nothing but padding, ...
std::vector<Program> windowPrograms();

/// Forms that have no name: gradients, groups, offsets, other operand orders.
std::vector<Program> genericPrograms();

/// SPECs: every loop alone in one to four parts, in as many as it has
/// iterations, and in uneven parts; every pair and triple of loops.
std::vector<std::string> splitsOf(const Convolution &convolution);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_CASES_H
