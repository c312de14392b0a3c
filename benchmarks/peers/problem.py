"""A convolution of the suite: its sizes, its data and the ways to split it."""

import dataclasses
import json
import math
import pathlib

SUITE = pathlib.Path(__file__).resolve().parent.parent / "suite.json"
OPS = ("forward", "transposed", "backward_data", "backward_filter")
TYPES = ("f32", "bf16", "i8")

# Values of the operands, none of them 0. Sums of products stay below 2^24, so that
# floats hold them exactly whatever the order of the terms.
LARGEST = {"f32": 4, "bf16": 4, "i8": 100}


@dataclasses.dataclass(frozen=True)
class Split:
    """Into how many parts each direction is cut; `image` and `taps` per dim."""

    batch: int = 1
    image: tuple = ()
    filters: int = 1
    channels: int = 1
    groups: int = 1
    taps: tuple = ()
    scattered: bool = False  # the result cut by what its sum was cut by

    def devices(self):
        return (self.batch * self.filters * self.channels * self.groups
                * math.prod(self.image) * math.prod(self.taps))

    def name(self):
        """As in `batch=2,image=2x1`."""
        parts = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                if math.prod(value) > 1:
                    parts.append(f"{field.name}={'x'.join(map(str, value))}")
            elif value is True:
                parts.append(field.name)
            elif value > 1:
                parts.append(f"{field.name}={value}")
        return ",".join(parts)


