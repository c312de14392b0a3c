//===- Processors.h - where the threads of devices run ----------*- C++ -*-===//

#ifndef DCONV_RUNTIME_PROCESSORS_H
#define DCONV_RUNTIME_PROCESSORS_H

#include <cstdint>

namespace dconv::runtime {

/// How many processors this process may use; at least 1.
int64_t availableProcessors();

/// Moves the calling thread to the processor that is due to `device` of
/// `devices` threads: they are spread evenly over the processors that this
/// process may use. The thread is not bound: the system may move it later.
///
/// Threads that wake each other up tend to gather on one processor, and stay
/// there for milliseconds while another idles.
void moveToOwnProcessor(int64_t device, int64_t devices);

/// Lets the calling thread wake up when it said, not some 50 us later, which is
/// what the system takes to wake up several threads together.
void wakeUpPunctually();

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_PROCESSORS_H
