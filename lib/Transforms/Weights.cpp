//===- Weights.cpp - weights whose values are known -----------------------===//

#include "dconv/Transforms/Weights.h"

#include "dconv/Runtime/Npy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace dconv;
using namespace mlir;

static std::optional<runtime::ElementType> elementTypeOf(Type type) {
  using runtime::ElementType;
  return llvm::TypeSwitch<Type, std::optional<ElementType>>(type)
      .Case([](Float16Type) { return ElementType::F16; })
      .Case([](BFloat16Type) { return ElementType::BF16; })
      .Case([](Float32Type) { return ElementType::F32; })
      .Case([](Float64Type) { return ElementType::F64; })
      .Case([](IntegerType integer) -> std::optional<ElementType> {
        if (integer.isSignless() && integer.getWidth() == 8)
          return ElementType::I8;
        if (integer.isSignless() && integer.getWidth() == 16)
          return ElementType::I16;
        if (integer.isSignless() && integer.getWidth() == 32)
          return ElementType::I32;
        if (integer.isSignless() && integer.getWidth() == 64)
          return ElementType::I64;
        return std::nullopt;
      })
      .Default([](Type) { return std::nullopt; });
}

/// The low `width` bits of `value`, as a signed integer.
static int64_t wrapped(int64_t value, unsigned width) {
  return llvm::SignExtend64(static_cast<uint64_t>(value), width);
}

