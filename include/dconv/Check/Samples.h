//===- Samples.h - values of a convolution from its definition --*- C++ -*-===//
//
// For convolutions too large to compute twice: output positions drawn at
// random, the corners, edges and borders of shards among them.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_CHECK_SAMPLES_H
#define DCONV_CHECK_SAMPLES_H

#include "dconv/Geometry/Split.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Runtime/Program.h"

namespace dconv {

/// A convolution and the data of one execution.
struct SampledConvolution {
  struct Input {
    runtime::ElementType type = runtime::ElementType::F32;
    CastKind cast = CastKind::None;
    const void *data = nullptr; ///< dense and row-major
    int64_t zeroPoint = 0;      ///< subtracted; in the type of the output
  };

  Convolution geometry; ///< without local padding
  CombinerKind combiner = CombinerKind::Add;
  bool ignoresNaN = false; ///< as in Body
  std::vector<Input> inputs;
  runtime::ElementType type = runtime::ElementType::F32; ///< of the output
  const void *init = nullptr; ///< dense and row-major
};

/// A value of the output: `integer`, wrapped to the type, where that is one.
struct SampledValue {
  long double real = 0; ///< added up in f64; in long double for f64
  double magnitude = 0; ///< sum|x||w| + |init| where asked for
  int64_t integer = 0;
};

/// Loop values of the output elements to compute, reductions 0, each at most
/// once: all where there are at most 4096, else as many of 4096 as need at most
/// 4e9 multiply-adds, but at least 64. A quarter at most are corners of the
/// output; half lie on its edges and on the borders of the stripes of `split`
/// in every dim; the rest anywhere.
std::vector<std::vector<int64_t>> samplePositions(const Convolution &geometry,
                                                  const Split &split,
                                                  uint64_t seed);

/// The values at `positions`, computed on all cores.
std::vector<SampledValue>
computeSamples(const SampledConvolution &convolution,
               const std::vector<std::vector<int64_t>> &positions,
               bool withMagnitude);

} // namespace dconv

#endif // DCONV_CHECK_SAMPLES_H