@dataclasses.dataclass(frozen=True)
class Problem:
    """A layer in one type. Of a gradient the sizes are those of the forward
    convolution: `image` is the extents of x, `output` those of y."""

    name: str
    op: str
    type: str
    batch: int
    groups: int
    channels: int  # of all groups
    filters: int  # of all groups
    image: tuple
    kernel: tuple
    stride: tuple
    dilation: tuple
    low: tuple
    high: tuple

    @property
    def dims(self):
        return len(self.image)

    @property
    def is_depthwise(self):
        return self.groups == self.channels == self.filters and self.groups > 1

    @property
    def output(self):
        sizes = zip(self.image, self.kernel, self.stride, self.dilation, self.low,
                    self.high)
        if self.op == "transposed":
            return tuple((i - 1) * s + d * (k - 1) + 1 - l - h
                         for i, k, s, d, l, h in sizes)
        return tuple((i + l + h - d * (k - 1) - 1) // s + 1
                     for i, k, s, d, l, h in sizes)

    def shape(self, tensor):
        """Of x, w or y, channels first."""
        if tensor == "w":
            return (self.filters, self.channels // self.groups, *self.kernel)
        if tensor == "x":
            return (self.batch, self.channels, *self.image)
        return (self.batch, self.filters, *self.output)

    def operands(self):
        """Which tensors are read."""
        return {"backward_data": ("y", "w"),
                "backward_filter": ("x", "y")}.get(self.op, ("x", "w"))

    def result(self):
        """Which tensor is computed."""
        return {"backward_data": "x", "backward_filter": "w"}.get(self.op, "y")

    def macs(self):
        """Multiply-adds, those with padding counted."""
        pixels = self.image if self.op == "transposed" else self.output
        return (self.batch * self.filters * self.channels // self.groups
                * math.prod(pixels) * math.prod(self.kernel))

    def needed_macs(self):
        """Multiply-adds, those with padding left out."""
        count = self.batch * self.filters * self.channels // self.groups
        transposed = self.op == "transposed"
        windows = self.output if transposed else self.image
        points = self.image if transposed else self.output
        for d in range(self.dims):
            count *= sum(
                1 for p in range(points[d]) for k in range(self.kernel[d])
                if 0 <= p * self.stride[d] + k * self.dilation[d] - self.low[d]
                < windows[d])
        return count

    def least_bytes(self):
        """Of all tensors, once."""
        sizes = {"f32": 4, "bf16": 2, "i8": 1}
        return sum(
            math.prod(self.shape(tensor))
            * (4 if self.type == "i8" and tensor == self.result() else
               sizes[self.type]) for tensor in "xwy")

    def data(self):
        """The operands: arrays of float32 or int8, channels first."""
        import numpy  # all else here runs without

        generator = numpy.random.default_rng(1)
        kind = numpy.int8 if self.type == "i8" else numpy.float32
        arrays = []
        for tensor in self.operands():
            shape = self.shape(tensor)
            sizes = generator.integers(1, LARGEST[self.type] + 1, shape)
            signs = generator.integers(0, 2, shape) * 2 - 1
            arrays.append((sizes * signs).astype(kind))
        return arrays

    def kind(self):
        """What the wanted ratios distinguish."""
        if self.groups > 1:
            return "depthwise" if self.is_depthwise else "grouped"
        if self.type != "f32":
            return self.type
        return "dense 2-D" if self.dims == 2 else f"{self.dims}-D"

    def request(self):
        """The sizes, as peers are told them."""
        return {"op": self.op, "type": self.type, "groups": self.groups,
                **{tensor: self.shape(tensor) for tensor in "xwy"},
                "stride": self.stride, "dilation": self.dilation,
                "low": self.low, "high": self.high}

    def splits_of_four(self):
        """The splits that are compared on four devices."""
        one = (1,) * self.dims
        first = lambda parts: (parts, *one[1:])
        found = []
        if self.batch % 4 == 0:
            found.append(Split(batch=4))
        found.append(Split(image=first(4)))
        if self.dims > 1:
            found.append(Split(image=(2, 2, *one[2:])))
        if self.groups > 1:
            found += [Split(groups=4), Split(image=first(2), groups=2),
                      Split(filters=4)]
        else:
            found += [Split(filters=4), Split(channels=4),
                      Split(channels=4, scattered=True),
                      Split(filters=2, channels=2),
                      Split(image=first(2), filters=2),
                      Split(image=first(2), channels=2)]
        if self.batch % 2 == 0:
            found.append(Split(batch=2, image=first(2)))
        taps = [Split(taps=first(4)), Split(taps=(2, 2, *one[2:]))]
        if self.op != "backward_filter":
            if self.kernel[0] > 3 and self.kernel[0] not in (5, 7):
                found.append(taps[0])
            if self.dims > 1 and self.kernel[1] > 1:
                found.append(Split(image=first(2), taps=(1, 2, *one[2:])))
        return found

    def spec(self, split):
        """`split` in dconv's words, which are those of the loops: an output of the
        computation is `o`, whichever tensor it is of."""
        data, filter_ = self.op == "backward_data", self.op == "backward_filter"
        grouped = self.groups > 1
        names = {
            "batch": "ic" if filter_ else "n",
            "image": "k" if filter_ else "o",
            "filters": "g" if grouped else "ic" if data else "oc",
            "channels": "oc" if data else "n" if filter_ else "ic",
            "groups": "g",
            "taps": "o" if filter_ else "k",
        }
        entries = []
        for field, loop in names.items():
            value = getattr(split, field)
            if not isinstance(value, tuple):
                value, loops = (value,), (loop,)
            else:
                loops = tuple(f"{loop}{d}" for d in range(len(value)))
            entries += [f"{l}={v}" for l, v in zip(loops, value) if v > 1]
        return ",".join(entries)


def problem_of(layer, type_):
    """What `layer`, an entry of the suite, is in `type_`."""
    return Problem(
        name=layer["name"], op=layer["op"], type=type_, batch=layer["batch"],
        groups=layer["groups"], channels=layer["in_channels"],
        filters=layer["out_channels"], image=tuple(layer["input"]),
        kernel=tuple(layer["kernel"]), stride=tuple(layer["stride"]),
        dilation=tuple(layer["dilation"]), low=tuple(layer["pad_low"]),
        high=tuple(layer["pad_high"]))


def types_of(layer):
    """The types that a layer is measured in on one and two devices."""
    if layer["type"] != "f32":
        return [layer["type"]]
    backward = layer["op"].startswith("backward")
    return ["f32", "bf16"] if backward else ["f32", "bf16", "i8"]


def read_suite(path=SUITE):
    """The layers of the suite; a mistake in it is a ValueError."""
    with open(path, encoding="utf-8") as file:
        layers = json.load(file)["layers"]
    names = set()
    for layer in layers:
        where = f"{path}: layer '{layer.get('name')}'"
        if layer["name"] in names:
            raise ValueError(f"{where} is there twice")
        names.add(layer["name"])
        if layer["op"] not in OPS:
            raise ValueError(f"{where}: op '{layer['op']}' is none of {OPS}")
        if layer["type"] not in TYPES:
            raise ValueError(f"{where}: type '{layer['type']}' is none of {TYPES}")
        lengths = {len(layer[key]) for key in (
            "input", "kernel", "stride", "dilation", "pad_low", "pad_high")}
        if len(lengths) != 1:
            raise ValueError(f"{where}: lists of {sorted(lengths)} dims")
        for key in ("in_channels", "out_channels"):
            if layer[key] % layer["groups"]:
                raise ValueError(f"{where}: {layer['groups']} groups do not divide "
                                 f"{key} = {layer[key]}")
        problem = problem_of(layer, layer["type"])
        if min(problem.output) < 1:
            raise ValueError(f"{where}: the result has the image {problem.output}")
    return layers
