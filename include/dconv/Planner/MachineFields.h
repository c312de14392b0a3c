//===- MachineFields.h - the numbers of a machine, as tables ----*- C++ -*-===//
//
// Whoever checks, compares, reads or writes a machine walks these tables. A new
// number is a member in Machine.h and a row in MachineFields.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_MACHINEFIELDS_H
#define DCONV_PLANNER_MACHINEFIELDS_H

#include "dconv/Planner/Machine.h"

namespace dconv {

/// What a number counts, and so which units a machine file may give it in.
enum class Unit {
  Seconds,        ///< s, ms, us, ns
  Bytes,          ///< B, KB, MB, ..., KiB, MiB, ...
  BytesPerSecond, ///< B/s, GB/s, GiB/s, Gbit/s, ...
  PerSecond,      ///< /s, G/s, T/s, ...
  One,            ///< a plain number
};

/// A member of `Struct`, and its key in machine files.
template <typename Struct> struct Field {
  const char *key;
  double Struct::*member;
  Unit unit;
  /// May be left out, and is then 0.
  bool optional = false;
};

const std::vector<Field<KernelRate>> &fieldsOf(const KernelRate *);
const std::vector<Field<DeviceDescription>> &
fieldsOf(const DeviceDescription *);
const std::vector<Field<Link>> &fieldsOf(const Link *);

/// The fields of `Struct`, in the order in which they are written.
template <typename Struct> const std::vector<Field<Struct>> &fieldsOf() {
  return fieldsOf(static_cast<const Struct *>(nullptr));
}

/// Whether all fields of the two are equal.
template <typename Struct> bool sameFields(const Struct &a, const Struct &b) {
  for (const Field<Struct> &field : fieldsOf<Struct>())
    if (a.*field.member != b.*field.member)
      return false;
  return true;
}

/// The classes of kernels, by the key that `toString` gives them.
const std::vector<KernelClass> &kernelClasses();
/// The element types that a rate may be given for.
const std::vector<std::string> &elementTypes();

/// Where a machine is wrong, for who knows the line of each part.
struct MachineFault {
  enum Part { Whole, Device, Host, Levels, Level, Places, Pairs, Pair };
  Part part = Whole;
  int64_t index = 0; ///< of the device, level or pair
  std::string message;
};

/// The first fault of `machine`, as checkMachine defines them.
std::optional<MachineFault> findFault(const Machine &machine);

/// What is wrong with `key` = `value`, or empty.
std::string wrongWith(const char *key, double value, bool optional = false);

} // namespace dconv

#endif // DCONV_PLANNER_MACHINEFIELDS_H
