//===- KernelOutliner.cpp - one kernel function per shard shape -----------===//

#include "KernelOutliner.h"

#include "ProgramText.h"
#include "dconv/Kernels/Emitter.h"
#include "dconv/Kernels/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dconv;

/// `map` from loops counted from the corner of `iterations` to positions counted
/// from the corner of `window`.
static AccessMap localMap(AccessMap map, const Box &iterations,
                          const Box &window) {
  for (auto [d, expr] : llvm::enumerate(map)) {
    for (const Term &term : expr.terms)
      expr.constant += term.coefficient * iterations[term.loop].begin;
    expr.constant -= window[d].begin;
  }
  return map;
}

static AffineMap toAffineMap(const AccessMap &map, unsigned loops,
                             MLIRContext *context) {
  SmallVector<AffineExpr> results;
  for (const LinearExpr &expr : map) {
    AffineExpr result = getAffineConstantExpr(0, context);
    for (const Term &term : expr.terms)
      result = result + getAffineDimExpr(term.loop, context) * term.coefficient;
    results.push_back(result + expr.constant);
  }
  return AffineMap::get(loops, 0, results, context);
}

namespace {
/// What a kernel is built from.
struct LocalProblem {
  std::vector<int64_t> extents;
  std::vector<AccessMap> maps;              ///< inputs, then the output
  std::vector<std::vector<int64_t>> shapes; ///< likewise

  /// All of it as numbers, to tell problems apart.
  std::vector<int64_t> key() const {
    std::vector<int64_t> numbers;
    auto append = [&](const std::vector<int64_t> &list) {
      numbers.push_back(list.size());
      numbers.insert(numbers.end(), list.begin(), list.end());
    };
    append(extents);
    for (const std::vector<int64_t> &shape : shapes)
      append(shape);
    for (const AccessMap &map : maps)
      for (const LinearExpr &expr : map) {
        for (const Term &term : expr.terms)
          append({term.loop, term.coefficient});
        append({expr.constant});
      }
    return numbers;
  }

  /// The loops whose extent no operand's dim tells by itself.
  std::vector<unsigned> loopsWithoutExtent() const {
    std::vector<bool> told(extents.size());
    for (const AccessMap &map : maps)
      for (const LinearExpr &expr : map)
        if (expr.terms.size() == 1 && expr.terms[0].coefficient == 1 &&
            expr.constant == 0)
          told[expr.terms[0].loop] = true;
    std::vector<unsigned> loops;
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      if (!told[loop])
        loops.push_back(loop);
    return loops;
  }
};

/// Writes the normal form of the body.
class BodyBuilder {
public:
  BodyBuilder(OpBuilder &builder, Location loc, const Body &body)
      : builder(builder), loc(loc), body(body),
        isFloat(isa<FloatType>(body.accumulator)) {}

  /// The input `value` of `factor` in the accumulator's type, less its zero
  /// point (may be null).
  Value factor(const Factor &factor, Value value, Value zeroPoint) {
    value = widen(value, factor.cast);
    if (!zeroPoint)
      return value;
    return arith::SubIOp::create(builder, loc, value,
                                 widen(zeroPoint, factor.zeroPointCast));
  }

  Value product(Value a, Value b) {
    if (isFloat)
      return arith::MulFOp::create(builder, loc, a, b);
    return arith::MulIOp::create(builder, loc, a, b);
  }

