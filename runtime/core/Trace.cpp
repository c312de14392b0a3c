//===- Trace.cpp - when every command ran ---------------------------------===//

#include "dconv/Runtime/Trace.h"
#include "Queues.h"
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
  static_assert(std::tuple_size_v<decltype(events)::value_type> == numQueues);
  static const char *const suffix[] = {"", " loads", " stores"};
  int64_t origin = INT64_MAX;
  for (const auto &rows : events)
    for (const std::vector<Event> &row : rows)
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
    auto putRow = [&](size_t device, size_t queue) {
      // Rows of queues come behind those of all devices in number only.
      const size_t row =
          queue == 0 ? device : events.size() + 2 * device + queue - 1;
      auto describeRow = [&](const char *what, const char *key, Json value) {
        put({{"ph", "M"},
             {"name", what},
             {"pid", 0},
             {"tid", row},
             {"args", {{key, value}}}});
      };
      describeRow("thread_name", "name",
                  "device " + std::to_string(device) + suffix[queue]);
      describeRow("thread_sort_index", "sort_index",
                  numQueues * device + queue);
      for (const Event &event : events[device][queue]) {
        const Program &program = programs[event.program];
        const Command &command =
            program.devices[device].commands[event.command];
        Json args = describe(program, device, event.command);
        if (event.waited != 0 || command.kind == CommandKind::Receive)
          args["waited"] = event.waited / 1e3; // microseconds, as `dur`
        put({{"ph", "X"},
             {"name", toString(command.kind)},
             {"pid", 0},
             {"tid", row},
             {"ts", (event.begin - origin) / 1e3}, // microseconds
             {"dur", (event.end - event.begin) / 1e3},
             {"args", std::move(args)}});
      }
    };
    for (size_t device = 0; device < events.size(); ++device)
      for (size_t queue = 0; queue < numQueues; ++queue)
        if (queue == 0 || !events[device][queue].empty())
          putRow(device, queue);
    good &= std::fputs("\n]}\n", file) >= 0;
    return good;
  });
}

} // namespace dconv::runtime
