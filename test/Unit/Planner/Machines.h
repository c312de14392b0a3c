//===- Machines.h - machines for tests of the planner -----------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_PLANNER_MACHINES_H
#define DCONV_TEST_UNIT_PLANNER_MACHINES_H

#include "dconv/Planner/Machine.h"

#include <random>

namespace dconv::test {

/// Threads that share `processors` processors; 0: each has its own.
Machine threads(int64_t devices, int64_t processors);

/// Groups of 8, and of `outer` where that is not 0, with links ten times as
/// slow outside as inside.
Machine clusterOf(int64_t devices, int64_t outer = 0);

/// Devices in a ring, linked to their neighbours alone.
Machine ringOf(int64_t devices);

/// Boards of different speed and memory on one switch.
Machine unevenBoards(int64_t devices);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_PLANNER_MACHINES_H
