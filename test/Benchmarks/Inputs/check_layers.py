"""Runs every layer of the suite, made smaller, under one of its splits, and compares
with the reference of the harness, which is written from the definition.

usage: check_layers.py ROOT DCONV_RUN
"""

import dataclasses
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "benchmarks" / "peers"))
import dconv_tool  # noqa: E402
import problem  # noqa: E402
import reference  # noqa: E402


def smaller(full):
    """As few images, channels and pixels as four parts need."""
    groups = min(full.groups, 4)
    image = []
    for d, size in enumerate(full.image):
        window = full.dilation[d] * (full.kernel[d] - 1)
        least = max(window + 1 - full.low[d] - full.high[d], 0)
        image.append(min(size, least + 4 * full.stride[d] + 1))
    return dataclasses.replace(
        full, batch=min(full.batch, 4), groups=groups, image=tuple(image),
        channels=groups * min(full.channels // full.groups, 4),
        filters=groups * min(full.filters // full.groups, 4))


cores = sorted(os.sched_getaffinity(0))
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for number, layer in enumerate(problem.read_suite()):
        types = problem.types_of(layer)
        case = smaller(problem.problem_of(layer, types[number % len(types)]))
        operands = case.data()
        expected = reference.reference(case, operands)
        splits = [s for s in case.splits_of_four() if s.channels <= 3]
        split = splits[number % len(splits)]
        dconv = dconv_tool.Dconv(sys.argv[2], case, operands, folder,
                                 folder / "cache")
        report = dconv.run(4, cores, case.spec(split), keep=True)
        right, error = reference.judge(case, expected, report["result"])
        assert right, (case, split, error)
        # The reference must not accept what is slightly off.
        report["result"].flat[0] += max(1, abs(expected).max() / 16)
        assert not reference.judge(case, expected, report["result"])[0], case
print("layers agree")
