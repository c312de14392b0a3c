"""A problem as an MLIR module at level 0, channels last, as JAX would write it."""

import numpy

from reference import to_bf16

_NAMED = {1: "linalg.conv_1d_nwc_wcf", 2: "linalg.conv_2d_nhwc_hwcf",
          3: "linalg.conv_3d_ndhwc_dhwcf"}
_DEPTHWISE = {1: "linalg.depthwise_conv_1d_nwc_wc",
              2: "linalg.depthwise_conv_2d_nhwc_hwc",
              3: "linalg.depthwise_conv_3d_ndhwc_dhwc"}


def tensor(shape, element):
    return "tensor<" + "".join(f"{extent}x" for extent in shape) + f"{element}>"


class Layout:
    """Which dims an operand has, a letter each: n batch, g group, c channels and
    f filters of a group, * the image or the taps."""

    def __init__(self, problem):
        depthwise = problem.is_depthwise
        g = "g" if problem.groups > 1 else ""
        c, f = ("", "") if depthwise else ("c", "f")
        self.problem = problem
        self.letters = {"x": f"n*{g}{c}", "w": f"*{c}{g}{f}", "y": f"n*{g}{f}"}

    def shape(self, which):
        problem = self.problem
        image = {"x": problem.image, "w": problem.kernel, "y": problem.output}
        sizes = {"n": [problem.batch], "g": [problem.groups],
                 "c": [problem.channels // problem.groups],
                 "f": [problem.filters // problem.groups], "*": image[which]}
        return [size for letter in self.letters[which] for size in sizes[letter]]

    def pack(self, which, array):
        """An array with channels first, in this layout."""
        if which == "w":  # f, c, taps
            groups = self.problem.groups
            array = array.reshape(groups, -1, *array.shape[1:])
            array = numpy.moveaxis(array, (2, 0, 1), (-3, -2, -1))
        else:
            array = numpy.moveaxis(array, 1, -1)
        return numpy.ascontiguousarray(array).reshape(self.shape(which))

    def unpack(self, which, array):
        """The inverse of `pack`."""
        problem = self.problem
        if which == "w":
            filters = problem.filters // problem.groups
            array = array.reshape(*problem.kernel, -1, problem.groups, filters)
            array = numpy.moveaxis(array, (-3, -2, -1), (2, 0, 1))
        else:
            array = array.reshape(*array.shape[:problem.dims + 1], -1)
            array = numpy.moveaxis(array, -1, 1)
        return array.reshape(problem.shape(which))


def is_spread(problem):
    """Whether the input is spread out among zeros, and the filter given
    backwards."""
    strided = any(s > 1 for s in problem.stride)
    return problem.op == "transposed" or (
        problem.op == "backward_data" and strided)


def dconv_arrays(problem, operands):
    """The arguments of the module, as its arrays of NumPy."""
    layout, arrays = Layout(problem), []
    for which, array in zip(problem.operands(), operands):
        if which == "w" and is_spread(problem):
            array = numpy.flip(array, tuple(range(2, array.ndim)))
        array = layout.pack(which, array)
        if problem.type == "bf16":
            bits = to_bf16(array).view(numpy.uint32) >> 16
            array = bits.astype(numpy.uint16)
        arrays.append(array)
    return arrays


def from_dconv(problem, array):
    """The result of the module with channels first; bf16 becomes float32."""
    if problem.type == "bf16":
        array = (array.astype(numpy.uint32) << 16).view(numpy.float32)
    return Layout(problem).unpack(problem.result(), array)


class _Writer:
    """The text of one module."""

    def __init__(self, problem):
        self.problem, self.layout = problem, Layout(problem)
        self.element = problem.type
        self.sum = "i32" if problem.type == "i8" else problem.type
        self.lines = []

    def add(self, *lines):
        self.lines += lines

    def constant(self, name, element):
        zero = "0" if element.startswith("i") else "0.0"
        self.add(f"  %{name} = arith.constant {zero} : {element}")

    def fill(self, name, shape, zero, element):
        type_ = tensor(shape, element)
        self.add(f"  %{name}_empty = tensor.empty() : {type_}",
                 f"  %{name} = linalg.fill ins(%{zero} : {element})"
                 f" outs(%{name}_empty : {type_}) -> {type_}")

    def spread(self, shape, letters):
        """Puts zeros between the elements of the image."""
        at = letters.index("*")
        steps = [1] * len(shape)
        steps[at:at + self.problem.dims] = self.problem.stride
        wide = [(e - 1) * s + 1 for e, s in zip(shape, steps)]
        self.fill("zeros", wide, "zero", self.element)
        self.add(f"  %spread = tensor.insert_slice %a into %zeros"
                 f"{[0] * len(shape)} {list(shape)} {steps} :"
                 f" {tensor(shape, self.element)} into"
                 f" {tensor(wide, self.element)}")
        return "%spread", wide

    def pad(self, name, shape, letters, low, high):
        if not any(low) and not any(high):
            return name, shape
        at, dims = letters.index("*"), self.problem.dims
        lows, highs = [0] * len(shape), [0] * len(shape)
        lows[at:at + dims], highs[at:at + dims] = low, high
        padded = [e + l + h for e, l, h in zip(shape, lows, highs)]
        indices = ", ".join(f"%i{d}: index" for d in range(len(shape)))
        self.add(f"  %padded = tensor.pad {name} low{lows} high{highs} {{",
                 f"  ^bb0({indices}):",
                 f"    tensor.yield %zero : {self.element}",
                 f"  }} : {tensor(shape, self.element)} to"
                 f" {tensor(padded, self.element)}")
        return "%padded", padded

    def named(self, op, types, strides):
        dims = self.problem.dims
        attributes = ", ".join(
            f"{name} = dense<{list(values)}> : vector<{dims}xi64>"
            for name, values in (("dilations", self.problem.dilation),
                                 ("strides", strides)))
        self.add(f"  %y = {op} {{{attributes}}}", *types)

    def generic(self, types, letters, window, points):
        """Multiply-adds of any layout; `letters` of both inputs and the output,
        `window` how input 0 is indexed, `points` by which loops the others."""
        first, second, output = letters
        reductions = {l for l in first + second if l not in output} - {"*"}

        def axes(which, text):
            image = {0: window, 1: points[0], 2: points[1]}[which]
            return [x for l in text for x in (image if l == "*" else [l])]

        outer = axes(2, output)
        inner = sorted(reductions) + [p for p in points[0] if p not in outer]
        loops = outer + inner
        maps = ", ".join(
            f"affine_map<({', '.join(loops)}) -> ({', '.join(axes(i, text))})>"
            for i, text in enumerate(letters))
        kinds = ", ".join(['"parallel"'] * len(outer)
                          + ['"reduction"'] * len(inner))
        e, s = self.element, self.sum
        self.add(f"  %y = linalg.generic {{indexing_maps = [{maps}],",
                 f"      iterator_types = [{kinds}]}}", *types[:1],
                 types[1].rsplit(" -> ", 1)[0] + " {",
                 f"  ^bb0(%l: {e}, %r: {e}, %s: {s}):")
        left, right = "%l", "%r"
        if e != s:
            self.add(f"    %lw = arith.extsi %l : {e} to {s}",
                     f"    %rw = arith.extsi %r : {e} to {s}")
            left, right = "%lw", "%rw"
        kind = "i" if s.startswith("i") else "f"
        self.add(f"    %m = arith.mul{kind} {left}, {right} : {s}",
                 f"    %t = arith.add{kind} %s, %m : {s}",
                 f"    linalg.yield %t : {s}",
                 "  }" + " -> " + types[1].rsplit(" -> ", 1)[1])

    def text(self):
        p, layout = self.problem, self.layout
        first, second = p.operands()
        result = p.result()
        shapes = {t: layout.shape(t) for t in (first, second, result)}
        out = tensor(shapes[result], self.sum)
        self.add(f"func.func @main(%a: {tensor(shapes[first], self.element)},"
                 f" %b: {tensor(shapes[second], self.element)}) -> {out} {{")
        self.constant("zero", self.element)
        self.constant("start", self.sum)
        reach = [d * (k - 1) for d, k in zip(p.dilation, p.kernel)]
        low, high = list(p.low), list(p.high)
        name, shape = "%a", shapes[first]
        if p.op in ("transposed", "backward_data"):
            target = p.output if p.op == "transposed" else p.image
            if is_spread(p):
                name, shape = self.spread(shape, layout.letters[first])
            low = [r - l for r, l in zip(reach, p.low)]
            high = [t + r - l - e for t, r, l, e in
                    zip(target, reach, low, shape[1:1 + p.dims])]
        name, shape = self.pad(name, shape, layout.letters[first], low, high)
        self.fill("init", shapes[result], "start", self.sum)
        types = [f"    ins({name}, %b : {tensor(shape, self.element)},"
                 f" {tensor(shapes[second], self.element)})",
                 f"    outs(%init : {out}) -> {out}"]
        self.convolve(types, [layout.letters[t] for t in (first, second, result)],
                      reach)
        self.add(f"  return %y : {out}", "}")
        return "\n".join(self.lines) + "\n"

    def convolve(self, types, letters, reach):
        p, dims = self.problem, range(self.problem.dims)
        outputs, taps = [f"o{d}" for d in dims], [f"k{d}" for d in dims]
        strides = [1] * p.dims if p.op == "transposed" else p.stride
        if p.op in ("forward", "transposed"):
            if p.is_depthwise:
                return self.named(_DEPTHWISE[p.dims], types, strides)
            if p.groups == 1:
                return self.named(_NAMED[p.dims], types, strides)
        forward = [f"o{d} * {strides[d]} + k{d} * {p.dilation[d]}" for d in dims]
        if p.op == "backward_filter":
            window = [f"k{d} * {p.stride[d]} + o{d} * {p.dilation[d]}"
                      for d in dims]
        elif p.op == "backward_data" and not is_spread(p):
            window = [f"o{d} - k{d} * {p.dilation[d]} + {reach[d]}" for d in dims]
        elif p.op == "backward_data":
            window = [f"o{d} + k{d} * {p.dilation[d]}" for d in dims]
        else:
            window = forward
        return self.generic(types, letters, window, (taps, outputs))


def module_text(problem):
    return _Writer(problem).text()
