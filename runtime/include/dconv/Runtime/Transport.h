//===- Transport.h - moves boxes between devices ----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_TRANSPORT_H
#define DCONV_RUNTIME_TRANSPORT_H

#include "dconv/Runtime/BoxView.h"
#include "dconv/Runtime/Message.h"
#include "dconv/Runtime/Status.h"

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
/// Equivalent to: MPI_Comm, ncclComm_t, with point-to-point transfers only; a
/// reduction is transfers and `accumulate` commands in the order of the plan.
/// Messages are matched by their id, so the order of arrival does not matter.
///
/// A message that stays lost or corrupt is TransferFailed, naming both devices,
/// the step and the tensor; after `stop` every call returns Stopped. Nothing
/// hangs.
///
/// Threading: `send`, `wait` and `receive` from one thread at a time per
/// device; `stop` from any; `begin` while no device is in a call.
class Transport {
public:
  virtual ~Transport() = default;

  /// A send of its device, as `wait` knows it.
  using Event = uint64_t;

  virtual int64_t devices() const = 0;

  /// Starts an execution: what is still under way of an earlier one is dropped,
  /// all counters are 0.
  virtual void begin(uint64_t epoch, uint64_t planHash) = 0;

  /// Starts sending `box` from the source of `header`, whose checksum is set
  /// here. The box must stay as it is until `wait` for `sent` returns.
  virtual Status send(const MessageHeader &header, const BoxView &box,
                      Event &sent) = 0;

  /// Returns when the destination has accepted what `device` sent.
  virtual Status wait(int64_t device, Event sent) = 0;

  /// Returns when `box` holds the payload of the message that `expected` names
  /// and all of its header and its checksum have been verified. Where it fails,
  /// the elements of the box are undefined.
  virtual Status receive(const MessageHeader &expected, const BoxView &box) = 0;

  /// Wakes every device and lets all calls return Stopped from now on.
  virtual void stop() = 0;

  /// While `device` is in no call.
  virtual TransferCounters counters(int64_t device) const = 0;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_TRANSPORT_H
