//===- KernelArguments.cpp - what a kernel says of its arguments ----------===//

#include "KernelArguments.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Kernels/Emitter.h"
#include "mlir/Dialect/UB/IR/UBOps.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

FailureOr<linalg::GenericOp> dconv::kernels::findKernelOp(func::FuncOp kernel) {
  if (!llvm::hasSingleElement(kernel.getBody()))
    return kernel.emitError("expected a kernel of one block");
  linalg::GenericOp found;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<ub::PoisonOp>(op))
      continue;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return op.emitError("expected nothing but a linalg.generic in a kernel");
    if (found)
      return op.emitError("expected one linalg.generic in a kernel");
    found = generic;
  }
  if (!found)
    return kernel.emitError("expected a linalg.generic in a kernel");
  if (!found.hasPureBufferSemantics() || found.getNumDpsInits() != 1)
    return found.emitError("expected one output, a memref");
  for (Value operand : found->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      continue;
    if (!type.hasStaticShape() || !LayoutAttr::of(type))
      return found.emitError("expected memrefs of static shape, row-major or "
                             "with a #dconv.layout, got ")
             << type;
  }
  return found;
}

FailureOr<SmallVector<BoundedPosition>>
dconv::kernels::readInside(func::FuncOp kernel) {
  SmallVector<BoundedPosition> bounds;
  Attribute attr = kernel->getAttr(kInsideAttrName);
  if (!attr)
    return bounds;
  auto fail = [&]() {
    return kernel.emitError("expected ")
           << kInsideAttrName
           << " to be [[memref argument, dim], ...] with two more index "
              "arguments at the end for each entry, got "
           << attr << " for " << kernel.getFunctionType();
  };
  auto entries = dyn_cast<ArrayAttr>(attr);
  Block::BlockArgListType arguments = kernel.getArguments();
  if (!entries || 2 * entries.size() > arguments.size())
    return fail();
  size_t next = arguments.size() - 2 * entries.size();
  for (Attribute entry : entries) {
    auto pair = dyn_cast<ArrayAttr>(entry);
    if (!pair || pair.size() != 2)
      return fail();
    auto argument = dyn_cast<IntegerAttr>(pair[0]);
    auto dim = dyn_cast<IntegerAttr>(pair[1]);
    if (!argument || !dim || argument.getInt() < 0 || dim.getInt() < 0 ||
        argument.getInt() >= int64_t(arguments.size()))
      return fail();
    auto type = dyn_cast<MemRefType>(arguments[argument.getInt()].getType());
    if (!type || dim.getInt() >= type.getRank() ||
        !arguments[next].getType().isIndex() ||
        !arguments[next + 1].getType().isIndex())
      return fail();
    BoundedPosition &bound = bounds.emplace_back();
    bound.buffer = arguments[argument.getInt()];
    bound.dim = dim.getInt();
    bound.low = arguments[next++];
    bound.high = arguments[next++];
  }
  return bounds;
}

FailureOr<TypedAttr> dconv::kernels::readInitial(func::FuncOp kernel,
                                                 linalg::GenericOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getDpsInits()[0]);
  if (!argument)
    return TypedAttr();
  Attribute attr = kernel.getArgAttr(argument.getArgNumber(), kInitialAttrName);
  if (!attr)
    return TypedAttr();
  Type element = cast<MemRefType>(argument.getType()).getElementType();
  auto initial = dyn_cast<TypedAttr>(attr);
  if (!initial || initial.getType() != element)
    return kernel.emitError("expected ")
           << kInitialAttrName << " of the output to be a value of type "
           << element << ", got " << attr;
  return initial;
}
