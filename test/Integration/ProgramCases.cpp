//===- ProgramCases.cpp - convolutions inside larger functions ------------===//

#include "Case.h"

#include <algorithm>

namespace dconv::test {

namespace {
/// Builds a program of several ops: text, data and reference side by side.
class Builder {
public:
  /// A value of the program and what it must be.
  struct Value {
    std::string name;
    Tensor tensor;
  };

  Value argument(Tensor tensor) {
    const std::string name = "%arg" + std::to_string(program.arguments.size());
    parameters +=
        (parameters.empty() ? "" : ", ") + name + ": " + typeText(tensor);
    program.arguments.push_back(tensor);
    return {name, std::move(tensor)};
  }

  Value argument(ElementType type, Shape shape, int64_t range) {
    return argument(patternOf(type, std::move(shape), range,
                              program.arguments.size() + 1));
  }

  Value fill(ElementType type, const Shape &shape, int64_t value) {
    const std::string name = fresh();
    body += fillText(name, type, shape, value);
    return {name, {type, shape, Values(volume(shape), value)}};
  }

  /// Pads the input of `operation` on the host or, if it can, locally.
  Value padFor(const Operation &operation, const Value &input) {
    const Operand &operand = operation.geometry.inputs[operation.input];
    const std::string name = fresh();
    body += padText(name, input.name, input.tensor.type, operand, 0);
    return {name, test::pad(input.tensor, operand, 0)};
  }

  /// A planned convolution of `inputs`, as they are without local padding;
  /// `names` are what the op reads.
  Value convolve(const Operation &operation, const std::vector<Value> &inputs,
                 const std::vector<std::string> &names, const Value &initial,
                 const std::string &split, bool fills) {
    std::vector<Tensor> tensors;
    for (const Value &input : inputs)
      tensors.push_back(input.tensor);
    Value result = define(opText(operation, names, initial.name),
                          evaluate(operation, tensors, {}, initial.tensor));
    PlannedConvolution planned;
    planned.geometry = operation.geometry;
    planned.input = operation.input;
    planned.fillsOutput = fills;
    planned.split = split;
    planned.index = program.convolutions.size();
    program.convolutions.push_back(planned);
    return result;
  }

  /// x -> pad -> convolution with w over a fill of zero.
  Value convolve(const Operation &operation, const Value &x, const Value &w,
                 const std::string &split) {
    const Convolution &geometry = operation.geometry;
    Value zero = fill(operation.outputType, geometry.output.shape, 0);
    std::string read = x.name;
    if (paddedShape(geometry.inputs[0]) != geometry.inputs[0].shape)
      read = padFor(operation, x).name;
    return convolve(operation, {x, w}, {read, w.name}, zero, split, true);
  }

  /// An elementwise op on the host.
  Value elementwise(const std::string &op, const Value &a, const Value &b,
                    int64_t (*compute)(int64_t, int64_t)) {
    Tensor result = a.tensor;
    for (size_t i = 0; i < result.values.size(); ++i)
      result.values[i] = compute(a.tensor.values[i], b.tensor.values[i]);
    return define("arith." + op + " " + a.name + ", " + b.name + " : " +
                      typeText(a.tensor),
                  std::move(result));
  }

  Value relu(const Value &x) {
    Value zero = fill(x.tensor.type, x.tensor.shape, 0);
    return elementwise(
        runtime::isFloat(x.tensor.type) ? "maximumf" : "maxsi", x, zero,
        [](int64_t a, int64_t b) { return std::max(a, b); });
  }

  Value add(const Value &a, const Value &b) {
    return elementwise(
        runtime::isFloat(a.tensor.type) ? "addf" : "addi", a, b,
        [](int64_t x, int64_t y) { return x + y; });
  }

  /// "%name = `text`", which gives `tensor`.
  Value define(const std::string &text, Tensor tensor) {
    const std::string name = fresh();
    body += "  " + name + " = " + text + "\n";
    return {name, std::move(tensor)};
  }

