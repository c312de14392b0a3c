"""How evenly a split divides the work."""

import math
import re


def least_share(split, extents, devices):
    """N times the least share of the work of N devices, 1 where all do the same.
    `split` is a SPEC; shards are row-major in the grid, shard i of S runs on device
    floor(i * N / S)."""
    grid = []
    for entry in re.findall(r"(\w+)=(\[[\d,]*\]|\d+)", split):
        name, parts = entry
        if parts.startswith("["):
            lengths = [int(length) for length in parts[1:-1].split(",")]
        else:
            count, extent = int(parts), extents[name]
            lengths = [extent // count + (i < extent % count) for i in range(count)]
        grid.append([length / sum(lengths) for length in lengths])
    shards = math.prod(map(len, grid))
    work = [0.0] * devices
    for number in range(shards):
        share, rest = 1.0, number
        for lengths in reversed(grid):
            share *= lengths[rest % len(lengths)]
            rest //= len(lengths)
        work[number * devices // shards] += share
    return min(work) * devices
