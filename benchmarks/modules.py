"""Writes convolutions as modules at level 0."""

# op, layouts of input, filter and output: n batch, g group, c input channel,
# f output channel, x the image or its taps.
_OPS = {
    ("dense", 1, "nhwc"): ("conv_1d_nwc_wcf", "nxc", "xcf", "nxf"),
    ("dense", 1, "nchw"): ("conv_1d_ncw_fcw", "ncx", "fcx", "nfx"),
    ("dense", 2, "nhwc"): ("conv_2d_nhwc_hwcf", "nxc", "xcf", "nxf"),
    ("dense", 2, "nchw"): ("conv_2d_nchw_fchw", "ncx", "fcx", "nfx"),
    ("dense", 3, "nhwc"): ("conv_3d_ndhwc_dhwcf", "nxc", "xcf", "nxf"),
    ("dense", 3, "nchw"): ("conv_3d_ncdhw_fcdhw", "ncx", "fcx", "nfx"),
    ("grouped", 2, "nhwc"): ("conv_2d_nhwgc_gfhwc", "nxgc", "gfxc", "nxgf"),
    ("grouped", 2, "nchw"): ("conv_2d_ngchw_gfchw", "ngcx", "gfcx", "ngfx"),
    ("depthwise", 1, "nhwc"): ("depthwise_conv_1d_nwc_wc", "nxc", "xc", "nxc"),
    ("depthwise", 1, "nchw"): ("depthwise_conv_1d_ncw_cw", "ncx", "cx", "ncx"),
    ("depthwise", 2, "nhwc"): ("depthwise_conv_2d_nhwc_hwc", "nxc", "xc", "nxc"),
    ("depthwise", 2, "nchw"): ("depthwise_conv_2d_nchw_chw", "ncx", "cx", "ncx"),
    ("depthwise", 3, "nhwc"): ("depthwise_conv_3d_ndhwc_dhwc", "nxc", "xc", "nxc"),
    ("depthwise", 3, "nchw"): ("depthwise_conv_3d_ncdhw_cdhw", "ncx", "cx", "ncx"),
}


class Layer:
    """A convolution. `image` and the lists after it have one entry per dim of
    the image; channels are those of one group; `pad` is on both sides."""

    def __init__(self, name, kind, layout, batch, channels, filters, image,
                 kernel, stride=1, dilation=1, pad=None, groups=1):
        dims = len(image)
        spread = lambda v: list(v) if isinstance(v, (list, tuple)) else [v] * dims
        self.name, self.kind, self.layout = name, kind, layout
        self.batch, self.groups = batch, groups
        self.channels, self.filters = channels, filters
        self.image, self.kernel = list(image), spread(kernel)
        self.stride, self.dilation = spread(stride), spread(dilation)
        same = [d * (k - 1) // 2 for k, d in zip(self.kernel, self.dilation)]
        self.pad = same if pad is None else spread(pad)
        self.output = [
            (i + 2 * p - d * (k - 1) - 1) // s + 1
            for i, p, d, k, s in zip(self.image, self.pad, self.dilation,
                                     self.kernel, self.stride)]

    def macs(self):
        count = self.batch * self.groups * self.channels
        if self.kind != "depthwise":
            count *= self.filters
        for o, k in zip(self.output, self.kernel):
            count *= o * k
        return count

    def loops(self):
        """The extents of the loops that a split may divide, by name."""
        found = {"n": self.batch}
        if self.kind != "dense":
            found["g"] = self.groups if self.kind == "grouped" else self.channels
        for number, extent in enumerate(self.output):
            found["o%d" % number] = extent
        if self.kind != "depthwise":
            found["oc"], found["ic"] = self.filters, self.channels
        return found

    def module(self):
        op, inputs, filters, outputs = _OPS[
            self.kind, len(self.image), self.layout]

        def shape(letters, image):
            sizes = {"n": [self.batch], "g": [self.groups],
                     "c": [self.channels], "f": [self.filters], "x": image}
            return [size for letter in letters for size in sizes[letter]]

        def tensor(sizes):
            return "tensor<%sxf32>" % "x".join(map(str, sizes))

        padded = [i + 2 * p for i, p in zip(self.image, self.pad)]
        x, w = shape(inputs, self.image), shape(filters, self.kernel)
        y, xp = shape(outputs, self.output), shape(inputs, padded)
        low = [0] * len(x)
        first = inputs.index("x")
        low[first:first + len(self.image)] = self.pad
        text = "func.func @main(%%x: %s, %%w: %s) -> %s {\n" % (
            tensor(x), tensor(w), tensor(y))
        text += "  %zero = arith.constant 0.0 : f32\n"
        operand = "%x"
        if any(self.pad):
            operand = "%p"
            text += "  %%p = tensor.pad %%x low%s high%s {\n  ^bb0(%s):\n" % (
                low, low, ", ".join("%%i%d: index" % i for i in range(len(x))))
            text += "    tensor.yield %%zero : f32\n  } : %s to %s\n" % (
                tensor(x), tensor(xp))
        else:
            xp = x
        text += "  %%e = tensor.empty() : %s\n" % tensor(y)
        text += ("  %%f = linalg.fill ins(%%zero : f32) outs(%%e : %s) -> %s\n"
                 % (tensor(y), tensor(y)))
        vector = lambda v: "dense<[%s]> : vector<%dxi64>" % (
            ", ".join(map(str, v)), len(v))
        attributes = " {dilations = %s, strides = %s}" % (
            vector(self.dilation), vector(self.stride))
        text += "  %%y = linalg.%s%s ins(%s, %%w : %s, %s) outs(%%f : %s) -> %s\n" % (
            op, attributes, operand, tensor(xp), tensor(w), tensor(y), tensor(y))
        return text + "  return %%y : %s\n}\n" % tensor(y)
