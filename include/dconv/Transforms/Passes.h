//===- Passes.h - the passes of dconv ---------------------------*- C++ -*-===//

#ifndef DCONV_TRANSFORMS_PASSES_H
#define DCONV_TRANSFORMS_PASSES_H

#include "dconv/Planner/PlanSearch.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dconv {

#define GEN_PASS_DECL
#include "dconv/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dconv/Transforms/Passes.h.inc"

} // namespace dconv

#endif // DCONV_TRANSFORMS_PASSES_H