  /// The function, which returns `results`; `others` are further functions.
  Program finish(const std::vector<Value> &results, std::string others = "") {
    std::string names, types;
    for (const Value &result : results) {
      const char *comma = names.empty() ? "" : ", ";
      names += comma + result.name;
      types += comma + typeText(result.tensor);
      program.results.push_back(result.tensor);
    }
    program.text = "func.func @F(" + parameters + ") -> (" + types + ") {\n" +
                   body + "  return " + names + " : " + types + "\n}\n" +
                   others;
    return std::move(program);
  }

  Program program;

private:
  std::string fresh() { return "%v" + std::to_string(numValues++); }

  std::string parameters, body;
  int numValues = 0;
};

using Value = Builder::Value;
constexpr ElementType F32 = ElementType::F32;
constexpr ElementType I32 = ElementType::I32;

/// 3x3 with padding that keeps the image of 2x6x5, channels last.
Operation threeByThree(int64_t channels, int64_t filters,
                       ElementType type = F32) {
  const std::vector<ImageDim> image = {{6, 3, 1, 1, 1, 1}, {5, 3, 1, 1, 1, 1}};
  Operation operation =
      describe("conv", {"nhwc", "hwcf", "nhwf"},
               {{'n', 2}, {'c', channels}, {'f', filters}}, image);
  operation.mnemonic = "conv_2d_nhwc_hwcf";
  operation.attributes = stridesText(image);
  setTypes(operation, type, type);
  return operation;
}

Value inputOf(Builder &builder, const Operation &operation, unsigned i,
              int64_t range = 40) {
  return builder.argument(operation.inputTypes[i],
                          operation.geometry.inputs[i].shape, range);
}

/// Bias and relu after the convolution, then the input added.
Program residual(const std::string &split) {
  Builder builder;
  const Operation conv = threeByThree(4, 4);
  Value x = inputOf(builder, conv, 0), w = inputOf(builder, conv, 1);
  Value bias = builder.argument(F32, x.tensor.shape, 100);
  Value y = builder.convolve(conv, x, w, split);
  return builder.finish({builder.add(builder.relu(builder.add(y, bias)), x)});
}

/// A convolution of the result of another, each split its own way.
Program chain(const std::string &first, const std::string &second) {
  Builder builder;
  const Operation widen = threeByThree(3, 5), narrow = threeByThree(5, 2);
  Value x = inputOf(builder, widen, 0, 9), w = inputOf(builder, widen, 1, 9);
  Value v = inputOf(builder, narrow, 1, 9);
  Value y = builder.relu(builder.convolve(widen, x, w, first));
  return builder.finish({builder.convolve(narrow, y, v, second), y});
}

/// One padded input under two convolutions, the second from the first's result.
Program accumulate(const std::string &first, const std::string &second) {
  Builder builder;
  const Operation conv = threeByThree(3, 4);
  Value x = inputOf(builder, conv, 0), w = inputOf(builder, conv, 1);
  Value v = inputOf(builder, conv, 1);
  Value zero = builder.fill(F32, conv.geometry.output.shape, 0);
  Value padded = builder.padFor(conv, x);
  Value y = builder.convolve(conv, {x, w}, {padded.name, w.name}, zero, first,
                             true);
  Value z = builder.convolve(conv, {x, v}, {padded.name, v.name}, y, second,
                             false);
  return builder.finish({z, y, padded});
}

/// The result of one convolution is the filter of another.
Program computedFilter(const std::string &first, const std::string &second) {
  Builder builder;
  Operation makesFilter = describe("conv", {"hwc", "hwcf", "hwf"},
                                   {{'c', 2}, {'f', 3}}, {{3, 2}, {2, 2}});
  Operation usesIt = describe("conv", {"nhw", "hwf", "nhwf"},
                              {{'n', 2}, {'f', 3}}, {{5, 3}, {4, 2}});
  Value a = inputOf(builder, makesFilter, 0, 9);
  Value b = inputOf(builder, makesFilter, 1, 9);
  Value x = inputOf(builder, usesIt, 0, 9);
  Value w = builder.convolve(makesFilter, a, b, first);
  return builder.finish({builder.convolve(usesIt, x, w, second)});
}

/// A padded filter and a pad whose value the caller gives stay host ops.
Program hostPads(const std::string &split) {
  Builder builder;
  Operation conv = describe("conv", {"nhwc", "hwcf", "nhwf"},
                            {{'n', 1}, {'c', 3}, {'f', 4}}, {{5, 3}, {4, 3}});
  const Convolution &geometry = conv.geometry;
  Operand image = geometry.inputs[0], filter = geometry.inputs[1];
  for (Operand *operand : {&image, &filter}) {
    operand->padLow[0] = 1;
    operand->padHigh[1] = 1;
    operand->shape[0] -= 1;
    operand->shape[1] -= 1;
  }
  // The batch of one image cannot be padded.
  image.padLow[0] = 0;
  image.shape[0] += 1;
  Value x = builder.argument(F32, image.shape, 40);
  Value w = builder.argument(F32, filter.shape, 40);
  Value value = builder.argument({F32, {}, {5}});
  Value padded = builder.define(
      "tensor.pad " + x.name + " low[0, 0, 0, 0] high[0, 1, 0, 0] {\n"
      "  ^bb0(%i: index, %j: index, %k: index, %l: index):\n"
      "    tensor.yield " + value.name + " : f32\n  } : " +
          typeText(x.tensor) + " to " + typeText(F32, paddedShape(image)),
      pad(x.tensor, image, 5));
  Tensor widened = pad(w.tensor, filter, 0);
  Value zero = builder.define("arith.constant 0.0 : f32", {F32, {}, {0}});
  Value filterPadded = builder.define(
      "tensor.pad " + w.name + " low[1, 0, 0, 0] high[0, 1, 0, 0] {\n"
      "  ^bb0(%i: index, %j: index, %k: index, %l: index):\n"
      "    tensor.yield " + zero.name + " : f32\n  } : " +
          typeText(w.tensor) + " to " + typeText(widened),
      widened);
  return builder.finish(
      {builder.convolve(conv, padded, filterPadded, split)});
}

/// A transposed convolution as PyTorch and JAX emit it: the input spread out
/// among zeros, then an ordinary convolution. The reference scatters.
Program transposed(const std::string &split) {
  const int64_t in = 5, taps = 4, stride = 2, crop = 1;
  const int64_t out = (in - 1) * stride + taps - 2 * crop;
  const int64_t border = taps - 1 - crop;
  Builder builder;
  Operation conv = describe("conv", {"nwc", "wcf", "nwf"},
                            {{'n', 2}, {'c', 3}, {'f', 4}},
                            {{out, taps, 1, 1, border, border}});
  Value x = builder.argument(F32, {2, in, 3}, 100);
  Value w = builder.argument(F32, {taps, 3, 4}, 100);
  Tensor wide = spreadOut(x.tensor, {1, stride, 1});
  Value zeros = builder.fill(F32, wide.shape, 0);
  Value spread = builder.define("tensor.insert_slice " + x.name + " into " +
                                    zeros.name + "[0, 0, 0] [2, 5, 3] "
                                    "[1, 2, 1] : " + typeText(x.tensor) +
                                    " into " + typeText(wide),
                                wide);
  Value y = builder.convolve(conv, spread, w, split);
  // The filter is applied backwards: tap k of `conv` is tap taps - 1 - k here.
  Tensor scattered{F32, {2, out, 4}, Values(2 * out * 4, 0)};
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t k = 0; k < taps; ++k)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t f = 0; f < 4; ++f) {
            const int64_t o = i * stride + k - crop;
            if (o >= 0 && o < out)
              scattered.values[(n * out + o) * 4 + f] +=
                  x.tensor.values[(n * in + i) * 3 + c] *
                  w.tensor.values[((taps - 1 - k) * 3 + c) * 4 + f];
          }
  y.tensor = scattered;
  return builder.finish({y});
}

