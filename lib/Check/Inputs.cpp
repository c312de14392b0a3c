//===- Inputs.cpp - data that show a wrong contribution -------------------===//

#include "dconv/Check/Inputs.h"

#include "Random.h"

using namespace dconv;
using runtime::ElementType;

/// The element of `type` with the value of the small integer `value`.
static void store(ElementType type, int value, int64_t index, void *data) {
  switch (type) {
  case ElementType::F16: {
    // +-1 and +-2: the exponent alone tells them apart.
    uint16_t bits = value == 1 || value == -1 ? 0x3C00 : 0x4000;
    static_cast<uint16_t *>(data)[index] = bits | (value < 0 ? 0x8000 : 0);
    return;
  }
  case ElementType::BF16: {
    uint16_t bits = value == 1 || value == -1 ? 0x3F80 : 0x4000;
    static_cast<uint16_t *>(data)[index] = bits | (value < 0 ? 0x8000 : 0);
    return;
  }
  case ElementType::F32:
    static_cast<float *>(data)[index] = value;
    return;
  case ElementType::F64:
    static_cast<double *>(data)[index] = value;
    return;
  case ElementType::I8:
    static_cast<int8_t *>(data)[index] = value;
    return;
  case ElementType::I16:
    static_cast<int16_t *>(data)[index] = value;
    return;
  case ElementType::I32:
    static_cast<int32_t *>(data)[index] = value;
    return;
  case ElementType::I64:
    static_cast<int64_t *>(data)[index] = value;
    return;
  }
}

void dconv::fillInput(ElementType type, const std::vector<int64_t> &shape,
                      uint64_t seed, uint64_t number, void *data) {
  bool isNarrow = type == ElementType::F16 || type == ElementType::BF16;
  // Scales 1 to `scales`, times 1 to `sizes`, times a sign.
  const uint64_t scales = isNarrow ? 2 : 3, sizes = isNarrow ? 1 : 2;
  const uint64_t key = hashed(hashed(seed) + number);
  int64_t count = Box::whole(shape).volume();
  std::vector<int64_t> position(shape.size(), 0);
  for (int64_t index = 0; index < count; ++index) {
    uint64_t block = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      int64_t length = (shape[d] + 15) / 16;
      block += (1 + d % (scales - 1)) * (position[d] / length);
    }
    uint64_t random = hashed(key + index);
    int value = (1 + block % scales) * (1 + (random >> 1) % sizes);
    store(type, random & 1 ? -value : value, index, data);
    for (size_t d = shape.size(); d-- > 0 && ++position[d] == shape[d];)
      position[d] = 0;
  }
}
