//===- Element.cpp - tensors of integers in any element type --------------===//

#include "Element.h"

#include "llvm/ADT/APFloat.h"

#include <cassert>
#include <cstring>

namespace dconv::test {

int64_t volume(const Shape &shape) {
  int64_t product = 1;
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

std::string typeText(ElementType type, const Shape &shape) {
  if (shape.empty())
    return runtime::toString(type);
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + runtime::toString(type) + ">";
}

std::string typeText(const Tensor &tensor) {
  return typeText(tensor.type, tensor.shape);
}

/// The format of a float type.
static const llvm::fltSemantics &semanticsOf(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return llvm::APFloat::IEEEhalf();
  case ElementType::BF16:
    return llvm::APFloat::BFloat();
  case ElementType::F64:
    return llvm::APFloat::IEEEdouble();
  default:
    return llvm::APFloat::IEEEsingle();
  }
}

static unsigned bitsOf(ElementType type) { return 8 * runtime::bytesOf(type); }

static uint64_t encodeOne(ElementType type, int64_t value) {
  if (!runtime::isFloat(type))
    return value;
  if (value == minusInfinity)
    return llvm::APFloat::getInf(semanticsOf(type), /*Negative=*/true)
        .bitcastToAPInt()
        .getZExtValue();
  llvm::APFloat number(semanticsOf(type));
  number.convertFromAPInt(llvm::APInt(64, value, /*isSigned=*/true),
                          /*IsSigned=*/true,
                          llvm::APFloat::rmNearestTiesToEven);
  return number.bitcastToAPInt().getZExtValue();
}

std::string constantText(ElementType type, int64_t value) {
  std::string suffix = std::string(" : ") + runtime::toString(type);
  if (!runtime::isFloat(type))
    return std::to_string(value) + suffix;
  if (value != minusInfinity)
    return std::to_string(value) + ".0" + suffix;
  char bits[32];
  std::snprintf(bits, sizeof(bits), "0x%0*llX",
                static_cast<int>(bitsOf(type) / 4),
                static_cast<unsigned long long>(encodeOne(type, value)));
  return bits + suffix;
}

std::vector<std::byte> encode(const Tensor &tensor) {
  const int64_t bytes = runtime::bytesOf(tensor.type);
  std::vector<std::byte> data(tensor.values.size() * bytes);
  for (size_t i = 0; i < tensor.values.size(); ++i) {
    uint64_t bits = encodeOne(tensor.type, tensor.values[i]);
    std::memcpy(data.data() + i * bytes, &bits, bytes);
  }
  return data;
}

double decode(ElementType type, const std::byte *data, int64_t i) {
  const int64_t bytes = runtime::bytesOf(type);
  uint64_t bits = 0;
  std::memcpy(&bits, data + i * bytes, bytes);
  llvm::APInt integer(bitsOf(type), bits);
  if (!runtime::isFloat(type))
    return static_cast<double>(integer.getSExtValue());
  llvm::APFloat number(semanticsOf(type), integer);
  bool losesInfo;
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

int64_t exactLimit(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return 1 << 11;
  case ElementType::BF16:
    return 1 << 8;
  case ElementType::F32:
    return 1 << 24;
  case ElementType::F64:
    return int64_t(1) << 53;
  case ElementType::I64:
    return int64_t(1) << 62;
  default:
    return (int64_t(1) << (bitsOf(type) - 1)) - 1;
  }
}

uint64_t nextRandom(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Tensor patternOf(ElementType type, Shape shape, int64_t range, uint64_t seed) {
  assert(range >= 1 && range <= exactLimit(type));
  const uint64_t count = 2 * static_cast<uint64_t>(range) + 1;
  Tensor tensor{type, std::move(shape), {}};
  tensor.values.resize(volume(tensor.shape));
  for (int64_t &value : tensor.values)
    value = static_cast<int64_t>(nextRandom(seed) % count - range);
  return tensor;
}

} // namespace dconv::test