  Value combine(Value sum, Value value) {
    switch (body.combiner) {
    case CombinerKind::Add:
      if (isFloat)
        return arith::AddFOp::create(builder, loc, sum, value);
      return arith::AddIOp::create(builder, loc, sum, value);
    case CombinerKind::Max:
      if (isFloat && body.ignoresNaN)
        return arith::MaxNumFOp::create(builder, loc, sum, value);
      if (isFloat)
        return arith::MaximumFOp::create(builder, loc, sum, value);
      return arith::MaxSIOp::create(builder, loc, sum, value);
    case CombinerKind::Min:
      if (isFloat && body.ignoresNaN)
        return arith::MinNumFOp::create(builder, loc, sum, value);
      if (isFloat)
        return arith::MinimumFOp::create(builder, loc, sum, value);
      return arith::MinSIOp::create(builder, loc, sum, value);
    case CombinerKind::MaxUnsigned:
      return arith::MaxUIOp::create(builder, loc, sum, value);
    case CombinerKind::MinUnsigned:
      return arith::MinUIOp::create(builder, loc, sum, value);
    }
    llvm_unreachable("unknown combiner");
  }

private:
  /// `value` in the accumulator's type. An op that computes in a narrow float
  /// type has no cast, and is widened all the same.
  Value widen(Value value, CastKind cast) {
    if (value.getType() == body.accumulator)
      return value;
    switch (cast) {
    case CastKind::None:
    case CastKind::ExtF:
      return arith::ExtFOp::create(builder, loc, body.accumulator, value);
    case CastKind::ExtSI:
      return arith::ExtSIOp::create(builder, loc, body.accumulator, value);
    case CastKind::ExtUI:
      return arith::ExtUIOp::create(builder, loc, body.accumulator, value);
    }
    llvm_unreachable("unknown cast");
  }

  OpBuilder &builder;
  Location loc;
  const Body &body;
  bool isFloat;
};
} // namespace

const Factor &dconv::factorOf(RecognizedConvolution &recognized,
                              unsigned input) {
  for (auto [i, factor] : llvm::enumerate(recognized.body.factors))
    if (cast<BlockArgument>(recognized.inputValue(i)).getArgNumber() == input)
      return factor;
  llvm_unreachable("the verifier has seen that every input is read");
}

static func::FuncOp buildKernel(OpBuilder &builder, Location loc,
                                StringRef name, const LocalProblem &problem,
                                RecognizedConvolution &recognized,
                                const KernelContract &contract) {
  MLIRContext *context = builder.getContext();
  const Body &body = recognized.body;
  unsigned inputs = problem.maps.size() - 1;
  unsigned loops = problem.extents.size();

  SmallVector<Type> types;
  for (unsigned i = 0; i < inputs; ++i) {
    unsigned operand = factorOf(recognized, i).operand;
    types.push_back(MemRefType::get(
        problem.shapes[i],
        getElementTypeOrSelf(recognized.op->getOperand(operand))));
  }
  types.push_back(MemRefType::get(problem.shapes[inputs], body.accumulator));
  for (unsigned scalar : recognized.scalars)
    types.push_back(
        getElementTypeOrSelf(recognized.op->getOperand(scalar)));
  types.append(2 * contract.inside.size(), builder.getIndexType());

  auto kernel = func::FuncOp::create(builder, loc, name,
                                     builder.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(kKernelAttrName, builder.getUnitAttr());
  if (!contract.inside.empty()) {
    SmallVector<Attribute> entries;
    for (auto [input, dim] : contract.inside)
      entries.push_back(builder.getI64ArrayAttr({input, dim}));
    kernel->setAttr(kInsideAttrName, builder.getArrayAttr(entries));
  }
  if (contract.initial)
    kernel.setArgAttr(inputs, kInitialAttrName,
                      attributeOf(*contract.initial, body.accumulator));
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = kernel.addEntryBlock();
  builder.setInsertionPointToStart(entry);

  SmallVector<Value> ins(entry->getArguments().take_front(inputs));
  SmallVector<AffineMap> maps;
  for (unsigned i = 0; i < inputs; ++i)
    maps.push_back(toAffineMap(problem.maps[i], loops, context));
  std::vector<unsigned> window = problem.loopsWithoutExtent();
  if (!window.empty()) {
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : window) {
      shape.push_back(problem.extents[loop]);
      exprs.push_back(getAffineDimExpr(loop, context));
    }
    ins.push_back(ub::PoisonOp::create(
        builder, loc, MemRefType::get(shape, builder.getF32Type())));
    maps.push_back(AffineMap::get(loops, 0, exprs, context));
  }
  unsigned firstScalar = ins.size();
  for (BlockArgument scalar : entry->getArguments().slice(
           inputs + 1, recognized.scalars.size())) {
    ins.push_back(scalar);
    maps.push_back(AffineMap::get(loops, 0, context));
  }
  maps.push_back(toAffineMap(problem.maps[inputs], loops, context));

  linalg::GenericOp::create(
      builder, loc, TypeRange(), ins, ValueRange{entry->getArgument(inputs)},
      maps, recognized.op.getIteratorTypesArray(),
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        BodyBuilder build(nested, loc, body);
        auto scalarOf = [&](std::optional<unsigned> operand) -> Value {
          if (!operand)
            return {};
          auto found = llvm::find(recognized.scalars, *operand);
          return args[firstScalar + (found - recognized.scalars.begin())];
        };
        Value product;
        for (unsigned i = 0; i < inputs; ++i) {
          const Factor &factor = factorOf(recognized, i);
          Value value =
              build.factor(factor, args[i], scalarOf(factor.zeroPoint));
          product = product ? build.product(product, value) : value;
        }
        linalg::YieldOp::create(nested, loc,
                                build.combine(args.back(), product));
      });
  func::ReturnOp::create(builder, loc);
  return kernel;
}

