"""Convolutions that XLA's SPMD partitioner divides, for protocol.py.

A request has `splits`, each a Split as a dictionary; each is a variant. Extents that
a split does not divide: JAX refuses such arguments and results, so they are whole
on each device and only constrained inside; the time and the bytes include that.
"""

import os

DEVICES = int(os.environ.get("XLA_PEER_DEVICES", "4"))
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={DEVICES}"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import jax
import jax.numpy as jnp
import numpy
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import hlo_bytes
import protocol

TYPES = {"f32": jnp.float32, "bf16": jnp.bfloat16, "i8": jnp.int8}
calls = []


class Case:
    """A problem as a JAX function with channels last."""

    def __init__(self, request):
        p = self.problem = request["problem"]
        self.op, self.type = p["op"], TYPES[p["type"]]
        self.dims = len(p["x"]) - 2
        names = {"backward_data": "yw", "backward_filter": "xy"}.get(self.op, "xw")
        self.names = names
        self.result = ({*"xwy"} - {*names}).pop()
        raw = numpy.int8 if p["type"] == "i8" else numpy.float32
        self.arrays = [
            self.to_last(name, numpy.fromfile(path, raw).reshape(p[name]))
            .astype(self.type) for name, path in zip(names, request["operands"])]

    def to_last(self, name, array):
        if name == "w":  # f, c, taps to taps, c, f
            return numpy.ascontiguousarray(
                numpy.moveaxis(array, (0, 1), (-1, -2)))
        return numpy.ascontiguousarray(numpy.moveaxis(array, 1, -1))

    def to_first(self, array):
        if self.result == "w":
            return numpy.moveaxis(array, (-1, -2), (0, 1))
        return numpy.moveaxis(array, -1, 1)

    def convolve(self, x, w):
        p, image = self.problem, "DHW"[-self.dims:]
        last, taps = f"N{image}C", f"{image}IO"
        stride, spread = p["stride"], None
        pads = list(zip(p["low"], p["high"]))
        if self.op == "transposed":
            reach = [d * (k - 1) for d, k in zip(p["dilation"], p["w"][2:])]
            pads = [(r - l, r - h) for r, (l, h) in zip(reach, pads)]
            stride, spread = [1] * self.dims, p["stride"]
            w = jnp.flip(w, tuple(range(self.dims)))
        return lax.conv_general_dilated(
            x, w, stride, pads, lhs_dilation=spread, rhs_dilation=p["dilation"],
            feature_group_count=p["groups"], dimension_numbers=(last, taps, last),
            preferred_element_type=jnp.int32 if self.type == jnp.int8 else None)

    def shape(self, name):
        shape = self.problem[name]
        if name == "w":
            return (*shape[2:], shape[1], shape[0])
        return (shape[0], *shape[2:], shape[1])

    def function(self):
        like = lambda name: jax.ShapeDtypeStruct(self.shape(name), self.type)
        if self.op == "backward_data":
            return lambda y, w: jax.linear_transpose(
                lambda x: self.convolve(x, w), like("x"))(y)[0]
        if self.op == "backward_filter":
            return lambda x, y: jax.linear_transpose(
                lambda w: self.convolve(x, w), like("w"))(y)[0]
        return self.convolve

    def sharding(self, mesh, name, split):
        """How `split` cuts a tensor: an axis of the mesh per direction."""
        axis = lambda key: key if key in mesh.axis_names else None
        both = lambda *keys: tuple(k for k in keys if axis(k)) or None
        image = [axis(f"image{d}") for d in range(self.dims)]
        if name == "w":
            taps = [axis(f"taps{d}") for d in range(self.dims)]
            spec = [*taps, axis("channels"), both("filters", "groups")]
        elif name == "x":
            spec = [axis("batch"), *image, both("channels", "groups")]
        else:
            summed = ("channels",) if split["scattered"] else ()
            spec = [axis("batch"), *image, both("filters", "groups", *summed)]
        return NamedSharding(mesh, PartitionSpec(*spec))

    def compile(self, split):
        """The compiled function and its arguments on the devices."""
        sizes = {}
        for key, value in split.items():
            if isinstance(value, list):
                sizes |= {f"{key}{d}": v for d, v in enumerate(value)}
            else:
                sizes[key] = int(value)
        sizes = {key: value for key, value in sizes.items()
                 if value > 1 and key != "scattered"}
        mesh = Mesh(numpy.array(jax.devices()).reshape(tuple(sizes.values())),
                    tuple(sizes))
        inner = [self.sharding(mesh, name, split) for name in self.names]
        result = self.sharding(mesh, self.result, split)
        whole = NamedSharding(mesh, PartitionSpec())
        outer = [s if divides(s, self.shape(n)) else whole
                 for s, n in zip(inner, self.names)]
        target = result if divides(result, self.shape(self.result)) else whole
        function = self.function()

        def constrained(*arrays):
            arrays = [lax.with_sharding_constraint(a, s)
                      for a, s in zip(arrays, inner)]
            return lax.with_sharding_constraint(function(*arrays), result)

        even = outer == inner and target is result
        jitted = jax.jit(function if even else constrained,
                         in_shardings=tuple(outer), out_shardings=target)
        arrays = [jax.device_put(a, s) for a, s in zip(self.arrays, outer)]
        return jitted.lower(*arrays).compile(), arrays, even


def divides(sharding, shape):
    try:
        sharding.shard_shape(shape)
        return True
    except ValueError:
        return False


def opened(request):
    calls.clear()
    case = Case(request)
    names, unsupported = [], {}
    for split in request["splits"]:
        name = split.pop("name")
        try:
            compiled, arrays, even = case.compile(split)
            call = lambda f=compiled, a=arrays: jax.block_until_ready(f(*a))
            result = numpy.asarray(call())
        except Exception as error:  # XLA's errors have no common class
            unsupported[name] = protocol.first_line(error)
            continue
        kind = numpy.int32 if case.type == jnp.int8 else numpy.float32
        array = numpy.ascontiguousarray(case.to_first(result.astype(kind)))
        array.tofile(f"{request['result']}.{len(names)}")
        calls.append(call)
        received = hlo_bytes.received_bytes(compiled.as_text(), DEVICES)
        names.append({"name": name, "bytes": max(received), "even": even,
                      "seconds": protocol.seconds_of(call, 1)[0]})
    return {"variants": names, "unsupported": unsupported}


if __name__ == "__main__":
    protocol.serve(
        opened, lambda which, repeat: protocol.seconds_of(calls[which], repeat),
        calls.clear)
