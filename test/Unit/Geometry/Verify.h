//===- Verify.h - compares Geometry with the oracle -------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_GEOMETRY_VERIFY_H
#define DCONV_TEST_UNIT_GEOMETRY_VERIFY_H

#include "Oracle.h"

#include "dconv/Geometry/Layout.h"

namespace dconv::test {

/// The elements of `box` of a tensor of `shape`; it may not leave the tensor.
Elements elementsOf(const Box &box, const std::vector<int64_t> &shape);

/// What is wrong with `transfers` as those that bring `wanted` to
/// `destination`: ascending by source, none empty, every source sends what it
/// owns, all wanted elements once and no other. Empty where nothing is.
std::string verifyTransfers(const std::vector<Transfer> &transfers,
                            int64_t destination,
                            const std::vector<int64_t> &shape,
                            const std::vector<Elements> &owned,
                            const Elements &wanted);

/// What the library says of a case and the oracle does not; empty where they
/// agree on iterations, footprints, ownership, transfers, bytes and memory.
std::string verify(const Case &testCase);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_GEOMETRY_VERIFY_H
