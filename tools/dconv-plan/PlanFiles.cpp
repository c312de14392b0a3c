//===- PlanFiles.cpp - pages and certificates -----------------------------===//

#include "PlanReport.h"

#include "dconv/Certificate/WriteCertificate.h"
#include "dconv/Report/HtmlReport.h"

#include "llvm/Support/MemoryBuffer.h"

#include <ostream>
#include <streambuf>

using namespace dconv;

namespace {
/// Passes on to a file what is written.
class FileBuffer : public std::streambuf {
public:
  explicit FileBuffer(std::FILE *file) : file(file) {}

protected:
  int_type overflow(int_type c) override {
    return c == traits_type::eof() || std::fputc(c, file) != EOF
               ? traits_type::not_eof(c)
               : traits_type::eof();
  }
  std::streamsize xsputn(const char *text, std::streamsize size) override {
    return std::fwrite(text, 1, size, file);
  }

private:
  std::FILE *file;
};
} // namespace

/// The chosen plan of `convolution`, and the others.
static ReportedPlan reported(const PlannedConvolution &convolution) {
  ReportedPlan plan =
      reportedPlan(convolution.name, convolution.geometry, convolution.request,
                   convolution.result, whyFirst(convolution));
  plan.plan.streamed = convolution.streamed;
  if (convolution.streamed) // the memory of its devices limits all alike
    plan.plan.budget =
        leastMemory(*convolution.machine, convolution.request.budget);
  plan.deviceMemory.clear();
  for (const DeviceDescription &device : convolution.machine->devices)
    plan.deviceMemory.push_back(device.memoryBytes);
  plan.processors = convolution.machine->processors;
  plan.stream = convolution.stream;
  return plan;
}

/// The same; of what is streamed, when each step begins and ends.
static ReportedPlan withTimeline(const PlannedConvolution &convolution) {
  ReportedPlan plan = reported(convolution);
  if (convolution.streamed)
    plan.timeline =
        streamTimeline(convolution.geometry, plan.plan.split,
                       *convolution.machine, convolution.request.query);
  return plan;
}

Result<int64_t> dconv::writePlanCertificate(const PlanReport &report,
                                            std::FILE *file) {
  std::vector<CertifiedPlan> plans;
  for (const PlannedConvolution &convolution : report.convolutions)
    plans.push_back(reported(convolution).plan);
  FileBuffer buffer(file);
  std::ostream out(&buffer);
  return writeCertificate(out, plans);
}

Result<int64_t> dconv::writePlanPage(const PlanReport &report,
                                     std::FILE *file) {
  HtmlReport page;
  page.title = report.options.file == "-" ? "Plans" : report.options.file;
  page.machine = report.machine;
  for (const PlannedConvolution &convolution : report.convolutions)
    page.plans.push_back(withTimeline(convolution));
  if (!report.options.trace.empty()) {
    auto trace = llvm::MemoryBuffer::getFile(report.options.trace);
    if (!trace)
      return Error{"cannot read '" + report.options.trace +
                   "': " + trace.getError().message()};
    page.trace = (*trace)->getBuffer().str();
  }
  FileBuffer buffer(file);
  std::ostream out(&buffer);
  return writeHtmlReport(out, page);
}
