//===- Recognize.cpp - which linalg ops are convolutions ------------------===//

#include "dconv/IR/Recognize.h"

#include "LoopRoles.h"
#include "RecognizeBody.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/raw_ostream.h"

using namespace dconv;
using namespace mlir;

template <typename T> static std::string printed(const T &value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// Adds scale * `expr` to the coefficients and the constant. False where `expr`
/// is not linear or a coefficient does not fit 64 bits.
static bool addLinear(AffineExpr expr, int64_t scale,
                      SmallVectorImpl<int64_t> &coefficients,
                      int64_t &constant) {
  switch (expr.getKind()) {
  case AffineExprKind::Constant: {
    int64_t product;
    int64_t value = cast<AffineConstantExpr>(expr).getValue();
    return !llvm::MulOverflow(scale, value, product) &&
           !llvm::AddOverflow(constant, product, constant);
  }
  case AffineExprKind::DimId: {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    int64_t &coefficient = coefficients[loop];
    return !llvm::AddOverflow(coefficient, scale, coefficient);
  }
  case AffineExprKind::Add: {
    auto sum = cast<AffineBinaryOpExpr>(expr);
    return addLinear(sum.getLHS(), scale, coefficients, constant) &&
           addLinear(sum.getRHS(), scale, coefficients, constant);
  }
  case AffineExprKind::Mul: {
    // Affine expressions keep a constant factor on the right.
    auto product = cast<AffineBinaryOpExpr>(expr);
    auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
    return factor && !llvm::MulOverflow(scale, factor.getValue(), scale) &&
           addLinear(product.getLHS(), scale, coefficients, constant);
  }
  default:
    return false;
  }
}

/// The map of `operand`, or an error where a dim is not linear.
static Result<AccessMap> readMap(linalg::LinalgOp op, OpOperand &operand) {
  AccessMap result;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (auto [dim, affine] : llvm::enumerate(map.getResults())) {
    LinearExpr expr;
    SmallVector<int64_t> coefficients(map.getNumDims(), 0);
    if (!addLinear(affine, 1, coefficients, expr.constant))
      return Error{"dim " + std::to_string(dim) + " of operand #" +
                   std::to_string(operand.getOperandNumber()) + " is " +
                   printed(affine) + "; needs a sum of loops times constants"};
    for (auto [loop, coefficient] : llvm::enumerate(coefficients))
      if (coefficient != 0)
        expr.terms.push_back({static_cast<unsigned>(loop), coefficient});
    result.push_back(std::move(expr));
  }
  return result;
}

static bool isSupportedElement(Type type) {
  if (type.isF16() || type.isBF16() || type.isF32() || type.isF64())
    return true;
  return type.isSignlessInteger(8) || type.isSignlessInteger(16) ||
         type.isSignlessInteger(32) || type.isSignlessInteger(64);
}

/// That every operand is a scalar or a static tensor of a supported type.
static Result<int64_t> checkOperands(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics())
    return Error{"works on memrefs; needs tensors"};
  if (op.getNumDpsInits() != 1)
    return Error{"has " + std::to_string(op.getNumDpsInits()) +
                 " results; needs 1"};
  for (OpOperand &operand : op->getOpOperands()) {
    std::string name = "operand #" + std::to_string(operand.getOperandNumber());
    Type element = getElementTypeOrSelf(operand.get());
    if (!isSupportedElement(element))
      return Error{name + " has elements of type " + printed(element) +
                   "; needs f16, bf16, f32, f64, i8, i16, i32 or i64"};
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type)
      continue;
    if (type.getEncoding())
      return Error{name + " has an encoding, " + printed(type.getEncoding())};
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        return Error{"dim " + std::to_string(dim) + " of " + name +
                     " is dynamic; needs static shapes"};
  }
  return 0;
}

static Result<Operand> readOperand(linalg::LinalgOp op, OpOperand &operand) {
  Result<AccessMap> map = readMap(op, operand);
  if (!map)
    return Error{map.error()};
  auto type = cast<RankedTensorType>(operand.get().getType());
  Operand result;
  result.map = std::move(*map);
  result.shape = type.getShape().vec();
  result.padLow.assign(type.getRank(), 0);
  result.padHigh.assign(type.getRank(), 0);
  result.elementBytes = type.getElementTypeBitWidth() / 8;
  return result;
}

