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

LogicalResult
ShardedType::verify(function_ref<InFlightDiagnostic()> emitError,
                    RankedTensorType tensor, ShardingAttr sharding) {
  if (!tensor.hasStaticShape())
    return emitError() << "needs a static shape but has " << tensor;
  for (DimShardingAttr dim : sharding.getDims()) {
    if (dim.getDim() >= tensor.getRank())
      return emitError() << "cuts dim " << dim.getDim() << " of " << tensor
                         << ", which has " << tensor.getRank() << " dims";
    int64_t extent = tensor.getDimSize(dim.getDim());
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
    if (!owned.empty() && next != extent)
      return emitError() << "stripes of dim " << dim.getDim() << " end at "
                         << next << " but its extent is " << extent;
    for (size_t i = 0; i + 1 < dim.getHeld().size(); i += 2) {
      Interval held{dim.getHeld()[i], dim.getHeld()[i + 1]};
      if (!Interval{0, extent}.contains(held))
        return emitError() << "held " << toString(held) << " of dim "
                           << dim.getDim() << " reaches outside [0, "
                           << extent << ")";
    }
  }
  return success();
}
