//===- Programs.h - small programs and what runs them -----------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_RUNTIME_PROGRAMS_H
#define DCONV_TEST_UNIT_RUNTIME_PROGRAMS_H

#include "dconv/Runtime/HostDevice.h"
#include "dconv/Runtime/LocalTransport.h"
#include "dconv/Runtime/Session.h"

#include <map>

namespace dconv::runtime::test {

/// The list of one device, written in order. Every command waits for the one
/// before it; sends are waited for by name.
class ListBuilder {
public:
  explicit ListBuilder(DeviceProgram &list) : list(list) {}

  /// A buffer behind those before it, and its alloc.
  uint32_t alloc(uint32_t tensor, Box window,
                 ElementType type = ElementType::F32, int64_t shard = 0);
  void free(uint32_t buffer);
  uint32_t add(CommandKind kind, uint32_t buffer, Box box);
  uint32_t scatter(uint32_t buffer, Box box, uint32_t argument);
  uint32_t gather(uint32_t buffer, Box box, uint32_t result);
  uint32_t fill(uint32_t buffer, Box box, uint64_t value);
  uint32_t binary(CommandKind kind, uint32_t buffer, uint32_t source, Box box);
  uint32_t send(uint32_t buffer, Box box, int64_t from, int64_t to,
                uint32_t step);
  uint32_t receive(uint32_t buffer, Box box, int64_t from, int64_t to,
                   uint32_t step);
  uint32_t launch(uint32_t kernel, std::vector<uint32_t> operands,
                  uint32_t buffer, std::vector<uint32_t> scalars = {});
  uint32_t size() const { return list.commands.size(); }

private:
  uint32_t append(Command command);

  DeviceProgram &list;
  std::vector<uint32_t> sends;
  int64_t last = -1; ///< the last command that is no send
};

/// y[i] = scale * (x[i - 1] + x[i] + x[i + 1]) for 0 <= i < 12, zero outside,
/// on 2, 3 or 4 devices: a halo of one element from each neighbour, local
/// padding at the ends. Argument 0 is x, argument 1 the scalar.
///
/// Per device: 0, 1 alloc x, y; 2 scatter x; 3 (and 4) fill padding; then fill
/// y; sends, receives and the launch are timed; gather, free, free.
Program haloProgram(int64_t devices);

/// The sum of one argument of `extent` elements per device, reduce-scattered:
/// each device owns a balanced piece, not empty, and adds the pieces of all in
/// ascending order.
Program reduceProgram(int64_t devices, int64_t extent = 8);

/// Kernels of the test programs, by symbol.
class TestKernels : public KernelSource {
public:
  TestKernels();
  dconv_kernel_fn find(const std::string &symbol) const override;

private:
  std::map<std::string, dconv_kernel_fn> kernels;
};

/// Options of a session of host devices that runs `programs`.
Session::Options hostOptions(std::vector<Program> programs, int64_t devices,
                             LocalTransport::Options transport = {});

} // namespace dconv::runtime::test

#endif // DCONV_TEST_UNIT_RUNTIME_PROGRAMS_H
