//===- FaultInjector.h - a network that loses and breaks things -*- C++ -*-===//
//
// A hook for tests: whatever it does, a run ends right or with an error.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_FAULTINJECTOR_H
#define DCONV_RUNTIME_FAULTINJECTOR_H

#include "dconv/Runtime/Message.h"

#include <memory>

namespace dconv::runtime {

/// What happens to one delivery of a message.
struct Fault {
  bool drop = false;    ///< it never arrives
  bool repeat = false;  ///< it arrives twice
  bool reorder = false; ///< it arrives after the next one to the same device
  /// The bit that arrives inverted, counted from the first of the header on
  /// through the payload; -1 for none.
  int64_t flippedBit = -1;
};

/// Threading: called by all devices at once.
class FaultInjector {
public:
  virtual ~FaultInjector() = default;

  /// The fault of delivery number `attempt` (from 0) of a message of `bits`
  /// bits, header included.
  virtual Fault next(const MessageId &id, int64_t attempt,
                     int64_t bits) const = 0;
};

/// Draws faults at the given rates, per cent of all deliveries, each kind on
/// its own. The draw depends on the seed, the message and the attempt alone, so
/// that a run can be repeated whatever the threads do.
struct FaultRates {
  int flip = 0;
  int drop = 0;
  int repeat = 0;
  int reorder = 0;
  uint64_t seed = 0;
};

std::unique_ptr<FaultInjector> makeFaultInjector(const FaultRates &rates);

/// Reads "flip=3,drop=2,repeat=1,reorder=5,seed=1", any of them in any order;
/// rates are 0 to 100.
Result<FaultRates> parseFaultRates(const std::string &text);

/// What the environment variable DCONV_FAULTS asks for, as parseFaultRates
/// reads it; null where it is not set or empty.
Result<std::shared_ptr<FaultInjector>> faultsFromEnvironment();

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_FAULTINJECTOR_H