/// Fills `extents` and `roles` of `geometry`, whose operands are read. Returns
/// which of its inputs is the input.
static Result<unsigned> readLoops(linalg::LinalgOp op, Convolution &geometry) {
  std::vector<AccessMap> maps;
  for (const Operand &input : geometry.inputs)
    maps.push_back(input.map);
  Result<LoopRoles> loops =
      classifyLoops(maps, geometry.output.map, op.getNumLoops());
  if (!loops)
    return Error{loops.error()};
  geometry.roles = std::move(loops->roles);
  for (int64_t extent : op.getStaticLoopRanges())
    geometry.extents.push_back(extent);
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
    std::string name = "loop d" + std::to_string(loop);
    if (geometry.extents[loop] < 1)
      return Error{name + " has extent " +
                   std::to_string(geometry.extents[loop]) +
                   "; needs at least 1"};
    bool isReduction = iterators[loop] == utils::IteratorType::reduction;
    if (isReduction != geometry.isReduction(loop))
      return Error{name + (isReduction ? " is a reduction but in the result"
                                       : " is parallel but not in the result")};
  }
  return loops->input;
}

static Result<RecognizedConvolution> recognize(linalg::LinalgOp op) {
  if (Result<int64_t> checked = checkOperands(op); !checked)
    return Error{checked.error()};
  Result<Body> body = matchBody(op);
  if (!body)
    return Error{body.error()};

  RecognizedConvolution found;
  found.op = op;
  found.body = std::move(*body);
  for (const Factor &factor : found.body.factors) {
    Result<Operand> input = readOperand(op, op->getOpOperand(factor.operand));
    if (!input)
      return Error{input.error()};
    found.geometry.inputs.push_back(std::move(*input));
  }
  Result<Operand> output = readOperand(op, *op.getDpsInitOperand(0));
  if (!output)
    return Error{output.error()};
  if (output->shape.empty())
    return Error{"the result has no dims"};
  found.geometry.output = std::move(*output);
  found.geometry.accumulatorBytes =
      found.body.accumulator.getIntOrFloatBitWidth() / 8;

  Result<unsigned> input = readLoops(op, found.geometry);
  if (!input)
    return Error{input.error()};
  found.input = *input;
  if (Result<int64_t> sizes = checkSizes(found.geometry); !sizes)
    return Error{sizes.error()};

  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (op.getMatchingIndexingMap(operand).getNumResults() == 0)
      found.scalars.push_back(operand->getOperandNumber());
    else if (!op.payloadUsesValueFromOperand(operand))
      found.shapeOnly.push_back(operand->getOperandNumber());
  }
  return found;
}

/// Whether a user would call `op` a convolution or a pooling.
static bool isCandidate(linalg::LinalgOp op) {
  if (isa<linalg::ConvolutionOpInterface>(op.getOperation()))
    return true;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Result<AccessMap> map = readMap(op, *operand);
    if (map && hasWindow(*map))
      return true;
  }
  return false;
}

std::optional<RecognizedConvolution>
dconv::recognizeConvolution(Operation *op, NotRecognized *why) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp) {
    if (why)
      *why = {"is no structured linalg op", false};
    return std::nullopt;
  }
  // The one look at a name: nobody calls a matrix product a convolution, and a
  // SPEC for every convolution must not have to fit it.
  if (isa<linalg::ContractionOpInterface>(op)) {
    if (why)
      *why = {"is a matrix product", false};
    return std::nullopt;
  }
  Result<RecognizedConvolution> found = recognize(linalgOp);
  if (found)
    return std::move(*found);
  if (why)
    *why = {found.error(), isCandidate(linalgOp)};
  return std::nullopt;
}

LogicalResult dconv::refuseDynamicConvolutions(Operation *root) {
  WalkResult result = root->walk([&](linalg::LinalgOp op) {
    NotRecognized why;
    bool isDynamic = llvm::any_of(op->getOperandTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && !tensor.hasStaticShape();
    });
    if (!isDynamic || recognizeConvolution(op, &why) || !why.isCandidate)
      return WalkResult::advance();
    op.emitOpError() << why.reason;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

std::vector<std::pair<std::string, RecognizedConvolution>>
dconv::convolutionsOf(Operation *module) {
  std::vector<std::pair<std::string, RecognizedConvolution>> all;
  module->walk<WalkOrder::PreOrder>([&](FunctionOpInterface function) {
    unsigned index = 0;
    function->walk<WalkOrder::PreOrder>([&](linalg::LinalgOp op) {
      if (std::optional<RecognizedConvolution> found = recognizeConvolution(op))
        all.emplace_back(function.getName().str() + "#" +
                             std::to_string(index++),
                         std::move(*found));
    });
  });
  return all;
}
