//===- FaultInjector.cpp - a network that loses and breaks things ---------===//

#include "dconv/Runtime/FaultInjector.h"

#include <algorithm>
#include <cstdlib>

namespace dconv::runtime {

namespace {

/// SplitMix64: independent draws from consecutive states.
uint64_t draw(uint64_t &state) {
  uint64_t z = state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

class RandomFaults : public FaultInjector {
public:
  explicit RandomFaults(const FaultRates &rates) : rates(rates) {}

  Fault next(const MessageId &id, int64_t attempt,
             int64_t bits) const override {
    uint64_t state = rates.seed;
    state = draw(state) ^ MessageId::Hash()(id);
    state = draw(state) + static_cast<uint64_t>(attempt);
    auto happens = [&](int rate) {
      return draw(state) % 100 < static_cast<uint64_t>(rate);
    };
    Fault fault;
    fault.drop = happens(rates.drop);
    fault.repeat = happens(rates.repeat);
    fault.reorder = happens(rates.reorder);
    if (happens(rates.flip))
      fault.flippedBit =
          static_cast<int64_t>(draw(state) % static_cast<uint64_t>(bits));
    return fault;
  }

private:
  const FaultRates rates;
};

} // namespace

std::unique_ptr<FaultInjector> makeFaultInjector(const FaultRates &rates) {
  return std::make_unique<RandomFaults>(rates);
}

Result<FaultRates> parseFaultRates(const std::string &text) {
  FaultRates rates;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    const std::string item = text.substr(begin, end - begin);
    begin = end + 1;

    const size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    const std::string digits =
        equals == std::string::npos ? "" : item.substr(equals + 1);
    if (digits.empty() || digits.size() > 18 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
      return Error{"fault '" + item + "', needed name=number"};
    const uint64_t number = std::stoull(digits);
    if (name == "seed") {
      rates.seed = number;
      continue;
    }
    int *rate = name == "flip"      ? &rates.flip
                : name == "drop"    ? &rates.drop
                : name == "repeat"  ? &rates.repeat
                : name == "reorder" ? &rates.reorder
                                    : nullptr;
    if (!rate)
      return Error{"fault '" + name +
                   "', needed flip, drop, repeat, reorder or seed"};
    if (number > 100)
      return Error{"fault rate " + digits + " of '" + name +
                   "', needed 0 to 100 per cent"};
    *rate = static_cast<int>(number);
  }
  return rates;
}

Result<std::shared_ptr<FaultInjector>> faultsFromEnvironment() {
  const char *text = std::getenv("DCONV_FAULTS");
  if (!text || !*text)
    return std::shared_ptr<FaultInjector>();
  Result<FaultRates> rates = parseFaultRates(text);
  if (!rates)
    return Error{"DCONV_FAULTS: " + rates.error()};
  return std::shared_ptr<FaultInjector>(makeFaultInjector(*rates));
}

} // namespace dconv::runtime
