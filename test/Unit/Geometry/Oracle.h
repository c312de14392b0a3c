//===- Oracle.h - Geometry by trying every element --------------*- C++ -*-===//
//
// What docs/design.md says about ownership, halos and counters, computed one
// iteration and one element at a time. It reads the data of a case and calls
// nothing of the library, so that a fault of one does not hide in the other.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_UNIT_GEOMETRY_ORACLE_H
#define DCONV_TEST_UNIT_GEOMETRY_ORACLE_H

#include "Cases.h"

namespace dconv::test {

/// Row-major numbers of elements of a tensor, ascending.
using Elements = std::vector<int64_t>;

/// The elements of a tensor of `shape` at every combination of `positions`,
/// which are ascending per dim.
Elements elementsAt(const std::vector<int64_t> &shape,
                    const std::vector<std::vector<int64_t>> &positions);

/// The least and the greatest position that is read.
struct Reach {
  int64_t low = 0, high = 0;

  int64_t size() const { return high - low + 1; }
};

/// One input on the grid.
struct OracleInput {
  /// Comes from the host in one copy, in pieces; then there is one replica.
  bool gathered = false;
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::Direct;
  std::vector<std::vector<Reach>> reach; ///< per shard and dim, unpadded tensor
  std::vector<Elements> owned;           ///< per shard
  std::vector<Elements> held;            ///< per shard: reached, in the tensor
  /// Per replica: the shard that owns each element, or -1.
  std::vector<std::vector<int64_t>> ownerOf;
  std::vector<int64_t> replicaOf; ///< per shard

  /// Number of positions of the hull of what `shard` reads, padding included.
  int64_t volume(int64_t shard) const;
  /// What `shard` has in the buffer from which its kernel may read: what it
  /// owns, or, of what is passed on, what it holds.
  const Elements &stored(int64_t shard) const;
  /// Number of positions of the hull of that, in a tensor of `shape`, and of
  /// what `shard` reads.
  int64_t windowVolume(int64_t shard, const std::vector<int64_t> &shape) const;
  /// True where `shard` owns just what it reads, and reads no padding.
  bool resident(int64_t shard) const;
};

/// A buffer that a device needs, by what it is for.
struct OracleBuffer {
  int64_t shard;
  int64_t bytes; ///< not aligned

  bool operator<(const OracleBuffer &o) const {
    return shard != o.shard ? shard < o.shard : bytes < o.bytes;
  }
  bool operator==(const OracleBuffer &o) const {
    return shard == o.shard && bytes == o.bytes;
  }
};

class Oracle {
public:
  explicit Oracle(const Case &testCase);

  int64_t numShards() const { return coordinates.size(); }
  int64_t deviceOf(int64_t shard) const;

  /// Per shard and loop: all values.
  std::vector<std::vector<std::vector<int64_t>>> iterations;
  std::vector<OracleInput> inputs;
  std::vector<Elements> block; ///< per shard: of the output, before a reduction
  std::vector<Elements> piece; ///< per shard: of the result
  std::vector<bool> isFirst;   ///< per shard: 0 on every axis of a reduction
  bool reduces = false;        ///< the split divides a reduction in several parts

  /// Bytes of one repetition, per device.
  std::vector<int64_t> received, sent, scatter, gather, peak;
  std::vector<std::vector<OracleBuffer>> stripes, footprints, accumulators,
      staging;

private:
  bool isReduction(unsigned loop) const;
  std::vector<std::vector<int64_t>> iterationsOf(int64_t shard) const;
  OracleInput inputSets(unsigned number) const;
  std::vector<std::vector<int64_t>>
  ownedAlong(const Operand &operand, unsigned dim,
             const std::vector<unsigned> &outer,
             const std::vector<unsigned> &inner) const;
  Reach reachOf(const Operand &operand, unsigned dim,
                const std::vector<std::vector<int64_t>> &ranges) const;
  void makeResult();
  /// The shards that differ from `shard` on axes of reductions alone.
  std::vector<int64_t> groupOf(int64_t shard) const;
  void countBytes();
  /// True where the kernels read input `number` in place, with room for it
  /// around what is stored: where that needs no more memory on any device.
  bool readsInPlace(size_t number) const;
  /// Counts what a ring or tree moves of `input`, whose elements one shard each
  /// owns.
  void countPassedOn(const OracleInput &input, int64_t elementBytes);
  void countMemory();

  const Case &testCase;
  const Convolution &convolution;
  const Split &split;
  std::vector<std::vector<int64_t>> coordinates; ///< per shard
  std::vector<std::vector<int64_t>> groups;      ///< per shard
};

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_GEOMETRY_ORACLE_H
