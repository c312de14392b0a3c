#!/usr/bin/env python3
"""Writes layers of layers.json as one MLIR module, a function each.

A function has the layer's name and takes the image and the filter. Padding is a
tensor.pad in front; grouped layers are linalg.generic, others the named op with
channels last.
"""

import argparse
import json
import pathlib
import sys

NAMED = {
    1: "linalg.conv_1d_nwc_wcf",
    2: "linalg.conv_2d_nhwc_hwcf",
    3: "linalg.conv_3d_ndhwc_dhwcf",
}


def tensor(shape, element):
    return "tensor<" + "x".join(str(extent) for extent in shape) + f"x{element}>"


def output_image(layer):
    """The extents of the result's image."""
    return [
        (size + low + high - (kernel - 1) * dilation - 1) // stride + 1
        for size, low, high, kernel, dilation, stride in zip(
            layer["input"],
            layer["pad_low"],
            layer["pad_high"],
            layer["kernel"],
            layer["dilation"],
            layer["stride"],
        )
    ]


def shapes(layer):
    """Image, image with its padding, filter and result."""
    n, g = layer["batch"], layer["groups"]
    channels = layer["in_channels"] // g, layer["out_channels"] // g
    padded = [
        size + low + high
        for size, low, high in zip(
            layer["input"], layer["pad_low"], layer["pad_high"]
        )
    ]
    kernel, result = layer["kernel"], output_image(layer)
    if g == 1:
        return (
            [n, *layer["input"], channels[0]],
            [n, *padded, channels[0]],
            [*kernel, *channels],
            [n, *result, channels[1]],
        )
    return (
        [n, g, *layer["input"], channels[0]],
        [n, g, *padded, channels[0]],
        [g, *kernel, *channels],
        [n, g, *result, channels[1]],
    )


def pad_lines(layer, image, padded, element):
    """The tensor.pad in front, or nothing."""
    if image == padded:
        return []
    first = 1 if layer["groups"] == 1 else 2
    low = [0] * first + layer["pad_low"] + [0]
    high = [0] * first + layer["pad_high"] + [0]
    indices = ", ".join(f"%i{d}: index" for d in range(len(image)))
    return [
        f"  %p = tensor.pad %x low{low} high{high} {{",
        f"  ^bb0({indices}):",
        f"    tensor.yield %zero : {element}",
        f"  }} : {tensor(image, element)} to {tensor(padded, element)}",
    ]


def generic_maps(layer):
    """The maps of a grouped layer: loops n, g, o.., oc, k.., ic."""
    dims = len(layer["kernel"])
    outputs = [f"o{d}" for d in range(dims)]
    taps = [f"k{d}" for d in range(dims)]
    loops = ", ".join(["n", "g", *outputs, "oc", *taps, "ic"])
    window = [
        f"o{d} * {layer['stride'][d]} + k{d} * {layer['dilation'][d]}"
        for d in range(dims)
    ]
    operands = [
        ["n", "g", *window, "ic"],
        ["g", *taps, "ic", "oc"],
        ["n", "g", *outputs, "oc"],
    ]
    maps = ", ".join(
        f"affine_map<({loops}) -> ({', '.join(operand)})>" for operand in operands
    )
    kinds = ['"parallel"'] * (3 + dims) + ['"reduction"'] * (dims + 1)
    return maps, ", ".join(kinds)


def convolution_lines(layer, types, element):
    """The op, without its first line's `%y = `."""
    image, weights, result = types
    source = "%p" if any(layer["pad_low"] + layer["pad_high"]) else "%x"
    operands = [
        f"    ins({source}, %w : {image}, {weights})",
        f"    outs(%init : {result})",
    ]
    if layer["groups"] == 1:
        dims = len(layer["kernel"])
        attributes = ", ".join(
            f"{name} = dense<{layer[key]}> : vector<{dims}xi64>"
            for name, key in (("dilations", "dilation"), ("strides", "stride"))
        )
        return [
            f"  %y = {NAMED[dims]} {{{attributes}}}",
            operands[0],
            operands[1] + f" -> {result}",
        ]
    maps, kinds = generic_maps(layer)
    return [
        f"  %y = linalg.generic {{indexing_maps = [{maps}],",
        f"      iterator_types = [{kinds}]}}",
        *operands[:1],
        operands[1] + " {",
        f"  ^bb0(%a: {element}, %b: {element}, %s: {element}):",
        f"    %m = arith.mulf %a, %b : {element}",
        f"    %t = arith.addf %s, %m : {element}",
        f"    linalg.yield %t : {element}",
        f"  }} -> {result}",
    ]


def function_of(layer, element="f32"):
    """The text of a function that computes `layer`."""
    image, padded, weights, result = shapes(layer)
    types = [tensor(shape, element) for shape in (image, padded, weights, result)]
    lines = [
        f"func.func @{layer['name']}(%x: {types[0]}, %w: {types[2]})"
        f" -> {types[3]} {{",
        f"  %zero = arith.constant 0.0 : {element}",
        *pad_lines(layer, image, padded, element),
        f"  %e = tensor.empty() : {types[3]}",
        f"  %init = linalg.fill ins(%zero : {element}) outs(%e : {types[3]})"
        f" -> {types[3]}",
        *convolution_lines(layer, types[1:], element),
        f"  return %y : {types[3]}",
        "}",
    ]
    return "\n".join(lines) + "\n"


def read_layers(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["layers"]


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="layers (all)")
    parser.add_argument(
        "--layers", default=here / "layers.json", help="another list of layers"
    )
    parser.add_argument("--type", default="f32", help="f16, bf16, f32 or f64 (f32)")
    options = parser.parse_args()
    layers = read_layers(options.layers)
    known = {layer["name"] for layer in layers}
    for name in options.names:
        if name not in known:
            sys.exit(f"layers_to_mlir.py: no layer '{name}' in {options.layers}")
    for layer in layers:
        if not options.names or layer["name"] in options.names:
            print(function_of(layer, options.type))


if __name__ == "__main__":
    main()
