//===- MachineFile.h - machines as YAML -------------------------*- C++ -*-===//

#ifndef DCONV_MACHINE_MACHINEFILE_H
#define DCONV_MACHINE_MACHINEFILE_H

#include "dconv/Planner/Machine.h"

namespace dconv {

/// Reads a machine file (docs/machines.md has the keys). Unknown keys, missing
/// or negative values, no devices and unconnected ones are errors that begin
/// with "FILE:LINE: ".
Result<Machine> readMachine(const std::string &path);
/// The same from `text`; `name` stands for the file in errors.
Result<Machine> parseMachine(const std::string &text, const std::string &name);

/// The text of a file that `parseMachine` reads back. `comment`: lines put in
/// front, without '#'.
std::string toYaml(const Machine &machine, const std::string &comment);

/// The machine that dconv was built for, machines/host.yaml, as part of the
/// program: used where no file is named.
const Machine &builtinHost();

} // namespace dconv

#endif // DCONV_MACHINE_MACHINEFILE_H
