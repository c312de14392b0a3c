//===- SplitClasses.cpp - splits with the same numbers of parts -----------===//

#include "SplitClasses.h"

#include <algorithm>

using namespace dconv;

/// `choice` with each split of `tail`.
static SplitClass combine(const Choice &choice, const SplitClass &tail) {
  SplitClass both = tail;
  both.key.shards *= choice.shards;
  both.imbalance *= choice.outline.imbalance;
  for (unsigned t = 0; t < mostOperands; ++t) {
    both.key.cut[t] *= choice.outline.cut[t];
    both.held[t] *= choice.outline.meanHeld[t];
  }
  return both;
}

/// Sorts `classes` and unites those with the same key.
static void unite(std::vector<SplitClass> &classes) {
  std::sort(
      classes.begin(), classes.end(),
      [](const SplitClass &a, const SplitClass &b) { return a.key < b.key; });
  size_t last = 0;
  for (size_t i = 1; i < classes.size(); ++i) {
    SplitClass &united = classes[last];
    const SplitClass &next = classes[i];
    if (!(united.key == next.key)) {
      classes[++last] = next;
      continue;
    }
    united.imbalance = std::min(united.imbalance, next.imbalance);
    for (unsigned t = 0; t < mostOperands; ++t)
      united.held[t] = std::min(united.held[t], next.held[t]);
  }
  if (!classes.empty())
    classes.resize(last + 1);
}

ClassChain::ClassChain(std::vector<const std::vector<Choice> *> choices,
                       int64_t mostShards, double mostImbalance)
    : choices(std::move(choices)), tails(this->choices.size() + 1) {
  tails.back().push_back(SplitClass());
  for (size_t i = this->choices.size(); i-- > 0;) {
    std::vector<SplitClass> &classes = tails[i];
    for (const Choice &choice : *this->choices[i])
      for (const SplitClass &tail : tails[i + 1]) {
        if (choice.shards > mostShards / tail.key.shards)
          break; // the tails ascend by shards
        if (choice.outline.imbalance * tail.imbalance <= mostImbalance)
          classes.push_back(combine(choice, tail));
      }
    unite(classes);
  }
}

const SplitClass *ClassChain::rest(unsigned from, const ClassKey &key,
                                   const Choice &choice) const {
  ClassKey wanted{key.shards / choice.shards, {}};
  bool divides = wanted.shards * choice.shards == key.shards;
  for (unsigned t = 0; t < mostOperands && divides; ++t) {
    wanted.cut[t] = key.cut[t] / choice.outline.cut[t];
    divides = wanted.cut[t] * choice.outline.cut[t] == key.cut[t];
  }
  if (!divides)
    return nullptr;
  const std::vector<SplitClass> &classes = tails[from + 1];
  auto found = std::lower_bound(
      classes.begin(), classes.end(), wanted,
      [](const SplitClass &a, const ClassKey &b) { return a.key < b; });
  return found != classes.end() && found->key == wanted ? &*found : nullptr;
}
