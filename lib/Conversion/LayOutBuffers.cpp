//===- LayOutBuffers.cpp - buffers lie as their kernels like it -----------===//

#include "dconv/IR/Dconv.h"
#include "dconv/Kernels/Layouts.h"
#include "dconv/Kernels/Lowering.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dconv {
#define GEN_PASS_DEF_LAYOUTBUFFERSPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

/// True where `use` of a buffer is not bound to an order of elements: a kernel
/// reads it, what is written to it comes from elsewhere, box by box, or others
/// get a box of it, as a halo.
static bool takesAnyLayout(OpOperand &use) {
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case<FreeOp, ScatterOp, FillOp, ReceiveOp, SendOp, CopyOp>(
          [](auto) { return true; })
      .Case([&](ConvertOp convert) {
        return &use == &convert.getBufferMutable();
      })
      .Case([&](LaunchOp launch) { return &use != &launch.getOutputMutable(); })
      .Default(false);
}

namespace {
class LayOutBuffers : public dconv::impl::LayOutBuffersPassBase<LayOutBuffers> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel->hasAttr(kKernelAttrName) && !kernel.isExternal())
        readPreferences(kernel);
    getOperation().walk([&](LaunchOp launch) {
      auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
      connect(launch, preferences.contains(kernel) ? kernel : func::FuncOp());
    });
    getOperation().walk([&](AllocOp alloc) {
      if (!llvm::all_of(alloc.getBuffer().getUses(), takesAnyLayout))
        fixed.insert(alloc.getBuffer());
    });
    for (const auto *entry : alike)
      if (entry->isLeader())
        layOut(llvm::to_vector_of<Value>(alike.members(*entry)));
    for (auto &[kernel, layouts] : preferences)
      cast<func::FuncOp>(kernel).setFunctionType(FunctionType::get(
          &getContext(), cast<func::FuncOp>(kernel).front().getArgumentTypes(),
          {}));
  }

  void readPreferences(func::FuncOp kernel) {
    for (Type type : kernel.getArgumentTypes())
      if (auto memref = dyn_cast<MemRefType>(type))
        if (!memref.getLayout().isIdentity())
          return; // somebody has decided
    preferences[kernel] = preferredLayouts(kernel, KernelTarget::host());
  }

  /// What a launch passes lies as its kernel takes it; of a kernel that is not at
  /// hand, or has been decided on, as it is.
  void connect(LaunchOp launch, func::FuncOp kernel) {
    for (auto [i, input] : llvm::enumerate(launch.getInputs())) {
      if (kernel)
        alike.unionSets(input, kernel.getArgument(i));
      else
        fixed.insert(input);
    }
  }

  /// The layout that `value`, an argument of a kernel, should have.
  const BufferLayout &preferenceOf(BlockArgument argument) {
    return preferences[argument.getOwner()->getParentOp()]
                      [argument.getArgNumber()];
  }

  /// Gives all of `values`, which lie alike, the layout that every kernel among
  /// them prefers; none where they do not agree or a value is fixed.
  void layOut(ArrayRef<Value> values) {
    std::optional<BufferLayout> layout;
    for (Value value : values) {
      if (fixed.contains(value))
        return;
      auto argument = dyn_cast<BlockArgument>(value);
      if (!argument)
        continue;
      if (layout && *layout != preferenceOf(argument))
        return;
      layout = preferenceOf(argument);
    }
    if (!layout || layout->isRowMajor())
      return;
    for (Value value : values) {
      auto type = cast<MemRefType>(value.getType());
      value.setType(MemRefType::get(type.getShape(), type.getElementType(),
                                    LayoutAttr::get(&getContext(), *layout)));
      numBuffers += isa<OpResult>(value);
    }
  }

  llvm::MapVector<Operation *, SmallVector<BufferLayout>> preferences;
  llvm::EquivalenceClasses<Value> alike;
  llvm::DenseSet<Value> fixed;
};
} // namespace
