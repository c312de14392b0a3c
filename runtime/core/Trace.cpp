//===- Trace.cpp - when every command ran ---------------------------------===//

#include "dconv/Runtime/Trace.h"
#include "dconv/Runtime/AtomicFile.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace dconv::runtime {

using Json = nlohmann::ordered_json;

int64_t TraceLog::now() {
  auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

/// What a viewer shows of a command.
static Json describe(const Program &program, size_t device,
                     uint32_t commandNumber) {
  const DeviceProgram &list = program.devices[device];
  const Command &command = list.commands[commandNumber];
  const Buffer &buffer = list.buffers[command.buffer];
  const bool whole = command.kind == CommandKind::Alloc ||
                     command.kind == CommandKind::Free ||
                     command.kind == CommandKind::Launch;
  const Box &box = whole ? buffer.window : command.box;

  Json args = {{"program", program.name},
               {"command", commandNumber},
               {"tensor", program.tensors[buffer.tensor].name},
               {"shard", buffer.shard},
               {"box", toString(box)},
               {"bytes", box.volume() * bytesOf(buffer.type)}};
  switch (command.kind) {
  case CommandKind::Launch:
    args["kernel"] = program.kernels[command.kernel];
    break;
  case CommandKind::Send:
  case CommandKind::Receive:
    args["peer"] = command.peer;
    args["step"] = command.step;
    break;
  case CommandKind::Accumulate:
    args["combiner"] = toString(command.combiner);
    break;
  default:
    break;
  }
  return args;
}

Status TraceLog::write(const std::string &path,
                       const std::vector<Program> &programs) const {
  int64_t origin = INT64_MAX;
  for (const std::vector<Event> &row : events)
    if (!row.empty())
      origin = std::min(origin, row.front().begin);

  return writeAtomically(path, [&](std::FILE *file) {
    bool good =
        std::fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file) >= 0;
    const char *separator = "\n";
    auto put = [&](const Json &event) {
      std::string text =
          event.dump(-1, ' ', false, Json::error_handler_t::replace);
      good &= std::fprintf(file, "%s%s", separator, text.c_str()) >= 0;
      separator = ",\n";
    };
    for (size_t device = 0; device < events.size(); ++device) {
      put({{"ph", "M"},
           {"name", "thread_name"},
           {"pid", 0},
           {"tid", device},
           {"args", {{"name", "device " + std::to_string(device)}}}});
      for (const Event &event : events[device]) {
        const Program &program = programs[event.program];
        const Command &command =
            program.devices[device].commands[event.command];
        put({{"ph", "X"},
             {"name", toString(command.kind)},
             {"pid", 0},
             {"tid", device},
             {"ts", (event.begin - origin) / 1e3}, // microseconds
             {"dur", (event.end - event.begin) / 1e3},
             {"args", describe(program, device, event.command)}});
      }
    }
    good &= std::fputs("\n]}\n", file) >= 0;
    return good;
  });
}

} // namespace dconv::runtime
