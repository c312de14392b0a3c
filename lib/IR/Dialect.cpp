//===- Dialect.cpp - registration of the dconv dialect --------------------===//

#include "dconv/IR/Dconv.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dconv;

#include "dconv/IR/DconvDialect.cpp.inc"
#include "dconv/IR/DconvEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dconv/IR/DconvTypes.cpp.inc"

namespace {
/// Long attributes become aliases, named after what they are.
struct AsmAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    return TypeSwitch<Attribute, AliasResult>(attr)
        .Case([&](GridAttr) {
          os << "grid";
          return AliasResult::OverridableAlias;
        })
        .Case([&](LayoutAttr) {
          os << "layout";
          return AliasResult::OverridableAlias;
        })
        .Case([&](ShardingAttr) {
          os << "sharding";
          return AliasResult::OverridableAlias;
        })
        .Default(AliasResult::NoAlias);
  }
};
} // namespace

void DconvDialect::initialize() {
  registerAttributes();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dconv/IR/DconvTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dconv/IR/DconvOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dconv/IR/DconvProgramOps.cpp.inc"
      >();
  addInterfaces<AsmAliases>();
}

LogicalResult DconvDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attr) {
  if (attr.getName() == PlanAttr::name && !isa<PlanAttr>(attr.getValue()))
    return op->emitOpError("attribute '")
           << PlanAttr::name << "' needs #dconv.plan<...> but has "
           << attr.getValue();
  return success();
}

Type ShardedType::storageType() const {
  if (isPartial() && getSharding().getAccumulator())
    return getSharding().getAccumulator();
  return getTensor().getElementType();
}

/// That partial sums of `element` can be kept and combined as `sharding` says.
static LogicalResult
verifyPartial(function_ref<InFlightDiagnostic()> emitError, Type element,
              ShardingAttr sharding) {
  Combiner combiner = sharding.getCombiner();
  if ((combiner == Combiner::MaxUnsigned ||
       combiner == Combiner::MinUnsigned) &&
      !isa<IntegerType>(element))
    return emitError() << "cannot combine " << element << " by "
                       << stringifyCombiner(combiner);
  if (Type accumulator = sharding.getAccumulator()) {
    auto narrow = dyn_cast<FloatType>(element);
    auto wide = dyn_cast<FloatType>(accumulator);
    if (!narrow || !wide || wide.getWidth() < narrow.getWidth())
      return emitError() << "cannot keep partial sums of " << element << " in "
                         << accumulator;
  }
  return success();
}

LogicalResult
ShardedType::verify(function_ref<InFlightDiagnostic()> emitError,
                    RankedTensorType tensor, ShardingAttr sharding) {
  if (!tensor.hasStaticShape())
    return emitError() << "needs a static shape but has " << tensor;
  // With the widest element that dconv moves.
  std::vector<int64_t> bytes = tensor.getShape().vec();
  bytes.push_back(sizeof(int64_t));
  if (Result<int64_t> volume = checkedVolume(bytes); !volume)
    return emitError() << "has more bytes than 64 bits can count: " << tensor;
  for (DimShardingAttr dim : sharding.getDims()) {
    if (dim.getDim() >= tensor.getRank())
      return emitError() << "cuts dim " << dim.getDim() << " of " << tensor
                         << ", which has " << tensor.getRank() << " dims";
    int64_t extent = tensor.getDimSize(dim.getDim());
    for (ArrayRef<int64_t> bounds : {dim.getOwned(), dim.getHeld()})
      for (size_t i = 0; i + 1 < bounds.size(); i += 2)
        if (bounds[i] < 0 || bounds[i] > bounds[i + 1] ||
            bounds[i + 1] > extent)
          return emitError() << "[" << bounds[i] << " to " << bounds[i + 1]
                             << "] of dim " << dim.getDim()
                             << " is no part of [0 to " << extent << "]";
    // What is owned covers the dim without overlap.
    Stripes owned;
    for (size_t i = 0; i + 1 < dim.getOwned().size(); i += 2)
      owned.push_back({dim.getOwned()[i], dim.getOwned()[i + 1]});
    llvm::erase_if(owned, [](Interval i) { return i.empty(); });
    llvm::sort(owned, [](Interval a, Interval b) { return a.begin < b.begin; });
    int64_t next = 0;
    for (Interval stripe : owned) {
      if (stripe.begin != next)
        return emitError() << "stripe " << toString(stripe) << " of dim "
                           << dim.getDim() << " must begin at " << next;
      next = stripe.end;
    }
    if (!dim.getOwned().empty() && next != extent)
      return emitError() << "stripes of dim " << dim.getDim() << " end at "
                         << next << " but its extent is " << extent;
  }
  return verifyPartial(emitError, tensor.getElementType(), sharding);
}
