//===- ClaimsWriter.h - what all certificates say ---------------*- C++ -*-===//

#ifndef DCONV_LIB_CERTIFICATE_CLAIMSWRITER_H
#define DCONV_LIB_CERTIFICATE_CLAIMSWRITER_H

#include "dconv/Certificate/WriteCertificate.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace dconv {

using Json = nlohmann::ordered_json;

Json toJson(const Box &box);
/// As an integer where it is one that a double holds exactly.
Json toJson(double number);
Json toJson(const std::vector<double> &numbers);

/// Writes the fields of one convolution, in the order of docs/certificate.md.
/// Lists of shards are written as they are found and never lie in memory.
class ClaimsWriter {
public:
  ClaimsWriter(std::ostream &out, const CertifiedPlan &plan)
      : out(out), plan(plan), convolution(plan.convolution),
        grid(plan.split.grid(plan.devices)) {}

protected:
  void field(const char *name, const Json &value);
  void beginList(const char *name);
  void add(const Json &entry);
  void endList() { out << "\n]"; }

  /// From `name` to `macs`: the convolution, and who computes what.
  void writeConvolution();
  void writePrediction(const Prediction &predicted);

  std::ostream &out;
  const CertifiedPlan &plan;
  const Convolution &convolution;
  const Grid grid;
  const char *separator = "";

private:
  void writeOperand(const std::string &name, const Operand &operand);
  void writeSplit();
};

/// The claims of a plan whose tensors stay on the host; it passes
/// `checkStreamed`.
void writeStreamClaims(std::ostream &out, const CertifiedPlan &plan);

} // namespace dconv

#endif // DCONV_LIB_CERTIFICATE_CLAIMSWRITER_H
