//===- Plans.h - plans for tests of what is written of them -----*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_CERTIFICATE_PLANS_H
#define DCONV_TEST_UNIT_CERTIFICATE_PLANS_H

#include "dconv/Certificate/WriteCertificate.h"

#include "Layers.h"
#include "gtest/gtest.h"

namespace dconv::test {

/// `layer` under `split`, a SPEC, or whole where that is empty.
inline CertifiedPlan planOf(const std::string &name, const Layer &layer,
                            const std::string &split, int64_t devices) {
  CertifiedPlan plan;
  plan.name = name;
  plan.convolution = forwardOf(layer);
  if (!split.empty()) {
    Result<Split> parsed = parseSplit(split, plan.convolution);
    EXPECT_TRUE(bool(parsed)) << parsed.error();
    plan.split = *parsed;
  }
  plan.devices = devices;
  return plan;
}

/// The same with its tensors on the host.
inline CertifiedPlan streamedPlanOf(const std::string &name, const Layer &layer,
                                    const std::string &split, int64_t devices) {
  CertifiedPlan plan = planOf(name, layer, split, devices);
  plan.streamed = true;
  return plan;
}

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_CERTIFICATE_PLANS_H
