//===- Checker.h - proves a program before it runs --------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CHECKER_H
#define DCONV_RUNTIME_CHECKER_H

#include "dconv/Runtime/Program.h"
#include "dconv/Runtime/Status.h"

namespace dconv::runtime {

/// InvalidProgram, naming the program, device, command, tensor and box, unless
/// all of this holds. Then any execution that honours `waits` gives the same
/// result, and one that runs each list in order ends.
///
/// 1. Shape: every number names something; layouts order the dims of their
///    buffers; bounds are intervals; boxes lie in the windows of their buffers and, where data leaves or enters a device, in the tensor, so that
///    no padding moves; element types agree, conversions are between float
///    types, arguments have the shape and type of the tensor. Scatters come
///    before or in the timed part, gathers in or after it, transfers and
///    arithmetic in it (conversions also before it).
/// 2. Memory: buffers lie aligned inside the arena and are used only while they
///    live; no two live ones share a byte; nothing is read that was not
///    written. Launch reads its operands and, unless it overwrites it, its
///    output wholly, and writes the latter wholly.
/// 3. Order: a read is ordered after the writes it sees, a write after the
///    reads and writes it replaces, a free after every use (of a send: its
///    receipt), an alloc after the frees of the bytes it takes; all through
///    `waits`, directly or not.
/// 4. Messages: every send has exactly one receive, on another device, and the
///    reverse.
/// 5. Results: the gathers of a result are disjoint and cover it.
/// 6. Progress: devices that run their lists in order, receives waiting for
///    sends and waits on sends for receives, all reach the end; so do devices
///    that run parts of their lists side by side, each in order.
Status check(const Program &program);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CHECKER_H