/// `times` convolutions in an scf.for, each of the last result.
Program loop(const std::string &split, int64_t times) {
  Builder builder;
  const Operation conv = threeByThree(3, 3, I32);
  Value x = inputOf(builder, conv, 0, 1000);
  Value w = inputOf(builder, conv, 1, 1000);
  const std::string type = typeText(x.tensor);
  Value y{"%y", x.tensor};
  Tensor zero{I32, x.tensor.shape, Values(x.tensor.values.size(), 0)};
  for (int64_t i = 0; i < times; ++i)
    y.tensor = evaluate(conv, {y.tensor, w.tensor}, {}, zero);
  builder.define("arith.constant 0 : index", {});  // %v0
  builder.define("arith.constant 1 : index", {});  // %v1
  builder.define("arith.constant " + std::to_string(times) + " : index",
                 {}); // %v2
  Value result = builder.define(
      "scf.for %i = %v0 to %v2 step %v1 iter_args(%y = " + x.name + ") -> (" +
          type + ") {\n" +
          padText("%p", "%y", I32, conv.geometry.inputs[0], 0) +
          fillText("%zero", I32, x.tensor.shape, 0) + "  %z = " +
          opText(conv, {"%p", w.name}, "%zero") + "\n  scf.yield %z : " + type +
          "\n  }",
      y.tensor);
  PlannedConvolution planned;
  planned.geometry = conv.geometry;
  planned.input = conv.input;
  planned.fillsOutput = true;
  planned.split = split;
  planned.executions = times;
  builder.program.convolutions.push_back(planned);
  return builder.finish({result});
}

