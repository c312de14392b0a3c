"""verify_certificate.py FILE.json: proves the plans whose tensors lie on devices."""

import itertools
import math
from collections import defaultdict

import claims
from claims import LARGEST, Refused, common, equal, get, items, must_tile, number
from claims import read_box, show, volume


def before(box, part, end):
    """How many of the first `end` elements, row-major, of `box` are in `part`."""
    if not box or not volume(box):
        return end if volume(box) else 0
    at, rest = divmod(end, volume(box[1:]))
    low, high = common(box, part)[0]
    count = max(0, min(box[0][0] + at, high) - low)
    count *= volume(common(box[1:], part[1:]))
    if low <= box[0][0] + at < high:
        count += before(box[1:], part[1:], rest)
    return count


def around(a, b):
    """The least box with both; one without elements adds nothing."""
    if not volume(a) or not volume(b):
        return a if volume(a) else b
    return tuple((min(p[0], q[0]), max(p[1], q[1])) for p, q in zip(a, b))


def in_blocks(box, size):
    return -(-volume(box) * size // 64) * 64  # whole blocks


class Plan(claims.Claims):
    def prove(self):
        parts = [self.read_tensors, self.read_split, self.read_ownership]
        parts += [self.read_moves, self.verify_inputs, self.verify_output]
        for part in parts + [self.verify_arena, self.verify_words, self.verify_bound]:
            part()

    def read_ownership(self):
        """Of the shards that own the same box one: they own every element once."""
        names, self.owned = [*self.tensors, "result"], {}
        for name, claim in zip(names, items(self.open("ownership"), len(names))):
            equal("tensor", get(claim, "tensor"), name)
            everything = self.tensors.get(name, self.output).all
            n, boxes = len(everything), items(get(claim, "boxes"), len(self.shards))
            boxes = [((0, 0),) * n if b is None else read_box(b, n) for b in boxes]
            must_tile(name, set(boxes), everything)
            self.owned[name] = boxes
        if self.owned["output"] != self.window["output"]:
            raise Refused("the shards own other sums than they make")
        self.reduces = self.owned["result"] != self.owned["output"]
        self.sum_bytes = self.accumulator_bytes if self.reduces else self.output.bytes
        claimed, self.steps = items(self.open("steps")), []
        for t in self.inputs:
            self.steps.append({"kind": "scatter", "tensor": t.name})
            exchange = {"kind": "exchange", "tensor": t.name}
            ways = ({**exchange, "algorithm": a} for a in ("direct", "ring", "tree"))
            self.steps += [way for way in ways if way in claimed]
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
        own = ("reduce", 1, "result"), ("scatter", 1, "output"), ("gather", 0, "result")
        for kind, end, name in own:
            for move in self.moves[kind, "output"]:
                if move[2] != self.owned[name][move[end]]:
                    raise Refused(f"{kind} of {show(move)}, not what the shard owns")
        result, added = self.owned["result"], []
        own = [*self.moves["reduce", "output"], *zip(self.shards, self.shards, result)]
        for source, _, sums in own:  # the iterations that belong to these sums
            box = list(self.iterations[source])
            for (factors, _), pair in zip(self.output.map, sums):
                for loop in (loop for loop, factor in enumerate(factors) if factor):
                    box[loop] = common([box[loop]], [pair])[0]
            added.append(tuple(box))
        must_tile("iterations added up", added, self.space)
        if not self.fills:
            starts = [box for _, _, box in self.moves["scatter", "output"]]
            must_tile("initial output", starts, self.output.all)
        stored = [box for _, _, box in self.moves["gather", "output"]]
        must_tile("result gathered", stored, self.output.all)

    def with_room(self, name, size, boxes):
        """What is kept of an input, and what is read beside it: around the former
        there is room for the latter where no device needs more memory for that."""
        reads = dict(enumerate(self.window[name]))
        rooms = {s: around(boxes[s], reads[s]) for s in reads}
        apart = {s: box for s, box in reads.items() if box != boxes[s]}
        for own in self.shards_of:
            grown = sum(in_blocks(rooms[s], size) for s in own)
            beside = [in_blocks(box, size) for s, box in apart.items() if s in own]
            kept = sum(in_blocks(boxes[s], size) for s in own)
            if grown > kept + max(beside, default=0):
                return boxes, apart
        return rooms, {}

    def verify_arena(self):
        """Stripes lie one after the other, and from where these end what one shard
        needs in one step: no two buffers that live at once share a byte."""
        compute = len(self.steps) - 2 - self.reduces
        wide, narrow = self.sum_bytes, self.output.bytes
        owned = {name: dict(enumerate(self.owned[name])) for name in self.owned}
        stripes, relayed = [], ("ring", "tree")
        relays = {s["tensor"] for s in self.steps if s.get("algorithm") in relayed}
        windows = []
        for t in self.inputs:
            purpose, kept = "stripe", owned[t.name]
            if t.name in relays:  # kept to be passed on, and read there
                stripes.append((purpose, None, t.name, kept, t.bytes))
                reads = [common(box, t.all) for box in self.window[t.name]]
                purpose, kept = "copy", dict(enumerate(reads))
            kept, apart = self.with_room(t.name, t.bytes, kept)
            stripes.append((purpose, None, t.name, kept, t.bytes))
            windows.append(("window", compute, t.name, apart, t.bytes))
        stripes.append(("stripe", None, "output", owned["output"], wide))
        stripes += [("stripe", None, "result", owned["result"], narrow)] * self.reduces
        # Sums that are wider than the output are converted on the device.
        starts = {s: b for _, s, b in self.moves["scatter", "output"] if wide != narrow}
        scratch = [("staging", compute - 1, "output", starts, narrow), *windows]
        if self.accumulator_bytes != narrow:
            name = "result" if self.reduces else "output"
            need = ("accumulator", compute + self.reduces, name, owned[name])
            scratch.append((*need, self.accumulator_bytes))
        sources = defaultdict(set)  # of the sums of a shard; the first is not staged
        for source, shard, _ in self.moves["reduce", "output"]:
            sources[shard] |= {source, shard}
        at = self.placement
        rest = {s: {at[o] for o in sorted(them)[1:]} for s, them in sources.items()}
        far = {s: owned["result"][s] for s in rest if rest[s] != {at[s]}}
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
                        top += in_blocks(box, size)
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
        """Shards that differ in no loop of a tensor share it in row-major pieces.
        Words: what shards of a device read, and sums they make, less what it owns."""
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
                    begin, end = (before(owned[other], read, e) for e in piece[other])
                    words[device] += (volume(read) if s == other else 0) - (end - begin)
        self.words = max(words)
        equal("", self.open("words"), self.words)

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


if __name__ == "__main__":
    claims.main("convolutions", Plan)
