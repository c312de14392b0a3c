//===- Quantity.h - numbers with units --------------------------*- C++ -*-===//

#ifndef DCONV_LIB_MACHINE_QUANTITY_H
#define DCONV_LIB_MACHINE_QUANTITY_H

#include "dconv/Planner/MachineFields.h"

namespace dconv {

/// Reads "3.35 TB/s", "64GiB", "2 us" or a plain number in seconds, bytes,
/// bytes per second or per second. The value is finite; its sign is the
/// caller's business. The error completes "'KEY' is 'TEXT' but ".
Result<double> parseQuantity(const std::string &text, Unit unit);

/// The text with the fewest characters in the largest unit that leaves at least
/// 1 in front of it, which `parseQuantity` reads back bit for bit.
std::string quantityText(double value, Unit unit);

} // namespace dconv

#endif // DCONV_LIB_MACHINE_QUANTITY_H
