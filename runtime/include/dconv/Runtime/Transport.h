//===- Transport.h - moves boxes between devices ----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_TRANSPORT_H
#define DCONV_RUNTIME_TRANSPORT_H

#include "dconv/Runtime/BoxView.h"
#include "dconv/Runtime/Message.h"
#include "dconv/Runtime/Status.h"

#include <chrono>

namespace dconv::runtime {

/// What one device has transferred since `begin`. Payload bytes count when a
/// message is accepted, once.
struct TransferCounters {
  int64_t bytesReceived = 0;
  int64_t bytesSent = 0;
  int64_t corrupt = 0;    ///< arrived with a wrong header or payload
  int64_t repeated = 0;   ///< dropped: seen before, or of another execution
  int64_t askedAgain = 0; ///< lost or corrupt, and asked for again
};

/// Moves boxes between the devices of one run.
///
/// Equivalent to: MPI_Comm with persistent requests, ncclComm_t; point-to-point
/// transfers only, a reduction is transfers and `accumulate` commands in the
/// order of the plan. All messages of a program are made known ahead, so that
/// none of `send`, `receive` and `wait` allocates anything. Messages are
/// matched by their id, so the order of arrival does not matter.
///
/// A message that stays lost or corrupt is TransferFailed, naming both devices,
/// the step and the tensor; after `stop` every call returns Stopped. Nothing
/// hangs.
///
/// Threading: `send`, `wait` and `receive` from one thread at a time per
/// device; `stop` from any; `begin` while no device is in a call; the others
/// before the first `begin`, one at a time.
class Transport {
public:
  virtual ~Transport() = default;

  /// What both ends know a message of a program by.
  using Port = uint32_t;

  virtual int64_t devices() const = 0;

  /// Makes an end of a message known; its epoch and checksum are set when it is
  /// sent. Each message has one of either.
  virtual Port openSend(const MessageHeader &header, const BoxView &box) = 0;
  virtual Port openReceive(const MessageHeader &header, const BoxView &box) = 0;
  /// Ends the list of the messages of one program. InvalidProgram where the
  /// ends of one do not fit.
  virtual Status connect() = 0;

  /// Starts an execution: what is still under way of an earlier one is dropped,
  /// all counters are 0.
  virtual void begin(uint64_t epoch) = 0;

  /// Starts sending the box of `port`, which must stay as it is until `wait`
  /// for the port returns.
  virtual Status send(Port port) = 0;

  /// Returns when the destination has accepted what was sent in this execution.
  virtual Status wait(Port port) = 0;

  /// Returns when the box of the receiving end holds the payload and all of the
  /// header and the checksum have been verified. Where it fails, the elements
  /// of the box are undefined.
  virtual Status receive(Port port) = 0;

  /// Wakes every device and lets all calls return Stopped from now on.
  virtual void stop() = 0;

  /// While `device` is in no call.
  virtual TransferCounters counters(int64_t device) const = 0;

  /// How long `device` has waited in `receive` and `wait` since `begin`: for
  /// what had not arrived, not for copies. From the thread of the device.
  virtual std::chrono::nanoseconds waited(int64_t device) const = 0;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_TRANSPORT_H
