//===- KernelFacts.cpp - what became of the kernels of a module -----------===//

#include "KernelFacts.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dconv;
namespace json = llvm::json;

KernelFacts dconv::factsOf(ModuleOp module) {
  KernelFacts facts;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto path = function->getAttrOfType<StringAttr>("dconv.path");
    if (!path)
      continue;
    auto reason = function->getAttrOfType<StringAttr>("dconv.reason");
    facts[function.getName()] = {path.str(), reason ? reason.str() : ""};
  }
  return facts;
}

std::string dconv::toText(const KernelFacts &facts) {
  json::Object all;
  for (const auto &entry : facts)
    all[entry.getKey()] = json::Object{{"path", entry.getValue().path},
                                       {"reason", entry.getValue().reason}};
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(all));
  return text;
}

std::optional<KernelFacts> dconv::parseFacts(StringRef text) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  const json::Object *all = value->getAsObject();
  if (!all)
    return std::nullopt;
  KernelFacts facts;
  for (const auto &[name, fact] : *all) {
    const json::Object *fields = fact.getAsObject();
    auto path = fields ? fields->getString("path") : std::nullopt;
    auto reason = fields ? fields->getString("reason") : std::nullopt;
    if (!path || !reason)
      return std::nullopt;
    facts[name] = {path->str(), reason->str()};
  }
  return facts;
}
