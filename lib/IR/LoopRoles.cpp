//===- LoopRoles.cpp - what each loop does, read from the maps ------------===//

#include "LoopRoles.h"

#include <algorithm>

using namespace dconv;

bool dconv::hasWindow(const AccessMap &map) {
  return std::any_of(map.begin(), map.end(), [](const LinearExpr &expr) {
    return expr.terms.size() > 1;
  });
}

/// How many dims `loop` moves along.
static unsigned countDims(const AccessMap &map, unsigned loop) {
  return std::count_if(map.begin(), map.end(),
                       [=](const LinearExpr &expr) { return expr.uses(loop); });
}

static std::string loopText(unsigned loop) {
  return "loop d" + std::to_string(loop);
}

/// That `map` permutes the loops it has.
static Result<int64_t> checkOutput(const AccessMap &map) {
  for (size_t d = 0; d < map.size(); ++d) {
    const LinearExpr &expr = map[d];
    if (expr.terms.size() != 1 || expr.terms[0].coefficient != 1 ||
        expr.constant != 0)
      return Error{"dim " + std::to_string(d) +
                   " of the result is not a single loop"};
    if (countDims(map, expr.terms[0].loop) > 1)
      return Error{loopText(expr.terms[0].loop) +
                   " is in two dims of the result"};
  }
  return 0;
}

/// For each loop, whether an expression of `inputs` has both this loop and one
/// that is parallel where this one is a reduction, or the reverse.
static std::vector<bool> findWindowLoops(const std::vector<AccessMap> &inputs,
                                         const std::vector<bool> &isParallel) {
  std::vector<bool> inWindow(isParallel.size(), false);
  for (const AccessMap &map : inputs)
    for (const LinearExpr &expr : map) {
      auto parallel = [&](const Term &term) { return isParallel[term.loop]; };
      if (std::all_of(expr.terms.begin(), expr.terms.end(), parallel) ||
          std::none_of(expr.terms.begin(), expr.terms.end(), parallel))
        continue;
      for (const Term &term : expr.terms)
        inWindow[term.loop] = true;
    }
  return inWindow;
}

Result<LoopRoles> dconv::classifyLoops(const std::vector<AccessMap> &inputs,
                                       const AccessMap &output,
                                       unsigned numLoops) {
  if (Result<int64_t> permutes = checkOutput(output); !permutes)
    return Error{permutes.error()};

  LoopRoles result;
  if (inputs.size() == 2 && !hasWindow(inputs[0]) && hasWindow(inputs[1]))
    result.input = 1;
  const AccessMap &input = inputs[result.input];
  const AccessMap *filter =
      inputs.size() == 2 ? &inputs[1 - result.input] : nullptr;

  std::vector<bool> isParallel;
  for (unsigned loop = 0; loop < numLoops; ++loop)
    isParallel.push_back(countDims(output, loop) > 0);
  std::vector<bool> inWindow = findWindowLoops(inputs, isParallel);

  for (unsigned loop = 0; loop < numLoops; ++loop) {
    unsigned inInput = countDims(input, loop);
    unsigned inFilter = filter ? countDims(*filter, loop) : 0;
    if (inInput > 1 || inFilter > 1)
      return Error{loopText(loop) + " is in two dims of an input"};
    if (!inInput && !inFilter)
      return Error{loopText(loop) + " is in no input that the body reads"};
    if (inWindow[loop])
      result.roles.push_back(isParallel[loop] ? Role::Output : Role::Tap);
    else if (!isParallel[loop])
      result.roles.push_back(Role::InputChannel);
    else if (inInput && inFilter)
      result.roles.push_back(Role::Group);
    else
      result.roles.push_back(inInput ? Role::Batch : Role::OutputChannel);
  }

  auto has = [&](Role role) {
    return std::count(result.roles.begin(), result.roles.end(), role) > 0;
  };
  if (!filter && !has(Role::Tap))
    return Error{"the only input is read without a window"};
  if (filter && !has(Role::Tap) && !has(Role::InputChannel))
    return Error{"no loop is a reduction"};
  return result;
}
