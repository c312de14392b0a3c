"""Compares dconv-plan with an enumeration of all splits of small layers.

Words, bytes, imbalance and bounds are computed from sets of elements and from
the formulas in docs/design.md; nothing of dconv is used but the program.
"""

import itertools
import json
import math
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "benchmarks"))
from layers_to_mlir import function_of, output_image  # noqa: E402

PROGRAM = sys.argv[1]


def small(name, batch, groups, ins, outs, *dims):
    """dims: input, kernel, stride, dilation, low and high padding."""
    keys = ("input", "kernel", "stride", "dilation", "pad_low", "pad_high")
    layer = {key: [dim[i] for dim in dims] for i, key in enumerate(keys)}
    return dict(
        layer,
        name=name,
        batch=batch,
        groups=groups,
        in_channels=ins,
        out_channels=outs,
    )


LAYERS = [
    small("line", 2, 1, 2, 3, (9, 3, 1, 1, 1, 1)),
    small("wide", 1, 1, 1, 1, (16, 9, 1, 1, 4, 4)),
    small("strided", 1, 1, 2, 2, (11, 5, 2, 1, 0, 0)),
    small("dilated", 1, 1, 2, 4, (10, 3, 1, 2, 2, 0)),
    small("grouped", 1, 4, 8, 4, (6, 3, 1, 1, 1, 1)),
    small("plane", 1, 1, 2, 3, (5, 3, 1, 1, 1, 1), (4, 2, 1, 1, 0, 0)),
]


def stripes(extent, parts):
    """Balanced, the longer ones first."""
    size, longer = divmod(extent, parts)
    ends = list(itertools.accumulate(size + (i < longer) for i in range(parts)))
    return list(zip([0] + ends, ends))