template <typename T> static T load(const char *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

/// One element of the type as it lies in memory.
static double loadFloat(FloatType type, const char *data) {
  llvm::APInt bits(type.getWidth(), 0);
  llvm::LoadIntFromMemory(bits, reinterpret_cast<const uint8_t *>(data),
                          type.getWidth() / 8);
  llvm::APFloat value(type.getFloatSemantics(), bits);
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

static int64_t loadInteger(unsigned width, const char *data) {
  switch (width) {
  case 8:
    return load<int8_t>(data);
  case 16:
    return load<int16_t>(data);
  case 32:
    return load<int32_t>(data);
  default:
    return load<int64_t>(data);
  }
}

/// A tensor whose elements lie dense in `data`; one element is for all.
static FilterValues decode(RankedTensorType type, ArrayRef<char> data) {
  Type element = type.getElementType();
  FilterValues values;
  values.shape = type.getShape().vec();
  auto floating = dyn_cast<FloatType>(element);
  values.isFloat = bool(floating);
  const unsigned width = element.getIntOrFloatBitWidth();
  const int64_t count = type.getNumElements();
  const int64_t bytes = width / 8;
  const bool isSplat = static_cast<int64_t>(data.size()) == bytes;
  (floating ? (void)values.floats.reserve(count)
            : (void)values.integers.reserve(count));
  for (int64_t i = 0; i < count; ++i) {
    const char *at = data.data() + (isSplat ? 0 : i * bytes);
    if (floating)
      values.floats.push_back(loadFloat(floating, at));
    else
      values.integers.push_back(loadInteger(width, at));
  }
  return values;
}

FailureOr<GivenWeights> GivenWeights::read(ModuleOp module, StringRef text,
                                           StringRef entry) {
  GivenWeights given;
  if (text.empty())
    return given;
  auto function = module.lookupSymbol<FunctionOpInterface>(entry);
  if (!function || function.isExternal())
    return module.emitError("has no function '")
           << entry << "' whose arguments weights could be for";
  SmallVector<StringRef> entries;
  text.split(entries, ',');
  for (StringRef one : entries) {
    auto [number, file] = one.split(':');
    unsigned argument;
    if (number.getAsInteger(10, argument) || file.empty())
      return module.emitError("weights need 'argument:FILE.npy,...' but have '")
             << one << "'";
    if (argument >= function.getNumArguments())
      return function.emitError("weights are for argument ")
             << argument << " of '" << entry << "', which has "
             << function.getNumArguments();
    Value value = function.getArgument(argument);
    auto type = dyn_cast<RankedTensorType>(value.getType());
    std::optional<runtime::ElementType> element;
    if (type && type.hasStaticShape())
      element = elementTypeOf(type.getElementType());
    if (!element)
      return function.emitError("weights are for argument ")
             << argument << " of type " << value.getType()
             << " but must be for a tensor of static shape of f16, bf16, f32, "
                "f64, i8, i16, i32 or i64";
    auto bytes = runtime::readNpy(file.str(), *element, type.getShape().vec());
    if (!bytes)
      return function.emitError("weights for argument ")
             << argument << ": " << bytes.error();
    ArrayRef<char> data(reinterpret_cast<const char *>(bytes->data()),
                        bytes->size());
    if (!given.values.try_emplace(value, decode(type, data)).second)
      return function.emitError("weights for argument ")
             << argument << " are given twice";
  }
  return given;
}

const FilterValues *GivenWeights::find(Value value) const {
  auto found = values.find(value);
  return found == values.end() ? nullptr : &found->second;
}

namespace {
/// Values of which some may be unknown: those of a tensor.empty.
struct Partial {
  FilterValues values;
  std::vector<bool> known;

  explicit Partial(FilterValues all)
      : values(std::move(all)), known(values.size(), true) {}
  Partial(RankedTensorType type, bool isKnown) {
    values.shape = type.getShape().vec();
    values.isFloat = isa<FloatType>(type.getElementType());
    known.assign(type.getNumElements(), isKnown);
    if (values.isFloat)
      values.floats.resize(known.size());
    else
      values.integers.resize(known.size());
  }

  void set(int64_t i, const Partial &from, int64_t j) {
    if (values.isFloat)
      values.floats[i] = from.values.floats[j];
    else
      values.integers[i] = from.values.integers[j];
    known[i] = from.known[j];
  }
};

/// Evaluates ops on whole tensors.
class Evaluator {
public:
  explicit Evaluator(const GivenWeights &given) : given(given) {}

  Result<Partial> evaluate(Value value);

private:
  Result<Partial> evaluateConstant(RankedTensorType type, Attribute constant);
  Result<Partial> evaluateOp(Operation *op, RankedTensorType type);
  Result<Partial> convert(Operation *op, Type from, Type to);
  template <typename SliceOp>
  Result<std::vector<int64_t>> positionsOf(SliceOp slice,
                                           ArrayRef<int64_t> shape);

  const GivenWeights &given;
};
} // namespace

/// Where the elements at `first` + i * `step` of a tensor of `shape` lie, for
/// all i in `sizes`, row-major.
static std::vector<int64_t> positions(ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> first,
                                      ArrayRef<int64_t> sizes,
                                      ArrayRef<int64_t> step) {
  std::vector<int64_t> all{0};
  for (size_t d = 0; d < shape.size(); ++d) {
    std::vector<int64_t> next;
    next.reserve(all.size() * sizes[d]);
    for (int64_t at : all)
      for (int64_t i = 0; i < sizes[d]; ++i)
        next.push_back(at * shape[d] + first[d] + i * step[d]);
    all = std::move(next);
  }
  return all;
}

template <typename SliceOp>
Result<std::vector<int64_t>> Evaluator::positionsOf(SliceOp slice,
                                                    ArrayRef<int64_t> shape) {
  auto isDynamic = [](ArrayRef<int64_t> list) {
    return llvm::any_of(list, ShapedType::isDynamic);
  };
  if (isDynamic(slice.getStaticOffsets()) ||
      isDynamic(slice.getStaticSizes()) || isDynamic(slice.getStaticStrides()))
    return Error{"a slice with dynamic bounds"};
  return positions(shape, slice.getStaticOffsets(), slice.getStaticSizes(),
                   slice.getStaticStrides());
}

Result<Partial> Evaluator::evaluate(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || !elementTypeOf(type.getElementType()))
    return Error{"not a static tensor of a supported type"};
  if (const FilterValues *values = given.find(value))
    return Partial(*values);
  Operation *op = value.getDefiningOp();
  if (!op)
    return Error{"an argument without given weights"};
  Attribute constant;
  if (matchPattern(op, m_Constant(&constant)))
    return evaluateConstant(type, constant);
  if (TypedAttr fill = constantFill(value))
    return evaluateConstant(type, DenseElementsAttr::get(type, fill));
  return evaluateOp(op, type);
}

Result<Partial> Evaluator::evaluateConstant(RankedTensorType type,
                                            Attribute constant) {
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    return Partial(decode(type, dense.getRawData()));
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    if (blob && static_cast<int64_t>(blob->getData().size()) == bytes)
      return Partial(decode(type, blob->getData()));
  }
  return Error{"a constant without its elements"};
}

Result<Partial> Evaluator::evaluateOp(Operation *op, RankedTensorType type) {
  if (isa<tensor::EmptyOp>(op))
    return Partial(type, false);
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::ExtUIOp,
          arith::TruncIOp, arith::SIToFPOp, arith::UIToFPOp>(op))
    return convert(op, getElementTypeOrSelf(op->getOperand(0)),
                   type.getElementType());
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    Result<Partial> source = evaluate(op->getOperand(0));
    if (source)
      source->values.shape = type.getShape().vec();
    return source;
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    Result<Partial> source = evaluate(transpose.getInput());
    if (!source)
      return source;
    Partial result(type, false);
    // Walks the source; each of its dims moves in the result.
    SmallVector<int64_t> strides(type.getRank(), 1);
    for (int64_t d = type.getRank() - 1; d-- > 0;)
      strides[d] = strides[d + 1] * type.getDimSize(d + 1);
    std::vector<int64_t> to{0};
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t target = llvm::find(transpose.getPermutation(), d) -
                       transpose.getPermutation().begin();
      std::vector<int64_t> next;
      for (int64_t at : to)
        for (int64_t i = 0; i < type.getDimSize(target); ++i)
          next.push_back(at + i * strides[target]);
      to = std::move(next);
    }
    for (size_t i = 0; i < to.size(); ++i)
      result.set(to[i], *source, i);
    return result;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Result<Partial> source = evaluate(slice.getSource());
    if (!source)
      return source;
    auto from = positionsOf(slice, slice.getSourceType().getShape());
    if (!from)
      return Error{from.error()};
    Partial result(type, false);
    for (size_t i = 0; i < from->size(); ++i)
      result.set(i, *source, (*from)[i]);
    return result;
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    Result<Partial> result = evaluate(insert.getDest());
    if (!result)
      return result;
    Result<Partial> source = evaluate(insert.getSource());
    if (!source)
      return source;
    auto to = positionsOf(insert, type.getShape());
    if (!to)
      return Error{to.error()};
    for (size_t i = 0; i < to->size(); ++i)
      result->set((*to)[i], *source, i);
    return result;
  }
  return Error{"the result of '" + op->getName().getStringRef().str() + "'"};
}

