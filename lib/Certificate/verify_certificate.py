#!/usr/bin/env python3
"""verify_certificate.py FILE.json proves what the certificate of a plan claims.

From the definitions in docs/certificate.md and with the standard library alone: a
mistake of dconv cannot hide here as well. A box is a tuple of (begin, end) per dim,
half open. Exit code 0: proved; 1: refused; 2: not readable.
"""

import itertools
import json
import math
import sys
from collections import Counter, defaultdict

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


def elements_before(box, part, end):
    """How many of the first `end` elements, row-major, of `box` are in `part`."""
    if not box or not volume(box):
        return end if volume(box) else 0
    at, rest = divmod(end, volume(box[1:]))
    low, high = common(box, part)[0]
    count = max(0, min(box[0][0] + at, high) - low)
    count *= volume(common(box[1:], part[1:]))
    if low <= box[0][0] + at < high:
        count += elements_before(box[1:], part[1:], rest)
    return count


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
    if isinstance(found, (list, tuple)):
        for i, (one, other) in enumerate(zip(items(claim, len(found)), found)):
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
        reads = zip(self.footprint([(0, extent) for extent in extents]), self.all)
        pads = [[max(0, -begin), max(0, end - n)] for (begin, end), (_, n) in reads]
        equal(f"{name} padding", get(claim, "padding"), pads)

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


