//===- Interpreter.h - what a program at level 0, 1 or 2 means --*- C++ -*-===//
//
// The oracle of level 2: runs a program as the descriptions of its ops say, and
// looks at nothing that the passes or Geometry have computed but what is in the
// types. Plans (level 1) have no meaning for it.
//
// A sharded value is, per shard, a dense box of what the shard holds; a read
// outside of it is an error that names op, shard and position.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_INTERPRETER_H
#define DCONV_TEST_UNIT_INTERPRETER_INTERPRETER_H

#include "LinalgOps.h"
#include "Moves.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <variant>

namespace dconv::test {

class Interpreter {
public:
  /// `module` need not verify: what is wrong with it shows when it runs.
  explicit Interpreter(mlir::ModuleOp module) : module(module) {}

  /// Runs a function on scalars and whole tensors.
  Result<std::vector<Tensor>> run(llvm::StringRef function,
                                  llvm::ArrayRef<Tensor> arguments);

  /// What all runs have moved, op by op.
  const std::vector<Movement> &movements() const { return moved; }

private:
  using Value = std::variant<Tensor, ShardedTensor>;
  using Frame = llvm::DenseMap<mlir::Value, Value>; ///< of one call

  std::optional<Error> runOp(mlir::Operation *op, Frame &frame);
  std::optional<Error> runCall(mlir::func::CallOp op, Frame &frame);
  Result<ShardedTensor> runSubKernel(SubKernelOp op, Frame &frame);
  /// The share of `shard`: combines into `output`.
  std::optional<Error> runShare(SubKernelOp op, int64_t shard, Tensor &output,
                                const Frame &frame);
  Result<Value> runMove(mlir::Operation *op, const Frame &frame);
  Result<Tensor> runHost(mlir::Operation *op, const Frame &frame);

  mlir::ModuleOp module;
  std::vector<Movement> moved;
};

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_INTERPRETER_H
