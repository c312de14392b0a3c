"""What each device receives in a compiled XLA program, from its text.

Rings are assumed, as cost models do: of an all-gather into B bytes over g devices
each receives B (g - 1) / g, of an all-reduce twice that, of a reduce-scatter to B
bytes B (g - 1), of an all-to-all of B bytes B (g - 1) / g. A collective-permute
brings its result to the devices that are targets.
"""

import math
import re

SIZES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s16": 2, "u16": 2,
         "f32": 4, "s32": 4, "u32": 4, "f64": 8, "s64": 8, "u64": 8}
KINDS = ("all-gather", "all-reduce", "collective-permute", "reduce-scatter",
         "all-to-all")
_OP = re.compile(r"\s*(?:ROOT )?%?[\w.\-]+ = (.+?) (" + "|".join(KINDS)
                 + r")(?:-start)?\(")


def _result_bytes(types):
    total = 0
    for element, dims in re.findall(r"(\w+)\[([\d,]*)\]", types):
        if element not in SIZES:
            raise ValueError(f"no size for the type '{element}' of {types}")
        total += SIZES[element] * math.prod(int(d) for d in dims.split(",") if d)
    return total


def _group_size(line, devices):
    """How many devices take part together."""
    found = re.search(r"replica_groups=\{\{([\d,]+)\}", line)
    if found:
        return len(found.group(1).split(","))
    found = re.search(r"replica_groups=\[(\d+),(\d+)\]", line)
    if found:
        return int(found.group(2))
    found = re.search(r"replica_groups=mesh\[([^\]]*)\][^{]*\{([^}]*)\}", line)
    if found:
        axes = dict(re.findall(r"'([^']+)'=(\d+)", found.group(1)))
        size = 1
        for axis, part in re.findall(r"'([^']+)'(?::\(\d+\)(\d+))?", found.group(2)):
            size *= int(part or axes[axis])
        return size
    return devices


def received_bytes(text, devices):
    """Bytes that each device receives."""
    received = [0.0] * devices
    for line in text.splitlines():
        found = _OP.match(line)
        if not found:
            continue
        size, kind = _result_bytes(found.group(1)), found.group(2)
        if kind == "collective-permute":
            pairs = re.search(r"source_target_pairs=\{(.*?)\}\}", line)
            for target in re.findall(r"\{?\d+,(\d+)", pairs.group(1)):
                received[int(target)] += size
            continue
        group = _group_size(line, devices)
        share = {"all-gather": (group - 1) / group,
                 "all-reduce": 2 * (group - 1) / group,
                 "reduce-scatter": group - 1,
                 "all-to-all": (group - 1) / group}[kind]
        received = [bytes_ + size * share for bytes_ in received]
    return [round(bytes_) for bytes_ in received]
