//===- KernelCheck.cpp - kernels against the definition -------------------===//

#include "KernelCheck.h"
#include "gtest/gtest.h"
#include <sys/mman.h>
#include <unistd.h>

using namespace dconv;
using namespace dconv::test;

namespace {

/// Memory that ends right before a page nobody may touch.
class GuardedBuffer {
public:
  explicit GuardedBuffer(const std::vector<char> &content)
      : size(content.size()) {
    size_t page = sysconf(_SC_PAGESIZE);
    mapped = (size + page - 1) / page * page + 2 * page;
    base = static_cast<char *>(mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base + mapped - page, page, PROT_NONE);
    data = base + mapped - page - size;
    std::fill(base, data, kPattern);
    std::copy(content.begin(), content.end(), data);
  }
  GuardedBuffer(const GuardedBuffer &) = delete;
  ~GuardedBuffer() { munmap(base, mapped); }

  char *begin() const { return data; }
  std::vector<char> content() const { return {data, data + size}; }
  bool isIntact() const {
    return std::all_of(base, data, [](char c) { return c == kPattern; });
  }

private:
  static constexpr char kPattern = 0x5a;
  size_t size, mapped;
  char *base, *data;
};

} // namespace

void dconv::test::PrintTo(const KernelSpec &spec, std::ostream *os) {
  *os << spec.name;
}

KernelTarget dconv::test::machine(unsigned vectorBits, unsigned numRegisters) {
  KernelTarget target;
  target.vectorBits = vectorBits;
  target.numRegisters = numRegisters;
  return target;
}

void dconv::test::checkKernel(const KernelSpec &spec,
                              const KernelTarget &target, KernelPath path) {
  KernelCase data(kernelContext(), spec);
  JitKernel kernel(data, target);
  ASSERT_EQ(kernel.error(), "") << data.mlir();
  EXPECT_EQ(kernel.emitted().path, path) << kernel.emitted().reason;
  EXPECT_EQ(kernel.emitted().reason.empty(), path == KernelPath::Vector);

  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  std::vector<void *> arguments;
  for (auto [tensor, layout] : llvm::zip_equal(data.tensors, kernel.layouts()))
    arguments.push_back(buffers
                            .emplace_back(std::make_unique<GuardedBuffer>(
                                tensor.encode(layout)))
                            ->begin());
  for (void *scalar : data.scalarArguments())
    arguments.push_back(scalar);
  kernel(arguments.data());

  for (auto &buffer : buffers)
    EXPECT_TRUE(buffer->isIntact());
  Tensor actual = data.tensors.back(), expected = data.expected();
  actual.decode(buffers.back()->content());
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < actual.values.size(); ++i) {
    if (actual.values[i] != expected.values[i] && wrong++ == 0)
      first = i;
  }
  EXPECT_EQ(wrong, 0u) << "of " << actual.values.size() << " values; value "
                       << first << " is " << actual.values[first]
                       << ", expected " << expected.values[first] << "\n"
                       << data.mlir();
}
