"""What a convolution computes, from the definition, in f64.

y[n, f, o] is the sum over c and taps k of x[n, c, o * stride + k * dilation - low]
* w[f, c, k], and the gradients are the transposes of this map. Tap by tap: x is cut
to what the tap meets, and the rest is a product of matrices.
"""

import itertools

import numpy


def _reach(problem, tap):
    """Slices of the windows' side and of the points' side that `tap` joins, per
    dim of the image; nothing where it meets only padding."""
    transposed = problem.op == "transposed"
    windows = problem.output if transposed else problem.image
    points = problem.image if transposed else problem.output
    wide, narrow = [], []
    for d, k in enumerate(tap):
        stride = problem.stride[d]
        offset = k * problem.dilation[d] - problem.low[d]
        first = max(0, -(offset // stride))
        last = min(points[d] - 1, (windows[d] - 1 - offset) // stride)
        if last < first:
            return None
        start = first * stride + offset
        wide.append(slice(start, last * stride + offset + 1, stride))
        narrow.append(slice(first, last + 1))
    return tuple(wide), tuple(narrow)


def _grouped(array, groups):
    """Channels first to [n, image.., g, c]."""
    last = numpy.moveaxis(array.astype(numpy.float64), 1, -1)
    return last.reshape(*last.shape[:-1], groups, -1)


def _contract(problem, image, weights, back):
    """The product of an image and the weights [g, c, f] of a tap."""
    if problem.is_depthwise:
        return image * weights[:, 0, 0][:, None]
    if back:
        weights = weights.transpose(0, 2, 1)
    if problem.groups == 1:
        return (image[..., 0, :] @ weights[0])[..., None, :]
    return numpy.einsum("...gc,gcf->...gf", image, weights)


def _sum_over_pixels(problem, x, y):
    """The gradient of the weights [g, c, f] of a tap."""
    if problem.is_depthwise:
        return numpy.einsum("pg,pg->g", x.reshape(-1, problem.groups),
                            y.reshape(-1, problem.groups))[:, None, None]
    x = x.reshape(-1, *x.shape[-2:]).transpose(1, 2, 0)
    y = y.reshape(-1, *y.shape[-2:]).transpose(1, 0, 2)
    return numpy.ascontiguousarray(x) @ numpy.ascontiguousarray(y)


def reference(problem, operands):
    """The result in f64, channels first."""
    groups = problem.groups
    shapes = {t: problem.shape(t) for t in "xwy"}
    result = problem.result()
    given = dict(zip(problem.operands(), operands))
    arrays = {t: _grouped(given[t], groups) if t in given else
                 _grouped(numpy.zeros(shapes[t]), groups) for t in "xy"}
    filters = problem.filters // groups
    if "w" in given:
        w = given["w"].astype(numpy.float64)
    else:
        w = numpy.zeros(shapes["w"])
    # [g, c, f, taps..]
    w = numpy.moveaxis(w.reshape(groups, filters, *shapes["w"][1:]), 1, 2).copy()
    for tap in itertools.product(*map(range, problem.kernel)):
        met = _reach(problem, tap)
        if met is None:
            continue
        wide, narrow = [(slice(None), *slices) for slices in met]
        x, y = arrays["x"], arrays["y"]
        weights = w[(slice(None), slice(None), slice(None), *tap)]
        if problem.op == "forward":
            y[narrow] += _contract(problem, x[wide], weights, False)
        elif problem.op == "transposed":
            y[wide] += _contract(problem, x[narrow], weights, False)
        elif problem.op == "backward_data":
            x[wide] += _contract(problem, y[narrow], weights, True)
        else:
            weights += _sum_over_pixels(problem, x[wide], y[narrow])
    if result == "w":
        return numpy.moveaxis(w, 2, 1).reshape(shapes["w"])
    found = arrays[result]
    return numpy.moveaxis(found.reshape(*found.shape[:-2], -1), -1, 1)


def to_bf16(array):
    """Rounded to bf16, to nearest, ties to even, as float32; no NaN."""
    bits = numpy.asarray(array, numpy.float32).view(numpy.uint32)
    bits = bits + (0x7FFF + ((bits >> 16) & 1))
    return (bits & 0xFFFF0000).astype(numpy.uint32).view(numpy.float32)


def judge(problem, expected, found):
    """(right, largest difference). Integers, and floats that hold the sums exactly,
    have to be equal. A sum in bf16 that was rounded on the way, as partial sums
    are that travel in bf16, may differ by 2^-7 of the largest result."""
    if problem.type == "bf16":
        wanted = to_bf16(expected)
    else:
        wanted = expected
    if found.shape != wanted.shape:
        return False, float("inf")
    difference = numpy.abs(found.astype(numpy.float64) - wanted)
    worst = float(difference.max()) if numpy.isfinite(difference).all() else (
        float("inf"))
    bound = 0.0
    if problem.type == "bf16":
        bound = 2.0**-7 * float(numpy.abs(wanted).max())
    return worst <= bound, worst
