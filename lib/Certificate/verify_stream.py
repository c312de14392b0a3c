"""verify_stream.py FILE.json: proves the plans whose tensors stay on the host."""

import itertools
import math
from collections import defaultdict

import claims
from claims import LARGEST, MOST_COUNTED, Refused, common, equal, get, items, must_tile
from claims import number, numbers, read_box, show, volume, within


def positions(expr, extents, size):
    """How many positions in [0, size) some iteration reads. Those of one value of all
    loops but the longest are as far apart as its factor: few overlap others."""
    factors, constant = expr
    loops = sorted((i for i, f in enumerate(factors) if f), key=lambda i: extents[i])
    if not loops:
        return int(0 <= constant < size)
    *others, longest = loops
    number(math.prod(extents[i] for i in others), 0, MOST_COUNTED)
    step, pieces = factors[longest], set()
    for values in itertools.product(*(range(extents[i]) for i in others)):
        first = constant + sum(factors[i] * value for i, value in zip(others, values))
        inside = within(range(extents[longest]), step, first, size)
        if inside:
            low, high = sorted((first + step * inside[0], first + step * inside[-1]))
            pieces.add((low % abs(step), low, high))
    count, free, step = 0, {}, abs(step)  # per residue the first that is not counted
    for residue, low, high in sorted(pieces):
        low = max(low, free.get(residue, low))
        count += max(0, (high - low) // step + 1)
        free[residue] = max(low, high + step)
    return count


class Device:
    """The steps of one device, one after the other: what its buffers hold."""

    def __init__(self, plan, index):
        self.plan, self.index = plan, index
        self.holds = {}  # by tensor and slot: the window, and the number of its load
        self.unused, self.loads = set(), 0
        self.used = {}  # by tensor: the number of the load that was computed with last
        self.sums = defaultdict(list)  # by slot of the output: iterations added up
        self.computed, self.stored, self.scattered, self.gathered = [], [], 0, 0
        self.needs = {}  # by tensor and slot: bytes of an element, and of the largest

    def put(self, name, slot, box, each):
        size = -(-volume(box) * each // 64) * 64  # whole blocks
        self.needs[name, slot] = max((each, size), self.needs.get((name, slot), (0, 0)))

    def load(self, claim):
        """A window takes a slot whose last one has been used. What of it is in the
        tensor comes from the host; padding, and a constant initial output, does not."""
        plan, name = self.plan, get(claim, "tensor")
        if type(name) is not str or name not in plan.tensors:
            raise Refused(f"there is no tensor {show(name)}")
        tensor, slot = plan.tensors[name], number(get(claim, "slot"), 0, 1)
        window = read_box(get(claim, "window"), len(tensor.all))
        box = common(window, tensor.all)
        if not volume(box) or (tensor is plan.output and plan.fills):
            box = None
        size = volume(box) * tensor.bytes if box else 0
        made = dict(kind="load", tensor=name, slot=slot, window=window, box=box)
        equal("", claim, {**made, "bytes": size})
        if (name, slot) in self.unused:
            raise Refused(f"what slot {slot} of {name} holds was never used")
        if tensor is plan.output and self.sums[slot]:
            raise Refused(f"slot {slot} of {name} holds sums that are not stored yet")
        self.loads += 1
        self.holds[name, slot] = (window, self.loads)
        self.unused.add((name, slot))
        self.put(name, slot, window, tensor.bytes)
        self.scattered += size

    def compute(self, claim):
        """All that the shard reads, and the block it adds to, is there."""
        plan, names = self.plan, list(self.plan.tensors)
        shard = number(get(claim, "shard"), 0, len(plan.shards) - 1)
        equal(f"device of shard {shard}", self.index, plan.placement[shard])
        slots, kept = numbers(get(claim, "slots"), 0, 1, len(names)), []
        for name, slot in zip(names, slots):
            window, load = self.holds.get((name, slot), (None, 0))
            if window != plan.window[name][shard]:
                needed = f"{show(plan.window[name][shard])} of {name}"
                raise Refused(f"needs {needed}, slot {slot} holds {show(window)}")
            kept += [name] if self.used.get(name) == load else []
            self.used[name] = load
            self.unused.discard((name, slot))
        made = {"kind": "compute", "shard": shard, "slots": slots, "kept": kept}
        equal("", claim, made)
        self.computed.append(shard)
        self.sums[slots[-1]].append(plan.iterations[shard])
        if plan.accumulator_bytes != plan.output.bytes:  # summed in a place besides
            if sum(map(bool, self.sums.values())) > 1:
                raise Refused("there is one place for sums, and it holds others")
            block = plan.window["output"][shard]
            self.put("sums", 0, block, plan.accumulator_bytes)

    def store(self, claim):
        """A block that leaves has the sums of all its iterations. No shard computes
        twice and all are disjoint, so that it suffices to count."""
        plan, slot = self.plan, number(get(claim, "slot"), 0, 1)
        if ("output", slot) not in self.holds:
            raise Refused(f"slot {slot} of output holds nothing")
        block, _ = self.holds["output", slot]
        size = volume(block) * plan.output.bytes
        made = {"kind": "store", "tensor": "output", "slot": slot, "box": block}
        equal("", claim, {**made, "bytes": size})
        added = sum(map(volume, self.sums.pop(slot, [])))
        reductions = (i for i in range(len(plan.extents)) if not plan.output.uses(i))
        needed = volume(block) * math.prod(plan.extents[i] for i in reductions)
        equal("iterations added up", added, needed)
        self.stored.append(block)
        self.gathered += size

    def finish(self, buffers):
        """All is done. Buffers lie one after the other; the peak is where they end."""
        own = self.plan.shards_of[self.index]
        equal("shards computed", sorted(self.computed), own)
        for name, slot in self.unused:
            raise Refused(f"what slot {slot} of {name} holds was never used")
        for slot in (slot for slot, added in self.sums.items() if added):
            raise Refused(f"the sums in slot {slot} of output were never stored")
        top = 0
        for index, claim in enumerate(items(buffers, len(self.needs))):
            key = (get(claim, "tensor"), get(claim, "slot"))
            if key not in self.needs:
                raise Refused(f"buffers[{index}] of {show(key)} holds nothing")
            each, size = self.needs.pop(key)
            found = {"tensor": key[0], "slot": key[1], "element_bytes": each}
            found |= {"offset": top, "bytes": size}
            equal(f"buffers[{index}]", claim, found)
            top += size
        return top


class Stream(claims.Claims):
    def prove(self):
        self.read_tensors()
        self.read_split()
        self.verify_devices()
        self.verify_bound()

    def verify_devices(self):
        """Each device runs its shards, and together they store the output, once."""
        devices, peaks, budget = [], [], self.open("memory_budget")
        self.memory = None if budget is None else number(budget, 1)
        for index, claim in enumerate(items(self.open("streams"), self.devices)):
            where = self.section = f"streams[{index}]"
            device = Device(self, index)
            kinds = dict(load=device.load, compute=device.compute, store=device.store)
            equal("device", get(claim, "device"), index)
            for at, step in enumerate(items(get(claim, "steps"))):
                self.section = f"{where}: steps[{at}]"
                if get(step, "kind") not in kinds:
                    raise Refused(f"there is no step {show(step['kind'])}")
                kinds[step["kind"]](step)
            self.section = where
            devices.append(device)
            peaks.append(device.finish(get(claim, "buffers")))
            equal("bytes", get(claim, "bytes"), peaks[-1])
            if self.memory is not None and peaks[-1] > self.memory:
                raise Refused(f"needs {peaks[-1]} bytes of {self.memory}")
        self.section = "streams"
        stored = itertools.chain(*(device.stored for device in devices))
        must_tile("output stored", stored, self.output.all)
        nothing = [0] * len(devices)
        counters = {"bytes_received": nothing, "bytes_sent": nothing}
        counters["peak_bytes"] = peaks
        counters["scatter_bytes"] = [device.scattered for device in devices]
        counters["gather_bytes"] = [device.gathered for device in devices]
        found = {n: [min(t, LARGEST) for t in ts] for n, ts in counters.items()}
        equal("", self.open("predicted"), found)
        self.bytes = sum(d.scattered + d.gathered for d in devices)
        equal("", self.open("bytes"), self.bytes)

    def verify_bound(self):
        """Every element that takes part moves once, an initial output besides. And
        whatever a device with memory M does, cut into pieces that move M, or 2 M,
        bytes: what a piece touches it moves or has, and that limits its work."""
        bound, tensors = self.open("bound"), list(self.tensors.values())
        elements = [
            math.prod(positions(e, self.extents, n) for e, (_, n) in zip(t.map, t.all))
            for t in tensors
        ]
        once = sum(n * t.bytes for n, t in zip(elements, tensors))
        once += 0 if self.fills else elements[-1] * self.output.bytes
        macs = reuse = each = None  # where no such bound is claimed
        if get(bound, "each_bytes") is not None:
            if self.memory is None or len(tensors) != 3:
                raise Refused("each_bytes is known for three tensors and a memory only")
            macs, reuse, _ = self.count_terms()
            a, b, c = sorted((t.bytes for t in tensors), reverse=True)
            pairs = a * (b + c) if a > b + c else (a + b + c) ** 2 / 4
            work, memory = macs / self.devices, self.memory
            root = math.sqrt(a * b * c / (reuse * memory)) if reuse else 0
            each = max(2 * root * work - 2 * memory, pairs * work / memory - memory)
        terms = {"elements": elements, "once_bytes": once, "real_macs": macs}
        equal("", bound, {**terms, "reuse": reuse, "each_bytes": each})
        least = float(once) if each is None else max(float(once), each * self.devices)
        equal("", self.open("bound_bytes"), least)
        if self.bytes < least * (1 - 1e-12):
            raise Refused(f"the plan moves {self.bytes} bytes, below {least}")


if __name__ == "__main__":
    claims.main("streamed", Stream)
