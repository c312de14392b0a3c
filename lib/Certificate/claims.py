"""What the verifiers of certificates share. They know the definitions in
docs/certificate.md and the standard library alone: a mistake of dconv cannot hide
here as well. A box is a tuple of (begin, end) per dim, half open."""

import itertools
import json
import math
import sys
from collections import Counter

LARGEST, MOST_SHARDS, MOST_DIMS, MOST_COUNTED = 2**63 - 1, 2**16, 16, 2**24


class Refused(Exception):
    """A claim that does not hold."""


def show(value):
    return json.dumps(value)[:99]


def common(a, b):
    return tuple((max(p[0], q[0]), min(p[1], q[1])) for p, q in zip(a, b))


def volume(box):
    return math.prod(max(0, end - begin) for begin, end in box)


def must_tile(what, boxes, target):
    """Each element of `target` is in just one of `boxes`, no other in any: corners,
    signed as differences of the indicator functions are, add up to the target's."""
    number(len(target), 0, MOST_DIMS)
    corners = Counter()
    for box, sign in itertools.chain(((b, 1) for b in boxes), [(target, -1)]):
        if volume(box):
            for ends in itertools.product((0, 1), repeat=len(box)):
                at = tuple(pair[end] for pair, end in zip(box, ends))
                corners[at] += sign * (-1) ** sum(ends)
    wrong = min((at for at in corners if corners[at]), default=None)
    if wrong is not None:  # at the first corner the elements themselves differ
        fault = "missing" if corners[wrong] < 0 else "there too often"
        raise Refused(f"{what}: {show(wrong)} is {fault} in {show(target)}")