class Case:
    """A layer under one assignment of parts to its loops."""

    def __init__(self, layer, loops, extents, parts):
        self.layer, self.loops = layer, loops
        self.parts = dict(zip(loops, parts))
        self.cut = {
            loop: stripes(extent, part)
            for loop, extent, part in zip(loops, extents, parts)
        }
        self.shards = list(itertools.product(*[range(part) for part in parts]))

    def span(self, loop, shard):
        return self.cut[loop][shard[self.loops.index(loop)]]

    def image(self, dim, outputs, taps):
        """Positions read, unclipped: all from first to last."""
        s, d = self.layer["stride"][dim], self.layer["dilation"][dim]
        low = self.layer["pad_low"][dim]
        return (
            outputs[0] * s + taps[0] * d - low,
            (outputs[1] - 1) * s + (taps[1] - 1) * d - low + 1,
        )

    def image_dim(self, dim, shard):
        """What a shard owns and holds of a dim of the image."""
        size = self.layer["input"][dim]
        taps = (0, self.layer["kernel"][dim])
        spans = [self.image(dim, cut, taps) for cut in self.cut[f"o{dim}"]]
        cuts = [0]
        for before, after in zip(spans, spans[1:]):
            cuts.append(min(max((before[1] + after[0]) // 2, cuts[-1]), size))
        cuts.append(size)
        i = shard[self.loops.index(f"o{dim}")]
        j = shard[self.loops.index(f"k{dim}")]
        begin, end = stripes(cuts[i + 1] - cuts[i], self.parts[f"k{dim}"])[j]
        held = self.image(
            dim, self.span(f"o{dim}", shard), self.span(f"k{dim}", shard)
        )
        return (
            (cuts[i] + begin, cuts[i] + end),
            (max(held[0], 0), min(held[1], size)),
        )

    def operand(self, which, shard):
        """Per dim what is owned and what is held; and the loops that cut."""
        dims = range(len(self.layer["kernel"]))
        outputs, taps = [f"o{d}" for d in dims], [f"k{d}" for d in dims]
        plain = {
            "input": (["n", "g"], ["ic"]),
            "filter": (["g", *taps, "ic", "oc"], []),
            "output": (["n", "g", *outputs, "oc"], []),
        }[which]
        first, last = [[(self.span(loop, shard),) * 2 for loop in group if
                        loop in self.loops] for group in plain]
        middle = (
            [self.image_dim(d, shard) for d in dims] if which == "input" else []
        )
        cutting = plain[0] + plain[1]
        if which == "input":
            cutting = cutting + outputs + taps
        return first + middle + last, cutting

    def words(self):
        """Of the busiest shard."""
        return max(self.words_of(shard) for shard in self.shards)

    def words_of(self, shard):
        words = 0
        for which in ("input", "filter", "output"):
            intervals, cutting = self.operand(which, shard)
            owned, held = (
                list(itertools.product(*[range(*dim[i]) for dim in intervals]))
                for i in (0, 1)
            )
            # The shards that own the same, in the order of their index.
            sharing = [
                other
                for other in self.shards
                if all(
                    a == b
                    for loop, a, b in zip(self.loops, other, shard)
                    if loop in cutting
                )
            ]
            begin, end = stripes(len(owned), len(sharing))[sharing.index(shard)]
            piece = set(owned[begin:end])
            words += sum(element not in piece for element in held)
        return words

    def shares(self):
        """The most elements of each operand that a shard owns."""
        most = []
        for which in ("input", "filter", "output"):
            largest = 0
            for shard in self.shards:
                intervals, cutting = self.operand(which, shard)
                size = math.prod(max(0, e - b) for (b, e), _ in intervals)
                copies = math.prod(
                    part for loop, part in self.parts.items() if loop not in cutting
                )
                largest = max(largest, -(-size // copies))
            most.append(largest)
        return most

    def most_work(self):
        return math.prod(cut[0][1] - cut[0][0] for cut in self.cut.values())


def loops_of(layer):
    """Names and extents, in the order of the op's loops."""
    g, dims = layer["groups"], range(len(layer["kernel"]))
    loops = [("n", layer["batch"])]
    if g > 1:
        loops.append(("g", g))
    loops += [(f"o{d}", output_image(layer)[d]) for d in dims]
    loops.append(("oc", layer["out_channels"] // g))
    loops += [(f"k{d}", layer["kernel"][d]) for d in dims]
    loops.append(("ic", layer["in_channels"] // g))
    return loops


def all_parts(extents, most):
    if not extents:
        yield ()
        return
    for part in range(1, min(extents[0], most) + 1):
        for rest in all_parts(extents[1:], most // part):
            yield (part, *rest)


def pairs_of(layer, dim):
    """(output, tap, position) of a dim that read no padding."""
    for o in range(output_image(layer)[dim]):
        for k in range(layer["kernel"][dim]):
            at = o * layer["stride"][dim] + k * layer["dilation"][dim]
            at -= layer["pad_low"][dim]
            if 0 <= at < layer["input"][dim]:
                yield o, k, at


def least_sum(product, least):
    """min x + y + z with x y z >= product and each at least its least, by
    trying which of them are at their least."""
    best = math.inf
    for fixed in itertools.product((False, True), repeat=3):
        held = math.prod(l for l, f in zip(least, fixed) if f)
        free = fixed.count(False)
        side = (product / held) ** (1 / free) if free else 0
        values = [l if f else max(side, l) for l, f in zip(least, fixed)]
        if math.prod(values) >= product * (1 - 1e-12):
            best = min(best, sum(values))
    return best


def bound(layer, devices, shares):
    g, n = layer["groups"], layer["batch"]
    channels, filters = layer["in_channels"] // g, layer["out_channels"] // g
    dims = range(len(layer["kernel"]))
    real = [list(pairs_of(layer, d)) for d in dims]
    work = n * g * channels * filters * math.prod(map(len, real)) / devices
    reuse = 1
    uses = [filters, n, channels]  # of an element of input, filter, output
    for d in dims:
        s, dilation = layer["stride"][d], layer["dilation"][d]
        step = math.gcd(s, dilation)
        columns = [[p[i] for p in real[d]] for i in (2, 1, 0)]
        outputs, taps = len(set(columns[2])), len(set(columns[1]))
        reuse *= min(
            -(-layer["kernel"][d] * step // s),
            -(-output_image(layer)[d] * step // dilation),
            outputs,
            taps,
            len(set(columns[0])),
        )
        for i in range(3):
            uses[i] *= max(columns[i].count(value) for value in set(columns[i]))
    sizes = [
        n * layer["in_channels"] * math.prod(layer["input"]),
        layer["out_channels"] * channels * math.prod(layer["kernel"]),
        n * layer["out_channels"] * math.prod(output_image(layer)),
    ]
    own = [max(share, -(-size // devices)) for share, size in zip(shares, sizes)]
    least = [max(work / use, share) for use, share in zip(uses, own)]
    product = max(work * work / reuse, work**1.5)
    return max(0, math.ceil(least_sum(product, least) - sum(own) - 1e-6))


def compare(layer, devices):
    names, extents = zip(*loops_of(layer))
    total = math.prod(extents)
    best = None
    for parts in all_parts(extents, devices):
        case = Case(layer, names, extents, parts)
        if case.most_work() * devices > 1.1 * total * (1 + 1e-9):
            continue
        words = case.words()
        if best is None or words < best:
            best = words
    done = subprocess.run(
        [
            PROGRAM,
            "-",
            "--json=-",
            "--objective=words",
            "--max-imbalance=0.1",
            "--no-stream",
            f"--devices={devices}",
        ],
        input=function_of(layer),
        capture_output=True,
        text=True,
    )
    where = f"{layer['name']} on {devices}"
    if best is None:
        assert done.returncode == 2, (where, done)
        return 0
    assert done.returncode == 0, (where, done)
    (plan,) = json.loads(done.stdout)["convolutions"]
    asked = dict(entry.split("=") for entry in plan["split"].split(",") if entry)
    parts = [int(asked.pop(name, 1)) for name in names]
    assert not asked, (where, plan["split"])
    case = Case(layer, names, extents, parts)
    assert plan["grid"] == [part for part in parts if part > 1], (where, plan)
    assert plan["words"] == best == case.words(), (where, best, plan)
    assert plan["optimal"], (where, plan)
    imbalance = case.most_work() * devices / total
    assert abs(plan["macs_max_over_mean"] - imbalance) < 1e-9, (where, plan)
    want = bound(layer, devices, case.shares())
    assert plan["bound_words"] == want, (where, want, plan)
    assert plan["words"] >= want, (where, plan)
    return 1


planned = sum(
    compare(layer, devices) for layer in LAYERS for devices in (1, 2, 3, 4, 6)
)
print(f"{planned} plans as enumerated")