/// What else the code of a kernel depends on: the body and the types.
static void appendBody(RecognizedConvolution &recognized,
                       std::vector<int64_t> &key) {
  auto append = [&](auto number) {
    key.push_back(static_cast<int64_t>(number));
  };
  auto appendType = [&](Type type) {
    append(reinterpret_cast<intptr_t>(type.getAsOpaquePointer()));
  };
  const Body &body = recognized.body;
  append(body.combiner);
  append(body.ignoresNaN);
  appendType(body.accumulator);
  for (utils::IteratorType type : recognized.op.getIteratorTypesArray())
    append(type);
  for (unsigned i = 0; i < body.factors.size(); ++i) {
    const Factor &factor = factorOf(recognized, i);
    append(factor.cast);
    append(factor.zeroPointCast);
    append(factor.zeroPoint ? llvm::find(recognized.scalars,
                                         *factor.zeroPoint) -
                                  recognized.scalars.begin()
                            : -1);
    appendType(
        getElementTypeOrSelf(recognized.op->getOperand(factor.operand)));
  }
  for (unsigned scalar : recognized.scalars)
    appendType(getElementTypeOrSelf(recognized.op->getOperand(scalar)));
}

std::string KernelOutliner::kernelFor(SubKernelOp op,
                                   RecognizedConvolution &recognized,
                                   const Convolution &geometry,
                                   const Box &iterations,
                                   const std::vector<Box> &windows,
                                   const Box &output,
                                   const KernelContract &contract) {
  LocalProblem problem;
  problem.extents = iterations.sizes();
  for (auto [i, input] : llvm::enumerate(geometry.inputs)) {
    problem.maps.push_back(
        localMap(input.unpaddedMap(), iterations, windows[i]));
    problem.shapes.push_back(windows[i].sizes());
  }
  problem.maps.push_back(
      localMap(geometry.output.map, iterations, output));
  problem.shapes.push_back(output.sizes());

  std::vector<int64_t> key = problem.key();
  appendBody(recognized, key);
  for (auto [input, dim] : contract.inside)
    key.insert(key.end(), {input, dim});
  key.insert(key.end(), {int64_t(contract.inside.size()),
                         contract.initial.has_value(),
                         int64_t(contract.initial.value_or(0))});
  std::string &name = known[std::move(key)];
  if (name.empty()) {
    OpBuilder builder(before);
    func::FuncOp kernel = buildKernel(
        builder, op.getLoc(),
        prefix + "_kernel" + std::to_string(namesInProgram++), problem,
        recognized, contract);
    symbols.insert(kernel);
    name = kernel.getSymName().str();
  }
  return name;
}
