"""Checks the suite of layers. Where DCONV_SUITE_ORACLE is a folder with another list,
`LAYERS` of suite.py, it has to say the same."""

import math
import os
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root / "benchmarks" / "peers"))
import problem  # noqa: E402

OPS = {"fwd": "forward", "transposed": "transposed", "bwd_data": "backward_data",
       "bwd_filter": "backward_filter"}


def compare(layers, others):
    """`others` say the same in other words."""
    assert [layer["name"] for layer in layers] == [o["name"] for o in others]
    for layer, other in zip(layers, others):
        pads = [p if isinstance(p, list) else [p, p] for p in other["p"]]
        expected = {
            "name": other["name"], "op": OPS[other.get("op", "fwd")],
            "type": other.get("dt", "f32"), "batch": other["n"],
            "groups": other["g"], "in_channels": other["c"],
            "out_channels": other["k"], "input": other["sp"], "kernel": other["f"],
            "stride": other["s"], "dilation": other["d"],
            "pad_low": [p[0] for p in pads], "pad_high": [p[1] for p in pads]}
        assert layer == expected, (layer, expected)


def peers_words(split):
    """A split in the words of that list, for comparison."""
    words = {"b": split.batch, "k": split.filters, "c": split.channels,
             "g": split.groups, "scatter": int(split.scattered)}
    words = {key: value for key, value in words.items()
             if value > (0 if key == "scatter" else 1)}
    if math.prod(split.image) > 1:
        words["s"] = list(split.image)
    if math.prod(split.taps) > 1:
        words["t"] = list(split.taps)
    return words


def parts(part):
    """Devices of a split of that list."""
    return math.prod(part.get(key, 1) for key in "bkcg") * math.prod(
        math.prod(part.get(key, [1])) for key in "stu")


def main():
    layers = problem.read_suite()
    print(f"{len(layers)} layers")
    oracle = os.environ.get("DCONV_SUITE_ORACLE")
    there = bool(oracle)
    if there:
        sys.path.insert(1, oracle)
        import suite  # noqa: E402
        compare(layers, suite.LAYERS)
    for number, layer in enumerate(layers):
        splits = problem.problem_of(layer, layer["type"]).splits_of_four()
        assert len({split.name() for split in splits}) == len(splits), layer
        for split in splits:
            assert split.devices() == 4, (layer["name"], split)
        if there:
            # Those of four devices in which no axis cuts two dims of a tensor's
            # window at once.
            wanted = [{k: v for k, v in part.items()}
                      for part in suite.parts(suite.LAYERS[number], 4)
                      if parts(part) == 4 and "u" not in part]
            found = [peers_words(split) for split in splits]
            for part in wanted:
                assert part in found, (layer["name"], part, found)
    print("all splits have four parts")


main()
