//===- CommandList.h - commands in order, with what they wait for -*- C++ -*-=//

#ifndef DCONV_LIB_SCHEDULE_COMMANDLIST_H
#define DCONV_LIB_SCHEDULE_COMMANDLIST_H

#include "dconv/Runtime/Program.h"

namespace dconv {

/// Appends commands to a device's list and derives their waits from the boxes
/// they read and write.
class CommandList {
public:
  explicit CommandList(runtime::DeviceProgram &device) : device(device) {}

  // One per kind of command (Program.h); boxes are positions of the tensor.
  void alloc(uint32_t buffer);
  void free(uint32_t buffer);
  void scatter(uint32_t argument, uint32_t buffer, const Box &box);
  void gather(uint32_t buffer, const Box &box, uint32_t result);
  void fill(uint32_t buffer, const Box &box, uint64_t value);
  void copy(uint32_t source, uint32_t buffer, const Box &box);
  void convert(uint32_t source, uint32_t buffer, const Box &box);
  void accumulate(runtime::Combiner combiner, uint32_t source, uint32_t buffer,
                  const Box &box);
  struct Message {
    int64_t peer = 0;
    uint32_t step = 0;
    int64_t sourceShard = 0;
    int64_t destinationShard = 0;
  };
  void send(uint32_t buffer, const Box &box, const Message &message);
  void receive(uint32_t buffer, const Box &box, const Message &message);
  struct Launch {
    uint32_t kernel = 0;
    std::vector<uint32_t> scalars;
    std::vector<int64_t> bounds;
    bool overwrites = false;
  };
  void launch(Launch launch, std::vector<uint32_t> operands, uint32_t buffer);

  uint32_t size() const { return device.commands.size(); }

private:
  struct Access {
    uint32_t command;
    Box box;
    bool writes;
  };
  /// What a live buffer has seen since all of it was written last.
  struct State {
    uint32_t alloc = 0; ///< the command that began its life
    std::vector<Access> accesses;
  };

  /// Notes that `command` reads or writes `box` of `buffer`.
  void touch(runtime::Command &command, uint32_t buffer, const Box &box,
             bool writes);
  void append(runtime::Command command);
  void appendMove(runtime::Command command, uint32_t source);
  void appendMessage(runtime::Command command, const Message &message,
                     bool writes);
  State &stateOf(uint32_t buffer);

  struct Touch {
    uint32_t buffer;
    Box box;
    bool writes;
  };
  std::vector<Touch> touches; ///< of the command being built
  std::vector<State> states;
  /// Commands that freed memory, by buffer: whoever reuses it waits for them.
  std::vector<std::pair<uint32_t, uint32_t>> freed;
  runtime::DeviceProgram &device;
};

} // namespace dconv

#endif // DCONV_LIB_SCHEDULE_COMMANDLIST_H
