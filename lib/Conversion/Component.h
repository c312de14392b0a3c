//===- Component.h - level 2 as the integers of a schedule ------*- C++ -*-===//

#ifndef DCONV_LIB_CONVERSION_COMPONENT_H
#define DCONV_LIB_CONVERSION_COMPONENT_H

#include "dconv/IR/Dconv.h"
#include "dconv/Schedule/Schedule.h"

namespace dconv {

class KernelOutliner;

/// The ops of one block that are connected by sharded values, in order: what
/// one program computes.
struct Component {
  llvm::SmallVector<mlir::Operation *> ops;
};

/// The components of all blocks below `root`, in text order. Expects what
/// `verifyShardedValues` guarantees.
llvm::SmallVector<Component> componentsOf(mlir::Operation *root);

/// A component as input of `schedule`, with the host values that become the
/// arguments of its program.
struct ComponentSchedule {
  ScheduleInput input;
  llvm::SmallVector<mlir::Value> arguments;
  /// What each `dconv.unshard` returns, or the transpose that alone reads that.
  llvm::SmallVector<mlir::Value> results;
  /// Numbers in input.kernels of each sub-kernel, in order.
  llvm::SmallVector<llvm::SmallVector<unsigned>> kernelsOfSubKernel;
};

/// Reads `component` step by step and outlines its kernels. Fails, with a
/// diagnostic, where it uses a type that dconv does not move or a sharded value
/// of another block.
mlir::FailureOr<ComponentSchedule>
readComponent(const Component &component, KernelOutliner &outliner);

} // namespace dconv

#endif // DCONV_LIB_CONVERSION_COMPONENT_H
