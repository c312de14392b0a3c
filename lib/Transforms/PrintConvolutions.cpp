//===- PrintConvolutions.cpp - lists the convolutions of a module ---------===//

#include "dconv/IR/Recognize.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace dconv {
#define GEN_PASS_DEF_PRINTCONVOLUTIONS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace dconv;
using namespace mlir;

/// "1x8x8x4", and its local padding where it has any.
static void printOperand(const Operand &operand) {
  llvm::raw_ostream &out = llvm::outs();
  llvm::interleave(operand.shape, out, "x");
  auto isPadded = [](int64_t width) { return width != 0; };
  if (llvm::none_of(operand.padLow, isPadded) &&
      llvm::none_of(operand.padHigh, isPadded))
    return;
  out << " padded low [";
  llvm::interleaveComma(operand.padLow, out);
  out << "] high [";
  llvm::interleaveComma(operand.padHigh, out);
  out << "]";
}

/// main#0: linalg.conv_1d, dims o0=6, k0=3, input 8, filter 3, output 6
static void printConvolution(const std::string &name,
                             RecognizedConvolution &convolution) {
  llvm::raw_ostream &out = llvm::outs();
  Convolution geometry = geometryWithPadding(convolution);
  out << name << ": " << convolution.op->getName() << ", dims ";
  std::vector<std::string> names = geometry.loopNames();
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    out << names[loop] << "=" << geometry.extents[loop] << ", ";
  for (unsigned i = 0; i < geometry.inputs.size(); ++i) {
    out << (i == convolution.input ? "input " : "filter ");
    printOperand(geometry.inputs[i]);
    out << ", ";
  }
  out << "output ";
  printOperand(geometry.output);
  out << "\n";
}

/// main: linalg.conv_1d is not taken: dim 0 of operand #0 is dynamic; needs ...
static void printRefusal(linalg::LinalgOp op, llvm::StringRef reason) {
  llvm::raw_ostream &out = llvm::outs();
  if (auto function = op->getParentOfType<FunctionOpInterface>())
    out << function.getName() << ": ";
  out << op->getName() << " is not taken: " << reason << "\n";
}

namespace {
struct PrintConvolutions
    : dconv::impl::PrintConvolutionsBase<PrintConvolutions> {
  void runOnOperation() override {
    auto convolutions = convolutionsOf(getOperation());
    auto next = convolutions.begin();
    getOperation().walk<WalkOrder::PreOrder>([&](linalg::LinalgOp op) {
      if (next != convolutions.end() && next->second.op == op) {
        printConvolution(next->first, next->second);
        ++next;
        return;
      }
      NotRecognized why;
      if (!recognizeConvolution(op, &why) && why.isCandidate)
        printRefusal(op, why.reason);
    });
    markAllAnalysesPreserved();
  }
};
} // namespace