/// A function with a convolution that is called twice, beside one of its own.
Program calls(const std::string &own, const std::string &called) {
  Builder builder;
  const Operation conv = threeByThree(3, 3);
  Value x = inputOf(builder, conv, 0, 9), w = inputOf(builder, conv, 1, 9);
  Value y = builder.convolve(conv, x, w, own);
  const std::string types = typeText(x.tensor) + ", " + typeText(w.tensor);
  Tensor zero{F32, x.tensor.shape, Values(x.tensor.values.size(), 0)};
  for (int i = 0; i < 2; ++i)
    y = builder.define("func.call @F_helper(" + y.name + ", " + w.name +
                           ") : (" + types + ") -> " + typeText(y.tensor),
                       evaluate(conv, {y.tensor, w.tensor}, {}, zero));
  PlannedConvolution planned;
  planned.geometry = conv.geometry;
  planned.input = conv.input;
  planned.fillsOutput = true;
  planned.split = called;
  planned.function = "_helper";
  planned.executions = 2;
  builder.program.convolutions.push_back(planned);
  const std::string type = typeText(x.tensor);
  return builder.finish(
      {y}, "func.func private @F_helper(%x: " + type + ", %w: " +
               typeText(w.tensor) + ") -> " + type + " {\n" +
               padText("%p", "%x", F32, conv.geometry.inputs[0], 0) +
               fillText("%zero", F32, x.tensor.shape, 0) + "  %y = " +
               opText(conv, {"%p", "%w"}, "%zero") + "\n  return %y : " + type +
               "\n}\n");
}

