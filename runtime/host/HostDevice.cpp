//===- HostDevice.cpp - a device that is a thread of this host ------------===//

#include "dconv/Runtime/HostDevice.h"

#include <algorithm>
#include <thread>

namespace dconv::runtime {

Status HostDevice::allocate(int64_t bytes) {
  return Arena::create(bytes, memory);
}

Status HostDevice::findKernel(const std::string &symbol, Kernel &kernel) {
  dconv_kernel_fn function = kernels->find(symbol);
  if (!function)
    return {StatusCode::MissingSymbol, "there is no kernel '" + symbol + "'"};
  kernel = reinterpret_cast<Kernel>(function);
  return {};
}

template <typename Bits>
static void fillRuns(const BoxRuns<1> &box, uint64_t value) {
  box.forEach([&](const auto &at, int64_t count) {
    std::fill_n(reinterpret_cast<Bits *>(at[0]), count,
                static_cast<Bits>(value));
  });
}

void HostDevice::fill(const BoxRuns<1> &box, uint64_t value) {
  switch (bytesOf(box.type(0))) {
  case 1:
    return fillRuns<uint8_t>(box, value);
  case 2:
    return fillRuns<uint16_t>(box, value);
  case 4:
    return fillRuns<uint32_t>(box, value);
  default:
    return fillRuns<uint64_t>(box, value);
  }
}

void HostDevice::transfer(const BoxCopy &boxes) {
  HostLink::Clock::time_point over{};
  for (const std::shared_ptr<HostLink> &link : links)
    over = std::max(over, link->begin(boxes.bytes()));
  boxes.run();
  if (!links.empty())
    std::this_thread::sleep_until(over);
}

void HostDevice::launch(Kernel kernel, void **arguments) {
  reinterpret_cast<dconv_kernel_fn>(const_cast<void *>(kernel))(arguments);
}

} // namespace dconv::runtime
