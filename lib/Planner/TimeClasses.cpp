//===- TimeClasses.cpp - splits alike in what their time depends on -------===//

#include "TimeClasses.h"

#include <algorithm>
#include <tuple>

using namespace dconv;

template <typename Visit> static void forFields(Visit visit) {
  visit(&TimeKey::cut);
  visit(&TimeKey::sources);
  visit(&TimeKey::innerSources);
}

TimeKey TimeKey::times(const TimeKey &o) const {
  TimeKey result{shards * o.shards, inner * o.inner, {}, {}, {}};
  forFields([&](PerOperand<int32_t> TimeKey::*field) {
    for (unsigned t = 0; t < mostOperands; ++t)
      (result.*field)[t] = (this->*field)[t] * (o.*field)[t];
  });
  return result;
}

bool TimeKey::less(const TimeKey &o, TimeKey &rest) const {
  if (shards % o.shards || inner % o.inner)
    return false;
  rest.shards = shards / o.shards;
  rest.inner = inner / o.inner;
  bool divides = true;
  forFields([&](PerOperand<int32_t> TimeKey::*field) {
    for (unsigned t = 0; t < mostOperands; ++t) {
      divides &= (this->*field)[t] % (o.*field)[t] == 0;
      (rest.*field)[t] = (this->*field)[t] / (o.*field)[t];
    }
  });
  return divides;
}

bool TimeKey::operator==(const TimeKey &o) const {
  return std::tie(shards, inner, cut, sources, innerSources) ==
         std::tie(o.shards, o.inner, o.cut, o.sources, o.innerSources);
}

bool TimeKey::operator<(const TimeKey &o) const {
  return std::tie(shards, inner, cut, sources, innerSources) <
         std::tie(o.shards, o.inner, o.cut, o.sources, o.innerSources);
}

TimeClass TimeClass::times(const TimeClass &o) const {
  TimeClass result = *this;
  result.key = key.times(o.key);
  result.imbalance *= o.imbalance;
  for (unsigned t = 0; t < mostOperands; ++t) {
    result.sources[t] *= o.sources[t];
    result.innerSources[t] *= o.innerSources[t];
    result.held[t] *= o.held[t];
    result.growth[t] *= o.growth[t];
  }
  return result;
}

void TimeClass::unite(const TimeClass &o) {
  imbalance = std::min(imbalance, o.imbalance);
  for (unsigned t = 0; t < mostOperands; ++t) {
    held[t] = std::min(held[t], o.held[t]);
    growth[t] = std::max(growth[t], o.growth[t]);
    sources[t] = std::min(sources[t], o.sources[t]);
    innerSources[t] = std::max(innerSources[t], o.innerSources[t]);
  }
}

namespace {
/// Classes by key, in one piece of memory.
class ClassTable {
public:
  /// Adds `next`, or unites it with the class of the same key.
  void add(const TimeClass &next) {
    if (2 * classes.size() >= places.size())
      grow();
    uint32_t &place = placeOf(next.key);
    if (place == 0) {
      classes.push_back(next);
      place = classes.size();
      return;
    }
    classes[place - 1].unite(next);
  }

  /// Those for which `isOut` does not hold, ascending by key.
  template <typename IsOut> std::vector<TimeClass> sorted(IsOut isOut) && {
    classes.erase(std::remove_if(classes.begin(), classes.end(), isOut),
                  classes.end());
    std::sort(
        classes.begin(), classes.end(),
        [](const TimeClass &a, const TimeClass &b) { return a.key < b.key; });
    return std::move(classes);
  }

private:
  uint32_t &placeOf(const TimeKey &key) {
    uint64_t hash = key.shards * 31 + key.inner;
    forFields([&](PerOperand<int32_t> TimeKey::*field) {
      for (int32_t number : key.*field) {
        hash = (hash ^ number) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32; // products carry upwards only
      }
    });
    for (size_t i = hash & (places.size() - 1);;
         i = (i + 1) & (places.size() - 1))
      if (places[i] == 0 || classes[places[i] - 1].key == key)
        return places[i];
  }

  void grow() {
    places.assign(std::max<size_t>(1024, places.size() * 2), 0);
    for (uint32_t i = 0; i < classes.size(); ++i)
      placeOf(classes[i].key) = i + 1;
  }

  std::vector<TimeClass> classes;
  std::vector<uint32_t> places; ///< number of a class, from 1; 0: free
};
} // namespace

InnerPlaces::InnerPlaces(int64_t mostShards, int64_t mostInner,
                         const std::function<int64_t(int64_t)> &aligned)
    : possible(mostInner + 1, std::vector<bool>(mostShards + 1, false)) {
  std::vector<int64_t> blocks(mostShards + 1);
  for (int64_t shards = 1; shards <= mostShards; ++shards)
    blocks[shards] = aligned(shards);
  for (int64_t inner = 2; inner <= mostInner; ++inner)
    for (int64_t some = inner; some <= mostShards; some += inner)
      for (int64_t all = some; all <= mostShards; all += some)
        if (blocks[all] % inner == 0) {
          possible[inner][some] = true;
          break;
        }
}

TimeChain::TimeChain(std::vector<const std::vector<TimeChoice> *> choices,
                     int64_t mostShards, int64_t mostInner,
                     const InnerPlaces &places, const IsOut &isOut)
    : choices(std::move(choices)), tails(this->choices.size() + 1) {
  tails.back().push_back(TimeClass());
  for (size_t i = this->choices.size(); i-- > 0;) {
    ClassTable classes;
    for (const TimeChoice &choice : *this->choices[i])
      for (const TimeClass &tail : tails[i + 1]) {
        if (choice.own.key.shards > mostShards / tail.key.shards)
          break; // the tails ascend by shards
        if (choice.own.key.inner * tail.key.inner <= mostInner &&
            places.can(choice.own.key.shards * tail.key.shards,
                       choice.own.key.inner * tail.key.inner))
          classes.add(choice.own.times(tail));
      }
    tails[i] = std::move(classes).sorted(
        [&](const TimeClass &tail) { return isOut(i, tail); });
  }
}

const TimeClass *TimeChain::find(unsigned from, const TimeKey &key) const {
  const std::vector<TimeClass> &classes = tails[from];
  auto found = std::lower_bound(
      classes.begin(), classes.end(), key,
      [](const TimeClass &a, const TimeKey &b) { return a.key < b; });
  return found != classes.end() && found->key == key ? &*found : nullptr;
}
