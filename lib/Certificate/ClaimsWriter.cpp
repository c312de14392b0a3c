//===- ClaimsWriter.cpp - what all certificates say -----------------------===//

#include "ClaimsWriter.h"

#include <cmath>

using namespace dconv;

Json dconv::toJson(const Box &box) {
  Json list = Json::array();
  for (Interval interval : box.dims)
    list.push_back({interval.begin, interval.end});
  return list;
}

Json dconv::toJson(double number) {
  bool exact = std::abs(number) < 9e15 && number == std::floor(number);
  return exact ? Json(int64_t(number)) : Json(number);
}

Json dconv::toJson(const std::vector<double> &numbers) {
  Json list = Json::array();
  for (double number : numbers)
    list.push_back(toJson(number));
  return list;
}

static const char *roleName(Role role) {
  switch (role) {
  case Role::Batch:
    return "batch";
  case Role::Group:
    return "group";
  case Role::OutputChannel:
    return "output channel";
  case Role::InputChannel:
    return "input channel";
  case Role::Output:
    return "output";
  case Role::Tap:
    return "tap";
  }
  return "";
}

void ClaimsWriter::field(const char *name, const Json &value) {
  out << ",\n\"" << name << "\":"
      << value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void ClaimsWriter::beginList(const char *name) {
  out << ",\n\"" << name << "\":[";
  separator = "\n";
}

void ClaimsWriter::add(const Json &entry) {
  out << separator << entry.dump();
  separator = ",\n";
}

void ClaimsWriter::writeConvolution() {
  out << "{\"name\":" << Json(plan.name).dump();
  field("devices", plan.devices);
  field("memory_budget", plan.budget ? Json(*plan.budget) : Json());
  field("fills_output", plan.fillsOutput);
  std::vector<std::string> loopNames = convolution.loopNames();
  beginList("loops");
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    add({{"name", loopNames[loop]},
         {"role", roleName(convolution.roles[loop])},
         {"extent", convolution.extents[loop]}});
  endList();
  beginList("operands");
  for (size_t i = 0; i < convolution.inputs.size(); ++i)
    writeOperand("input " + std::to_string(i), convolution.inputs[i]);
  writeOperand("output", convolution.output);
  endList();
  field("accumulator_bytes", convolution.accumulatorBytes);
  writeSplit();
}

void ClaimsWriter::writeOperand(const std::string &name,
                                const Operand &operand) {
  AccessMap map = operand.unpaddedMap();
  Json exprs = Json::array();
  for (size_t d = 0; d < map.size(); ++d) {
    std::vector<int64_t> coefficients;
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      coefficients.push_back(map[d].coefficientOf(loop));
    exprs.push_back(
        {{"coefficients", coefficients}, {"constant", map[d].constant}});
  }
  add({{"name", name},
       {"shape", operand.shape},
       {"map", exprs},
       {"element_bytes", operand.elementBytes}});
}

void ClaimsWriter::writeSplit() {
  beginList("axes");
  for (const AxisSplit &axis : plan.split.axes)
    add({{"loop", axis.loop},
         {"stripes", toJson(Box(stripesOf(axis.lengths)))}});
  endList();
  field("grid", grid.shape);
  std::vector<int64_t> placement, macs(plan.devices);
  for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
    placement.push_back(grid.deviceOf(shard));
    macs[placement.back()] +=
        plan.split.iterations(convolution, grid.coordinates(shard)).volume();
  }
  field("placement", placement);
  field("macs", macs);
}

void ClaimsWriter::writePrediction(const Prediction &predicted) {
  field("predicted", {{"bytes_received", predicted.bytesReceived},
                      {"bytes_sent", predicted.bytesSent},
                      {"scatter_bytes", predicted.scatterBytes},
                      {"gather_bytes", predicted.gatherBytes},
                      {"peak_bytes", predicted.peakBytes}});
}
