//===- WordCounter.h - words of a split from its divisions ------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_WORDCOUNTER_H
#define DCONV_LIB_PLANNER_WORDCOUNTER_H

#include "Components.h"

#include "dconv/Planner/Words.h"

#include <limits>

namespace dconv {

/// Counts the words of splits of one convolution, given the division of each
/// component.
class WordCounter {
public:
  /// Both outlive the counter.
  WordCounter(const Convolution &convolution,
              const std::vector<Component> &components);

  /// Words of the shard at the representative cells: no more than those of
  /// the busiest.
  int64_t representativeWords(const std::vector<const Division *> &divisions);

  /// Looks at every shard that can be the busiest. Stops early, with more than
  /// `limit` words, once one has more than that.
  WordCount count(const std::vector<const Division *> &divisions,
                  int64_t limit = std::numeric_limits<int64_t>::max());

  unsigned numOperands() const { return operands.size(); }

private:
  /// Products and sums over the components seen so far.
  struct Partial {
    PerOperand<int64_t> held{1, 1, 1}, owned{1, 1, 1}, common{1, 1, 1};
    PerOperand<int64_t> replica{0, 0, 0}; ///< number among the replicas
  };
  struct ShardCount {
    int64_t words = 0, bytes = 0, memoryBytes = 0;
  };

  void prepare(const std::vector<const Division *> &divisions);
  Partial with(const Partial &partial, unsigned component, unsigned cell);
  ShardCount countShard(const Partial &partial);
  int64_t ownAndHeld(unsigned operand, int64_t begin, int64_t end);
  void visit(unsigned component, const Partial &partial);

  const Convolution &convolution;
  const std::vector<Component> &components;
  std::vector<const Operand *> operands; ///< inputs, then the output
  std::vector<PerOperand<bool>> cuts;    ///< per loop, the operands it cuts
  /// Per operand and dim: component, and number among its dims.
  std::vector<std::vector<std::pair<unsigned, unsigned>>> dimPlaces;

  // Of the split being counted.
  const std::vector<const Division *> *divisions = nullptr;
  std::vector<PerOperand<int64_t>> replicaStrides; ///< per loop
  PerOperand<int64_t> replicas{1, 1, 1};
  PerOperand<bool> holdsOwned{true, true, true};
  std::vector<bool> allCells; ///< per component: no cell stands for another
  std::vector<unsigned> cellOf;
  WordCount most;
  int64_t limit = 0;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_WORDCOUNTER_H
