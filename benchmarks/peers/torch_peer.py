"""Convolutions of PyTorch, for protocol.py.

Variants: `contiguous`, `channels last`, and `prepacked`, the ops that its compiler
calls with weights packed ahead. Padding that differs on both sides is applied
ahead, outside of what is timed.
"""

import os

import numpy
import torch
import torch.nn.functional as functional

import protocol

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "i8": torch.int8}
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
calls = []


class NotSupported(Exception):
    pass


class Case:
    """A problem, its operands, and the ways in which PyTorch computes it."""

    def __init__(self, request):
        p = self.problem = request["problem"]
        self.op, self.type = p["op"], TYPES[p["type"]]
        self.dims, self.groups = len(p["x"]) - 2, p["groups"]
        names = {"backward_data": "yw", "backward_filter": "xy"}.get(self.op, "xw")
        raw = numpy.int8 if p["type"] == "i8" else numpy.float32
        for name, path in zip(names, request["operands"]):
            array = torch.from_numpy(numpy.fromfile(path, raw).reshape(p[name]))
            setattr(self, name, array.to(self.type))
        # Of a gradient PyTorch wants the missing operand too, for its shape.
        for name in "xw":
            if not hasattr(self, name):
                setattr(self, name, torch.zeros(p[name], dtype=self.type))
        self.cut = None
        self.pads = p["low"]
        if p["low"] != p["high"]:
            pairs = list(zip(p["low"], p["high"]))
            if self.op != "forward":
                raise NotSupported("gradients with unequal padding")
            self.x = functional.pad(self.x, [v for q in pairs[::-1] for v in q])
            self.pads = [0] * self.dims

    def variants(self):
        if self.type == torch.int8:
            return [("prepacked", self.quantized),
                    ("contiguous", lambda: self.plain(False))]
        return [("contiguous", lambda: self.plain(False)),
                ("channels last", lambda: self.plain(True)),
                ("prepacked", self.prepacked)]

    def ordered(self, tensor, last):
        if not last:
            return tensor.contiguous()
        formats = {2: torch.channels_last, 3: torch.channels_last_3d}
        if self.dims not in formats:
            raise NotSupported("no such layout in 1-D")
        return tensor.contiguous(memory_format=formats[self.dims])

    def plain(self, last):
        p = self.problem
        x, w = self.ordered(self.x, last), self.ordered(self.w, last)
        stride, dilation = p["stride"], p["dilation"]
        if self.op == "forward":
            conv = getattr(functional, f"conv{self.dims}d")
            return lambda: conv(x, w, None, stride, self.pads, dilation, self.groups)
        if self.op == "transposed":
            w = self.ordered(self.w.transpose(0, 1), last)
            conv = getattr(functional, f"conv_transpose{self.dims}d")
            return lambda: conv(x, w, None, stride, self.pads, 0, self.groups,
                                dilation)
        y = self.ordered(self.y, last)
        mask = [self.op == "backward_data", self.op == "backward_filter", False]
        backward = torch.ops.aten.convolution_backward
        which = mask.index(True)
        return lambda: backward(y, x, w, None, stride, self.pads, dilation, False,
                                [0] * self.dims, self.groups, mask)[which]

    def prepacked(self):
        p = self.problem
        x = self.ordered(self.x, True)
        rest = (self.pads, p["stride"], p["dilation"], self.groups)
        if self.op == "transposed":
            w = self.w.transpose(0, 1).contiguous()
            packed = torch.ops.mkldnn._reorder_convolution_transpose_weight(
                w, self.pads, [0] * self.dims, p["stride"], p["dilation"],
                self.groups, list(x.shape))
            call = torch.ops.mkldnn._convolution_transpose_pointwise
            return lambda: call(x, packed, None, self.pads, [0] * self.dims,
                                p["stride"], p["dilation"], self.groups, "none", [],
                                "")
        if self.op != "forward":
            raise NotSupported("no packed weights in gradients")
        if self.dims == 2:
            packed = torch.ops.mkldnn._reorder_convolution_weight(
                self.w, *rest, list(x.shape))
        else:
            packed = torch._C._nn.mkldnn_reorder_conv3d_weight(
                self.w.to_mkldnn(), *rest, list(x.shape))
        call = torch.ops.mkldnn._convolution_pointwise
        return lambda: call(x, packed, None, *rest, "none", [], "")

    def quantized(self):
        """Sums as floats with scale 1: exact below 2^24. The op takes no signed
        image, so it is the same numbers with a zero point of 128."""
        p = self.problem
        if self.op != "forward":
            raise NotSupported("no quantized op of this kind")
        last = self.dims in (2, 3)
        x = self.ordered((self.x.to(torch.int16) + 128).to(torch.uint8), last)
        rest = (p["stride"], self.pads, p["dilation"], self.groups)
        scales = torch.ones(p["w"][0])
        zeros = torch.zeros(p["w"][0], dtype=torch.int64)
        packed = torch.ops.onednn.qconv_prepack(self.w, scales, 1.0, 128, *rest,
                                                list(x.shape))
        call = getattr(torch.ops.onednn, f"qconv{self.dims}d_pointwise")
        return lambda: call(x, 1.0, 128, packed, scales, zeros, None, *rest, 1.0, 0,
                            torch.float32, "none", [], "")


def opened(request):
    calls.clear()
    case = Case(request)
    names, unsupported = [], {}
    for name, build in case.variants():
        try:
            call = build()
            result = call()
        except (NotSupported, RuntimeError, AttributeError, TypeError,
                NotImplementedError) as error:
            unsupported[name] = protocol.first_line(error)
            continue
        if result.is_mkldnn:
            result = result.to_dense()
        kind = numpy.int32 if case.type == torch.int8 else numpy.float32
        # A result in int8 has wrapped; it is stored as it is, and judged.
        array = result.to(torch.float32).contiguous().numpy().astype(kind)
        array.tofile(f"{request['result']}.{len(names)}")
        calls.append(call)
        names.append({"name": name, "seconds": protocol.seconds_of(call, 1)[0]})
    return {"variants": names, "unsupported": unsupported}


if __name__ == "__main__":
    with torch.inference_mode():
        protocol.serve(
            opened, lambda which, repeat: protocol.seconds_of(calls[which], repeat),
            calls.clear)