Result<Partial> Evaluator::convert(Operation *op, Type from, Type to) {
  Result<Partial> source = evaluate(op->getOperand(0));
  if (!source)
    return source;
  FilterValues &values = source->values;
  const unsigned width = from.getIntOrFloatBitWidth();
  if (isa<arith::ExtUIOp, arith::UIToFPOp>(op) && width < 64)
    for (int64_t &value : values.integers)
      value &= (int64_t(1) << width) - 1;
  if (isa<arith::TruncIOp>(op))
    for (int64_t &value : values.integers)
      value = wrapped(value, to.getIntOrFloatBitWidth());
  auto toFloat = dyn_cast<FloatType>(to);
  if (!toFloat)
    return source;
  auto round = [&](llvm::APFloat value) {
    bool losesInfo;
    value.convert(toFloat.getFloatSemantics(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    value.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return value.convertToDouble();
  };
  if (values.isFloat) {
    for (double &value : values.floats)
      value = round(llvm::APFloat(value));
    return source;
  }
  for (int64_t integer : values.integers) {
    llvm::APFloat value(toFloat.getFloatSemantics());
    value.convertFromAPInt(llvm::APInt(64, integer, /*isSigned=*/true),
                           /*isSigned=*/!isa<arith::UIToFPOp>(op),
                           llvm::APFloat::rmNearestTiesToEven);
    values.floats.push_back(round(value));
  }
  values.isFloat = true;
  values.integers.clear();
  return source;
}

Result<FilterValues> dconv::valuesOf(Value value, const GivenWeights &given) {
  Result<Partial> partial = Evaluator(given).evaluate(value);
  if (!partial)
    return Error{partial.error()};
  if (!llvm::all_of(partial->known, [](bool known) { return known; }))
    return Error{"a tensor that is not written everywhere"};
  return std::move(partial->values);
}

std::optional<int64_t> dconv::zeroPointOf(RecognizedConvolution &convolution,
                                          const Factor &factor) {
  if (!factor.zeroPoint)
    return 0;
  Attribute constant;
  if (!matchPattern(convolution.op->getOperand(*factor.zeroPoint),
                    m_Constant(&constant)))
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    constant = *dense.getValues<Attribute>().begin();
  auto integer = dyn_cast<IntegerAttr>(constant);
  if (!integer)
    return std::nullopt;
  return integer.getValue().getSExtValue();
}

/// `value` of `from` as the body widens it.
static int64_t widened(int64_t value, CastKind cast, Type from) {
  unsigned width = from.getIntOrFloatBitWidth();
  if (cast == CastKind::ExtUI && width < 64)
    value &= (int64_t(1) << width) - 1;
  return value;
}

Result<FilterValues> dconv::filterOf(RecognizedConvolution &convolution,
                                     const GivenWeights &given) {
  if (convolution.body.factors.size() != 2)
    return Error{"a pooling has no weights"};
  const unsigned number = 1 - convolution.input;
  const Factor &factor = convolution.body.factors[number];
  Result<FilterValues> values = valuesOf(convolution.inputValue(number), given);
  if (!values || values->isFloat)
    return values;
  std::optional<int64_t> zeroPoint = zeroPointOf(convolution, factor);
  if (!zeroPoint)
    return Error{"the zero point of the weights is not a constant"};
  if (factor.zeroPoint)
    *zeroPoint = widened(
        *zeroPoint, factor.zeroPointCast,
        getElementTypeOrSelf(convolution.op->getOperand(*factor.zeroPoint)));
  Type from = getElementTypeOrSelf(convolution.inputValue(number));
  Type to = getElementTypeOrSelf(convolution.initValue());
  for (int64_t &value : values->integers)
    // Unsigned, so that it wraps.
    value = wrapped(static_cast<uint64_t>(widened(value, factor.cast, from)) -
                        static_cast<uint64_t>(*zeroPoint),
                    to.getIntOrFloatBitWidth());
  return values;
}