/// Groups as torch-mlir writes them: reshaped before and after. A matrix
/// product beside it stays on the host.
Program reshaped(const std::string &split) {
  Builder builder;
  const std::vector<ImageDim> image = {{4, 3}, {3, 3}};
  Operation conv = describe("conv", {"ngchw", "gfchw", "ngfhw"},
                            {{'n', 1}, {'g', 2}, {'c', 3}, {'f', 2}}, image);
  conv.mnemonic = "conv_2d_ngchw_gfchw";
  conv.attributes = stridesText(image);
  Value x = builder.argument(F32, {1, 6, 6, 5}, 40);
  Value w = builder.argument(F32, {4, 3, 3, 3}, 40);
  Value m = builder.argument(F32, {3, 2}, 1);
  Tensor grouped = x.tensor, filters = w.tensor;
  grouped.shape = {1, 2, 3, 6, 5};
  filters.shape = {2, 2, 3, 3, 3};
  Value gx = builder.define(
      "tensor.expand_shape " + x.name + " [[0], [1, 2], [3], [4]] "
      "output_shape [1, 2, 3, 6, 5] : " + typeText(x.tensor) + " into " +
          typeText(grouped),
      grouped);
  Value gw = builder.define(
      "tensor.expand_shape " + w.name + " [[0, 1], [2], [3], [4]] "
      "output_shape [2, 2, 3, 3, 3] : " + typeText(w.tensor) + " into " +
          typeText(filters),
      filters);
  Value y = builder.convolve(conv, gx, gw, split);
  Tensor flat = y.tensor;
  flat.shape = {16, 3};
  Value rows = builder.define("tensor.collapse_shape " + y.name +
                                  " [[0, 1, 2, 3], [4]] : " +
                                  typeText(y.tensor) + " into " +
                                  typeText(flat),
                              flat);
  Value zero = builder.fill(F32, {16, 2}, 0);
  Tensor product = zero.tensor;
  for (int64_t i = 0; i < 16; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t k = 0; k < 3; ++k)
        product.values[i * 2 + j] +=
            flat.values[i * 3 + k] * m.tensor.values[k * 2 + j];
  return builder.finish({builder.define(
      "linalg.matmul ins(" + rows.name + ", " + m.name + " : " +
          typeText(flat) + ", " + typeText(m.tensor) + ") outs(" + zero.name +
          " : " + typeText(product) + ") -> " + typeText(product),
      product)});
}
} // namespace

Cases programCases() {
  Cases cases;
  auto add = [&](const std::string &name, int64_t devices,
                 std::function<Program()> build) {
    cases.push_back({"program/" + name, devices, std::move(build)});
  };
  for (std::string split : {"o0=3", "ic=2,k0=3", "oc=4,n=2"}) {
    add("residual/f32/" + split, 3, [=] { return residual(split); });
    add("host_pads/f32/" + split, 2, [=] {
      return hostPads(split == "oc=4,n=2" ? "oc=4,o1=2" : split);
    });
    add("transposed/f32/" + split, 4, [=] {
      return transposed(split);
    });
  }
  for (auto [first, second] :
       {std::pair<std::string, std::string>{"o0=3", "o0=2,o1=2"},
        {"oc=2,ic=3", "ic=5"},
        {"k0=3", "n=2,k1=2"}}) {
    const std::string name = "/f32/" + first + ";" + second;
    add("chain" + name, 4, [=, a = first, b = second] { return chain(a, b); });
    add("calls" + name, 5, [=, a = first, b = second] {
      return calls(a, b == "ic=5" ? "ic=2" : b);
    });
  }
  add("accumulate/f32/o0=2;o0=2", 2, [] { return accumulate("o0=2", "o0=2"); });
  add("accumulate/f32/ic=3;k0=3", 3, [] { return accumulate("ic=3", "k0=3"); });
  add("accumulate/f32/oc=2;o1=5", 6, [] { return accumulate("oc=2", "o1=5"); });
  add("computed_filter/f32/o0=3;k0=3", 3,
      [] { return computedFilter("o0=3", "k0=3"); });
  add("computed_filter/f32/ic=2;oc=3", 2,
      [] { return computedFilter("ic=2", "oc=3"); });
  for (std::string split : {"o0=3", "ic=3", "k0=3,o1=2"})
    add("loop/i32/" + split, 3, [=] { return loop(split, 3); });
  for (std::string split : {"g=2", "o0=2,ic=3"})
    add("reshaped/f32/" + split, 4, [=] { return reshaped(split); });
  return cases;
}

} // namespace dconv::test
