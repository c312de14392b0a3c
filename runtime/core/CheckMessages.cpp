//===- CheckMessages.cpp - sends meet receives, and all lists end ---------===//

#include "CheckSteps.h"
#include "dconv/Runtime/Message.h"

#include <tuple>
#include <unordered_map>

namespace dconv::runtime {

namespace {

/// A command of the whole program.
struct Site {
  int64_t device = 0;
  uint32_t command = 0;
};

/// For each command of each device, the number of the receive of a send and of
/// the send of a receive, on the device `peer`.
using Partners = std::vector<std::vector<uint32_t>>;

Status matchMessages(const Program &program, Partners &partners) {
  std::unordered_map<MessageId, Site, MessageId::Hash> sends;
  std::vector<Site> receives;
  for (size_t device = 0; device < program.devices.size(); ++device) {
    const std::vector<Command> &commands = program.devices[device].commands;
    partners.emplace_back(commands.size(), 0);
    for (uint32_t c = 0; c < commands.size(); ++c) {
      const Site site{static_cast<int64_t>(device), c};
      if (commands[c].kind == CommandKind::Receive)
        receives.push_back(site);
      if (commands[c].kind != CommandKind::Send)
        continue;
      MessageId id = headerOf(program, device, commands[c]).id;
      auto [other, isNew] = sends.try_emplace(std::move(id), site);
      if (!isNew)
        return errorAt(program, site.device, c,
                       "sends the same message as command " +
                           std::to_string(other->second.command));
    }
  }

  for (const Site &site : receives) {
    const DeviceProgram &device = program.devices[site.device];
    const Command &receive = device.commands[site.command];
    auto it = sends.find(headerOf(program, site.device, receive).id);
    if (it == sends.end())
      return errorAt(program, site.device, site.command,
                     "no send, or another receive, matches it");
    const Site source = it->second;
    sends.erase(it);
    const DeviceProgram &sender = program.devices[source.device];
    const Command &send = sender.commands[source.command];
    const ElementType got = sender.buffers[send.buffer].type;
    const ElementType needed = device.buffers[receive.buffer].type;
    if (got != needed)
      return errorAt(program, site.device, site.command,
                     std::string("is sent ") + toString(got) + ", needed " +
                         toString(needed));
    partners[site.device][site.command] = source.command;
    partners[source.device][source.command] = site.command;
  }

  if (sends.empty())
    return {};
  // The first by device and command, so that the message is always the same.
  Site first = sends.begin()->second;
  for (const auto &entry : sends)
    if (std::tie(entry.second.device, entry.second.command) <
        std::tie(first.device, first.command))
      first = entry.second;
  return errorAt(program, first.device, first.command, "no receive matches it");
}

/// Steps all devices through their lists, as the executor does.
class Replay {
public:
  Replay(const Program &program, const Partners &partners)
      : program(program), partners(partners), next(program.devices.size(), 0) {}

  Status run() {
    // The devices meet before and after the timed part and at the end.
    for (auto limit : {&Program::Timed::begin, &Program::Timed::end})
      if (Status status = advanceTo(limit); status.failed())
        return status;
    return advanceTo(nullptr);
  }

private:
  /// What the next command of `device` waits for: a command of `peer` that has
  /// not run.
  bool blocked(size_t device) const {
    const std::vector<Command> &commands = program.devices[device].commands;
    const Command &command = commands[next[device]];
    if (command.kind == CommandKind::Receive &&
        next[command.peer] <= partners[device][next[device]])
      return true;
    for (uint32_t wait : command.waits)
      if (commands[wait].kind == CommandKind::Send &&
          next[commands[wait].peer] <= partners[device][wait])
        return true;
    return false;
  }

  Status advanceTo(uint32_t Program::Timed::*limit) {
    auto end = [&](size_t device) -> uint32_t {
      return limit ? program.timed[device].*limit
                   : program.devices[device].commands.size();
    };
    for (bool progress = true; progress;) {
      progress = false;
      for (size_t device = 0; device < next.size(); ++device)
        for (; next[device] < end(device) && !blocked(device); ++next[device])
          progress = true;
    }
    for (size_t device = 0; device < next.size(); ++device)
      if (next[device] < end(device))
        return errorAt(program, device, next[device],
                       "waits forever: the devices wait for each other in a "
                       "cycle");
    return {};
  }

  const Program &program;
  const Partners &partners;
  std::vector<uint32_t> next; ///< the first command that has not run
};

} // namespace

Status checkMessages(const Program &program) {
  Partners partners;
  if (Status status = matchMessages(program, partners); status.failed())
    return status;
  return Replay(program, partners).run();
}

} // namespace dconv::runtime