class Verifier:
    def __init__(self, claims):
        self.claims, self.section = claims, ""

    def open(self, section):
        self.section = section
        return get(self.claims, section)

    def run(self):
        parts = [self.read_tensors, self.read_split, self.read_ownership]
        parts += [self.read_moves, self.verify_inputs, self.verify_output]
        for part in parts + [self.verify_arena, self.verify_words, self.verify_bound]:
            part()

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
            number(volume(self.iterations[-1]), 1)
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

    def read_ownership(self):
        """Of the shards that own the same box one: they own every element once."""
        names, self.owned = [*self.tensors, "result"], {}
        for name, claim in zip(names, items(self.open("ownership"), len(names))):
            equal("tensor", get(claim, "tensor"), name)
            everything = self.tensors.get(name, self.output).all
            rank, boxes = len(everything), items(get(claim, "boxes"), len(self.shards))
            nothing = ((0, 0),) * rank  # null: the shard owns nothing
            boxes = [nothing if b is None else read_box(b, rank) for b in boxes]
            must_tile(name, set(boxes), everything)
            self.owned[name] = boxes
        if self.owned["output"] != self.window["output"]:
            raise Refused("the shards own other sums than they make")
        self.reduces = self.owned["result"] != self.owned["output"]
        self.sum_bytes = self.accumulator_bytes if self.reduces else self.output.bytes
        claimed, self.steps = items(self.open("steps")), []
        self.relays = set()  # inputs of which shards keep what they are sent
        for t in self.inputs:
            self.steps.append({"kind": "scatter", "tensor": t.name})
            for algorithm in ("direct", "ring", "tree"):
                step = {"kind": "exchange", "tensor": t.name, "algorithm": algorithm}
                if step in claimed:
                    self.steps.append(step)
                    self.relays |= {t.name} if algorithm != "direct" else set()
        last = ["compute"] + ["reduce"] * self.reduces + ["gather"]
        last.insert(0, "fill" if self.fills else "scatter")
        self.steps += [{"kind": kind, "tensor": "output"} for kind in last]
        equal("", claimed, self.steps)

    def read_moves(self):
        """Every move is one that its step makes, of as many bytes as it has."""
        self.moves = defaultdict(list)  # by kind and tensor: from, to, box
        counters = ("bytes_received", "bytes_sent", "scatter_bytes", "gather_bytes")
        self.counted = {name: [0] * self.devices for name in counters}
        for index, claim in enumerate(items(self.open("moves"))):
            self.section = f"moves[{index}]"
            step = number(get(claim, "step"), 0, len(self.steps) - 1)
            kind, name = self.steps[step]["kind"], self.steps[step]["tensor"]
            box = read_box(get(claim, "box"), len(self.tensors[name].all))
            each = self.sum_bytes if kind == "reduce" else self.tensors[name].bytes
            size = volume(box) * each
            made = dict(step=step, kind=kind, tensor=name, box=box, bytes=size)
            ends, most = [], len(self.shards) - 1  # shard and device; the host is -1
            for end, at_host in (("from", kind == "scatter"), ("to", kind == "gather")):
                ends.append((-1, -1))
                if not at_host:
                    shard = number(items(get(claim, end), 2)[0], 0, most)
                    ends[-1] = (shard, self.placement[shard])
                made[end] = "host" if at_host else ends[-1]
            equal("", claim, made)
            (source, sender), (target, receiver) = ends
            if not size or source == target or kind in ("fill", "compute"):
                raise Refused("moves nothing")
            if kind in ("scatter", "gather"):
                self.counted[kind + "_bytes"][max(sender, receiver)] += size
            elif sender != receiver:
                self.counted["bytes_sent"][sender] += size
                self.counted["bytes_received"][receiver] += size
            self.moves[kind, name].append((source, target, box))
        self.section = "moves"

    def verify_inputs(self):
        """Each shard is sent what it owns, then, by who has it by then, what else it
        reads in the tensor: once, and nothing in vain, padding least of all."""
        for name, tensor in list(self.tensors.items())[:-1]:
            owned, loaded, sent = self.owned[name], defaultdict(list), defaultdict(list)
            for _, s, box in self.moves["scatter", name]:
                loaded[s].append(box)
            for source, s, box in self.moves["exchange", name]:
                if common(box, owned[source]) != box:
                    has = sum(volume(common(box, part)) for part in sent[source])
                    if has + volume(common(box, owned[source])) != volume(box):
                        raise Refused(f"shard {source} has not {show(box)} of {name}")
                sent[s].append(box)
            for s in self.shards:
                must_tile(f"{name} scattered to shard {s}", loaded[s], owned[s])
                needed = common(self.window[name][s], tensor.all)
                has = [common(owned[s], needed), *sent[s]]
                must_tile(f"{name} that shard {s} reads", has, needed)

    def verify_output(self):
        """Every iteration is added up once, where the result of its element is
        owned; so is the initial value, by a shard that has a part of the sum."""
        def moved(kind, end, owned):
            for move in self.moves[kind, "output"]:
                if move[2] != owned[move[end]]:
                    raise Refused(f"{kind} of {show(move)}, not {owned[move[end]]}")
            return self.moves[kind, "output"]

        result, added = self.owned["result"], []
        parts = [(s, s, result[s]) for s in self.shards] + moved("reduce", 1, result)
        for source, _, sums in parts:  # the iterations that belong to these sums
            box = list(self.iterations[source])
            for (factors, _), pair in zip(self.output.map, sums):
                for loop in (loop for loop, factor in enumerate(factors) if factor):
                    box[loop] = common([box[loop]], [pair])[0]
            added.append(tuple(box))
        must_tile("iterations added up", added, self.space)
        starts = [box for _, _, box in moved("scatter", 1, self.owned["output"])]
        if not self.fills:
            must_tile("initial output", starts, self.output.all)
        stored = [box for _, _, box in moved("gather", 0, result)]
        must_tile("result gathered", stored, self.output.all)

    def verify_arena(self):
        """Stripes lie one after the other, and from where these end what one shard
        needs in one step: no two buffers that live at once share a byte."""
        compute = len(self.steps) - 2 - self.reduces
        wide, narrow = self.sum_bytes, self.output.bytes
        owned = {name: dict(enumerate(self.owned[name])) for name in self.owned}
        stripes = []
        for t in self.inputs:
            stripes.append(("stripe", None, t.name, owned[t.name], t.bytes))
            if t.name in self.relays:  # kept to be passed on, and read there
                reads = [common(box, t.all) for box in self.window[t.name]]
                owned[t.name] = dict(enumerate(reads))
                stripes.append(("copy", None, t.name, owned[t.name], t.bytes))
        stripes.append(("stripe", None, "output", owned["output"], wide))
        stripes += [("stripe", None, "result", owned["result"], narrow)] * self.reduces
        # Sums that are wider than the output are converted on the device.
        starts = {s: b for _, s, b in self.moves["scatter", "output"] if wide != narrow}
        scratch = [("staging", compute - 1, "output", starts, narrow)]
        for t in self.inputs:  # read in its stripe where nothing else is read
            reads = enumerate(self.window[t.name])
            reads = {s: box for s, box in reads if box != owned[t.name][s]}
            scratch.append(("window", compute, t.name, reads, t.bytes))
        for step, name, size, at_most in (
            (compute, "output", wide, self.accumulator_bytes),
            (compute + 1, "result", narrow, wide),
        ):
            if size != at_most:
                scratch.append(("accumulator", step, name, owned[name], at_most))
        sources = defaultdict(set)  # of the sums of a shard; the first is not staged
        for source, shard, _ in self.moves["reduce", "output"]:
            sources[shard] |= {source, shard}
        at, far = self.placement, {}
        for s, them in sources.items():
            if {at[other] for other in sorted(them)[1:]} != {at[s]}:
                far[s] = owned["result"][s]
        scratch.append(("staging", compute + 1, "result", far, wide))
        self.counted["peak_bytes"] = []
        budget = get(self.claims, "memory_budget")
        arena = items(self.open("arena"), self.devices)
        for device, own in enumerate(self.shards_of):
            groups = [[(need, s) for need in stripes for s in own]]
            for step in range(compute - 1, compute + 2):
                needs = [need for need in scratch if need[1] == step]
                groups += [[(need, s) for need in needs] for s in own]
            buffers, ends = [], []
            for group in groups:
                top = ends[0] if ends else 0
                for (purpose, step, name, boxes, size), s in group:
                    box = boxes.get(s, ((0, 0),))
                    if volume(box):
                        buffer = {"purpose": purpose, "tensor": name, "shard": s}
                        buffer |= {"window": box, "element_bytes": size, "offset": top}
                        buffers.append(buffer | ({"step": step} if step else {}))
                        top += -(-volume(box) * size // 64) * 64  # whole blocks
                ends.append(top)
            peak = max(ends)
            found = {"device": device, "bytes": peak, "buffers": buffers}
            equal(f"[{device}]", arena[device], found)
            if budget is not None and number(budget) < peak:
                raise Refused(f"device {device} needs {peak} bytes of {budget}")
            self.counted["peak_bytes"].append(peak)
        found = {n: [min(t, LARGEST) for t in ts] for n, ts in self.counted.items()}
        equal("", self.open("predicted"), found)

    def verify_words(self):
        """What shards own that differ in no loop of the tensor is owned in row-major
        pieces, balanced, the longer first, by them in ascending order. Words of a
        device: what its shards read, and the sums they make, less what it owns."""
        words, self.share = [0] * self.devices, []
        for name, tensor in self.tensors.items():
            owned, owners, piece = {}, defaultdict(list), {}
            for s, at in enumerate(itertools.product(*self.axes)):
                owners[tuple(p for p in at if tensor.uses(p[0]))].append(s)
            for own in owners.values():
                boxes = [self.owned[name][s] for s in own]
                boxes = [box for box in boxes if volume(box)] or boxes[:1]
                for s in own:
                    owned[s] = tuple((min(d)[0], max(d)[1]) for d in zip(*boxes))
                end, (size, longer) = 0, divmod(volume(owned[s]), len(own))
                for i, s in enumerate(own):
                    piece[s] = (end, end + size + (i < longer))
                    end = piece[s][1]
            shares = [sum(piece[s][1] - piece[s][0] for s in o) for o in self.shards_of]
            self.share.append(max(shares))
            for device, own in enumerate(self.shards_of):
                for s, other in itertools.product(own, own):
                    read = common(self.window[name][s], tensor.all)
                    begin, end = (
                        elements_before(owned[other], read, end) for end in piece[other]
                    )
                    words[device] += (volume(read) if s == other else 0) - (end - begin)
        self.words = max(words)
        equal("", self.open("words"), self.words)

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

    def verify_bound(self):
        bound, least = self.open("bound"), number(get(self.claims, "bound_words"))
        if bound is None:  # nothing is claimed
            return equal("bound_words", least, 0)
        macs, reuse, uses = self.count_terms()
        tensors, work = list(self.tensors.values()), macs / self.devices
        sizes = [volume(tensor.all) for tensor in tensors]
        own = [max(-(-n // self.devices), m) for n, m in zip(sizes, self.share)]
        low = [max(float(n), work / u if u else 0.0) for n, u in zip(own, uses)]
        terms = {"real_macs": macs, "reuse": reuse, "uses": uses, "elements": sizes}
        equal("", bound, {**terms, "owned": own, "least": low})
        product = work * max(work / reuse, math.sqrt(work)) if work else 0
        a, b, c = sorted(low + [math.inf] * (3 - len(low)), reverse=True)
        touched = sum(low)
        if a * b * c < product:
            sides = 3 * product ** (1 / 3)
            sides = a + 2 * math.sqrt(product / a) if product <= a**3 else sides
            touched = a + b + product / (a * b) if product <= a * b * b else sides
        words = max(0, math.ceil(touched * (1 - 1e-12) - sum(own)))
        equal("bound_words", least, words)
        if self.words < words:
            raise Refused(f"words of the plan are {self.words}, below {words}")


def verify(text):
    """The names of the convolutions whose claims are proved."""
    where, names = "", []
    try:
        file = json.loads(text)
        equal("format", get(file, "format"), "dconv-certificate")
        equal("version", get(file, "version"), 1)
        for claims in items(get(file, "convolutions")):
            names.append(get(claims, "name"))
            equal("name", names[-1], str(names[-1]))
            verifier, where = Verifier(claims), f"{names[-1]}: "
            verifier.run()
            where = ""
    except (Refused, ValueError, RecursionError, OverflowError) as error:
        where += f"{verifier.section}: " if where else ""
        raise Refused(f"certificate refused: {where}{str(error).strip()}") from None
    return names


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as certificate:
            print("\n".join(f"{name}: proved" for name in verify(certificate.read())))
    except (OSError, Refused) as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        sys.exit(1 if isinstance(wrong, Refused) else 2)
