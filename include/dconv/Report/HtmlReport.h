//===- HtmlReport.h - plans as a page for a browser -------------*- C++ -*-===//

#ifndef DCONV_REPORT_HTMLREPORT_H
#define DCONV_REPORT_HTMLREPORT_H

#include "dconv/Certificate/WriteCertificate.h"
#include "dconv/Planner/PlanSearch.h"
#include "dconv/Planner/StreamSearch.h"
#include "dconv/Planner/StreamTimeline.h"

#include <iosfwd>

namespace dconv {

/// A plan that was not chosen.
struct OtherPlan {
  std::string split; ///< a SPEC, or "whole"
  std::optional<double> seconds;
  int64_t words = 0, bytesReceived = 0, bytesSent = 0, peakBytes = 0;
  std::string reason; ///< why it was not chosen
};

/// A plan, and what the page tells of it.
struct ReportedPlan {
  CertifiedPlan plan;
  std::string elementType = "f32"; ///< of the inputs
  PlanCost cost;
  /// Per device its own memory; `plan.budget` holds for all.
  std::vector<std::optional<int64_t>> deviceMemory;
  /// The devices share so many processors, if any.
  std::optional<int64_t> processors;
  std::optional<StreamPlan> stream; ///< where `plan` is streamed
  std::vector<std::vector<StreamSpan>> timeline; ///< likewise
  bool optimal = false;
  double planningSeconds = 0;
  std::string why; ///< a sentence: why this plan
  std::vector<OtherPlan> others;
};

/// The first plan of `result`, with the others as runners-up.
ReportedPlan reportedPlan(const std::string &name,
                          const Convolution &convolution,
                          const PlanRequest &request, const PlanResult &result,
                          const std::string &why);

struct HtmlReport {
  std::string title;
  std::string machine; ///< its name
  std::vector<ReportedPlan> plans;
  /// What dconv-run --trace wrote of these plans, as JSON, or empty.
  std::string trace;
};

/// Writes one page that needs no other file and no network. Of more than 1024
/// shards it shows devices in groups and leaves out single moves. An error
/// where a plan does not fit, the trace is no trace, or `out` takes no more.
Result<int64_t> writeHtmlReport(std::ostream &out, const HtmlReport &report);

} // namespace dconv

#endif // DCONV_REPORT_HTMLREPORT_H
