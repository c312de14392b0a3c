//===- CheckSteps.h - the parts of the checker ------------------*- C++ -*-===//
//
// Each part relies on those above it having found nothing.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_CORE_CHECKSTEPS_H
#define DCONV_RUNTIME_CORE_CHECKSTEPS_H

#include "dconv/Runtime/Checker.h"

namespace dconv::runtime {

/// Rules 2 and 3 for the list of one device.
Status checkMemory(const Program &program, int64_t device);

/// Rules 4 and 6.
Status checkMessages(const Program &program);

/// "receive of 'input 0' [0, 4)".
std::string describe(const Program &program, int64_t device, uint32_t command);

/// InvalidProgram: program, device, number and description of the command, then
/// `what`.
Status errorAt(const Program &program, int64_t device, uint32_t command,
               const std::string &what);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_CHECKSTEPS_H
