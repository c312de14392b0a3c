//===- BoxCopy.h - from one order of elements to another --------*- C++ -*-===//

#ifndef DCONV_RUNTIME_BOXCOPY_H
#define DCONV_RUNTIME_BOXCOPY_H

#include "dconv/Runtime/BoxRuns.h"

namespace dconv::runtime {

/// Copies one box into another: same element type and sizes, memory apart. How
/// is worked out once; to run it allocates nothing.
class BoxCopy {
public:
  BoxCopy() = default;
  BoxCopy(const BoxView &to, const BoxView &from);

  int64_t bytes() const { return size; }

  void run() const { run(to, from); }
  /// Of boxes alike that begin elsewhere.
  void run(std::byte *to, std::byte *from) const;

  /// From now on the boxes begin here.
  void setTo(std::byte *data) { to = data; }
  void setFrom(std::byte *data) { from = data; }

  /// A part that is copied in one way.
  struct Part {
    using Pointers = std::array<std::byte *, 2>;

    void (*copy)(const Part &part, const Pointers &at) = nullptr;
    std::array<int64_t, 2> offsets{};
    std::vector<JointDim<2>> outer, inner;
    int64_t run = 0;      ///< bytes that lie together on both sides
    JointDim<2> groups{}; ///< what is copied in one loop
    JointDim<2> columns{}; ///< of a transpose: dense in the source, as groups
                           ///< are in the target
    int64_t distance = 0; ///< in the source, of what the target has together
  };

private:
  std::vector<Part> parts;
  std::byte *to = nullptr, *from = nullptr;
  int64_t size = 0;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BOXCOPY_H