def within(values, factor, constant, size):
    """Those of the range `values` with 0 <= factor * value + constant < size."""
    first, last = (-constant, size - 1 - constant)[:: 1 if factor > 0 else -1]
    low, high = -(-first // factor), last // factor + 1
    return range(max(values.start, low), max(low, min(values.stop, high)))


def partners(values, factor, others, step, constant, size):
    """How many of `values` have how many of `others` with a position within."""
    full, counts = values, Counter()
    for other in (*others[:1], *others[-1:]):  # between them are all others
        full = within(full, factor, constant + step * other, size) or values[:0]
    if full and others:
        counts[len(others)] = len(full)
    edges = range(values.start, full.start), range(full.stop, values.stop)
    number(sum(map(len, edges)), 0, MOST_COUNTED)
    for value in itertools.chain(*edges):
        counts[len(within(others, step, constant + factor * value, size))] += 1
    return counts


def get(claim, key):
    if type(claim) is not dict or key not in claim:
        raise Refused(f"needs a field '{key}', got {show(claim)}")
    return claim[key]


def items(claim, size=None):
    if type(claim) is not list or size not in (None, len(claim)):
        raise Refused(f"needs a list of {size or 'some'} entries, got {show(claim)}")
    return claim


def number(claim, low=0, high=LARGEST):
    if type(claim) is not int or not low <= claim <= high:
        raise Refused(f"needs an integer from {low} to {high}, got {show(claim)}")
    return claim


def numbers(claim, low=0, high=LARGEST, size=None):
    return [number(entry, low, high) for entry in items(claim, size)]


def read_box(claim, rank=None):
    box = tuple(tuple(numbers(p, -LARGEST, size=2)) for p in items(claim, rank))
    if any(begin >= end for begin, end in box):
        raise Refused(f"needs a box that is not empty, got {show(claim)}")
    return box


def equal(what, claim, found):
    """Refuses a claim other than what was found; fractions may be rounded."""
    are_lists = type(claim) is list and type(found) in (list, tuple)
    if are_lists and len(claim) == len(found):
        for i, (one, other) in enumerate(zip(claim, found)):
            equal(f"{what}[{i}]", one, other)
    elif isinstance(found, dict):
        for key in found:
            equal(f"{what} {key}", get(claim, key), found[key])
        if len(claim) != len(found):
            raise Refused(f"{what} claimed {show(claim)}, found {show(found)}")
    elif type(claim) is float and (type(found) is float or found > 2**53):
        if not math.isclose(claim, found):
            raise Refused(f"{what} claimed {claim}, found {found}")
    elif type(claim) is not type(found) or claim != found:
        raise Refused(f"{what} claimed {show(claim)}, found {show(found)}")


class Tensor:
    def __init__(self, name, claim, extents):
        equal("name", get(claim, "name"), name)
        self.name = name
        self.bytes = number(get(claim, "element_bytes"), 1, 64)
        self.all = tuple((0, n) for n in numbers(get(claim, "shape"), 1))
        self.map = []  # per dim: coefficient per loop, constant
        for expr in items(get(claim, "map"), len(self.all)):
            factors = numbers(get(expr, "coefficients"), -LARGEST, size=len(extents))
            self.map.append((factors, number(get(expr, "constant"), -LARGEST)))

    def uses(self, loop):
        return any(factors[loop] for factors, _ in self.map)

    def footprint(self, box):
        """The hull of the positions that the iterations of `box` reach."""
        reach = []
        for factors, constant in self.map:
            ends = [sorted((f * p[0], f * (p[1] - 1))) for f, p in zip(factors, box)]
            first, last = (constant + sum(pair[i] for pair in ends) for i in (0, 1))
            reach.append((first, last + 1))
        return tuple(reach)


class Claims:  # of one convolution
    def __init__(self, claims):
        self.claims, self.section = claims, ""

    def open(self, section):
        self.section = section
        return get(self.claims, section)

    def read_tensors(self):
        self.extents = [number(get(l, "extent"), 1) for l in items(self.open("loops"))]
        self.space = tuple((0, extent) for extent in self.extents)
        operands = items(self.open("operands")) or [None]
        names = [f"input {i}" for i in range(len(operands) - 1)] + ["output"]
        tensors = (Tensor(n, c, self.extents) for n, c in zip(names, operands))
        self.tensors = {tensor.name: tensor for tensor in tensors}
        *self.inputs, self.output = self.tensors.values()
        if self.output.footprint(self.space) != self.output.all:
            raise Refused("the loops do not write the output, whole and once")
        self.accumulator_bytes = number(self.open("accumulator_bytes"), 1, 64)
        self.fills = self.open("fills_output")
        equal("", self.fills, self.fills is True)

    def read_split(self):
        self.devices = number(self.open("devices"), 1, MOST_SHARDS)
        self.axes = axes = []
        for axis in items(self.open("axes")):
            loop = number(get(axis, "loop"), 0, len(self.extents) - 1)
            axes.append([(loop, pair) for pair in read_box(get(axis, "stripes"))])
        grid = [len(axis) for axis in axes]
        self.shards = range(number(math.prod(grid), 1, MOST_SHARDS))
        self.iterations = []  # per shard
        for parts in itertools.product(*axes):
            cut = {**dict(enumerate(self.space)), **dict(parts)}
            self.iterations.append(tuple(cut.values()))
        must_tile("iterations of the shards", self.iterations, self.space)
        tensors = self.tensors.items()
        self.window = {n: list(map(t.footprint, self.iterations)) for n, t in tensors}
        equal("", self.open("grid"), grid)
        placement = items(self.open("placement"), len(self.shards))
        self.placement = numbers(placement, 0, self.devices - 1)
        self.shards_of = [[] for _ in range(self.devices)]
        for shard, device in enumerate(self.placement):
            self.shards_of[device].append(shard)
        macs = [sum(volume(self.iterations[s]) for s in own) for own in self.shards_of]
        equal("", self.open("macs"), macs)

    def count_terms(self):
        """V, Q, and at most how often an element of each tensor is used, from loops
        alone in their dims and from windows, two loops in one dim, pair by pair."""
        tensors = list(self.tensors.values())
        inside = [range(extent) for extent in self.extents]  # read no padding
        windows, shared, macs, reuse, uses = [], set(), 1, 1, [1] * len(tensors)
        for t, tensor in enumerate(tensors):
            for (factors, constant), (_, size) in zip(tensor.map, tensor.all):
                loops = [loop for loop, factor in enumerate(factors) if factor]
                if len(loops) > 2 or (len(loops) == 2 and shared & set(loops)):
                    raise Refused("no bound is known where windows share loops")
                if len(loops) == 2:  # of the output, then of the filter
                    o, k = sorted(loops, key=lambda loop: not self.output.uses(loop))
                    windows.append((o, k, t, factors[o], factors[k], constant, size))
                    shared |= {o, k}
                for loop in loops[: len(loops) == 1]:
                    inside[loop] = within(inside[loop], factors[loop], constant, size)
                macs *= bool(loops) or 0 <= constant < size
        for loop, values in enumerate(inside):
            if loop not in shared:
                users = [tensor.uses(loop) for tensor in tensors]
                macs *= len(values)
                uses = [n * (used or len(values)) for n, used in zip(uses, users)]
                reuse *= self.extents[loop] if sum(users) == 1 else 1
        for o, k, owner, s, d, constant, size in windows:
            outputs, taps = range(self.extents[o]), range(self.extents[k])
            of_output = partners(outputs, s, taps, d, constant, size)
            of_tap = partners(taps, d, outputs, s, constant, size)
            real = partners(inside[o], s, inside[k], d, constant, size)
            pairs, g = sum(n * times for n, times in real.items()), math.gcd(s, d)
            reads = [-(-len(taps) * g // abs(s)), -(-len(outputs) * g // abs(d))]
            reads += [sum(c.values()) - c[0] for c in (of_output, of_tap)]
            most = {(0, 0): pairs, (1, 0): max(of_output), (0, 1): max(of_tap)}
            for t, tensor in enumerate(tensors):
                most[1, 1] = min(reads) if t == owner else 1
                uses[t] *= most[tensor.uses(o), tensor.uses(k)]
            reach = abs(s) * (len(outputs) - 1) + abs(d) * (len(taps) - 1) + 1
            filtered = any(x.uses(k) for t, x in enumerate(tensors) if t != owner)
            reuse *= min(*reads, size, reach) if filtered else len(taps) ** 2
            macs *= pairs
        return macs, reuse, uses


def verify(text, plans, kind):
    """Yields the names of the convolutions in list `plans` that `kind` proves."""
    where = ""
    try:
        file = json.loads(text)
        equal("format", get(file, "format"), "dconv-certificate")
        equal("version", get(file, "version"), 1)
        for claims in items(get(file, plans)):
            name = get(claims, "name")
            equal("name", name, str(name))
            verifier, where = kind(claims), f"{name}: "
            verifier.prove()
            yield name
            where = ""
    except (Refused, TypeError, ValueError, RecursionError, OverflowError) as error:
        where += f"{verifier.section}: " if where else ""
        raise Refused(f"certificate refused: {where}{str(error).strip()}") from None


def main(plans, kind):
    """Exit code 0: proved; 1: refused; 2: not readable."""
    try:
        with open(sys.argv[1], encoding="utf-8") as certificate:
            for name in verify(certificate.read(), plans, kind):
                print(f"{name}: proved")
    except (OSError, Refused) as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        sys.exit(1 if isinstance(wrong, Refused) else 2)
