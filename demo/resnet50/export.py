#!/usr/bin/env python3
"""Exports torchvision's ResNet-50 to linalg on tensors that MLIR 22 parses.

The demo runs the checked-in .mlir files and needs neither this script nor
torch. To make them again, from the root of the repository:

    python3 -m venv /some/where/else
    /some/where/else/bin/pip install -r demo/resnet50/requirements.txt
    /some/where/else/bin/python demo/resnet50/export.py

This writes one file per convolution of CONVOLUTIONS beside the script, and
with `--network FILE` also the forward pass of the whole network. The entry is
always @main. Weights are function arguments, never constants: of the network
first the image, then its parameters and buffers in the order in which PyTorch
names them (without num_batches_tracked, which the forward pass ignores).

torch-mlir is built on a newer LLVM than 22, so every module is passed through
mlir-opt-22 (`--mlir-opt` names another), which verifies it and prints it in
the syntax of that version.
"""

import argparse
import pathlib
import subprocess
import sys

import torch
import torchvision
from torch_mlir import fx

# The layer's name in the network, and the file that holds it.
CONVOLUTIONS = {
    "conv1": "conv1.mlir",
    "layer1.0.conv2": "layer1.0.conv2.mlir",
    "layer2.0.conv2": "layer2.0.conv2.mlir",
    "layer2.0.downsample.0": "layer2.0.downsample.mlir",
}
IMAGE_SHAPE = (1, 3, 224, 224)


class Convolution(torch.nn.Module):
    """A convolution layer of the network, its weight passed by the caller."""

    def __init__(self, layer):
        super().__init__()
        assert layer.bias is None and layer.padding_mode == "zeros"
        self.stride = layer.stride
        self.padding = layer.padding
        self.dilation = layer.dilation
        self.groups = layer.groups

    def forward(self, activations, weight):
        return torch.nn.functional.conv2d(
            activations, weight, None, self.stride, self.padding,
            self.dilation, self.groups)


class Network(torch.nn.Module):
    """A network, its parameters and buffers passed by the caller."""

    def __init__(self, network):
        super().__init__()
        # In a list, so that the tensors of `network` are not ours to export.
        self.network = [network]
        self.names = list(state_of(network))

    def forward(self, image, *tensors):
        state = dict(zip(self.names, tensors))
        return torch.func.functional_call(self.network[0], state, (image,))


def state_of(network):
    """The tensors that the forward pass in evaluation mode depends on."""
    state = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor.detach() for name, tensor in state
            if not name.endswith("num_batches_tracked")}


def input_shapes(network):
    """Shape of the activations of each of CONVOLUTIONS in a forward pass."""
    shapes = {}
    hooks = [
        network.get_submodule(name).register_forward_pre_hook(
            lambda _, inputs, name=name: shapes.update({name: inputs[0].shape}))
        for name in CONVOLUTIONS]
    network(torch.zeros(IMAGE_SHAPE))
    for hook in hooks:
        hook.remove()
    return shapes


def lower(module, example):
    """Text of `module` as linalg on tensors, as torch-mlir prints it."""
    return str(fx.export_and_import(
        module.eval(), *example, output_type=fx.OutputType.LINALG_ON_TENSORS,
        func_name="main"))


def write(path, title, text, mlir_opt):
    """Writes `text` in MLIR 22's syntax below a line that says what it is."""
    printed = subprocess.run([mlir_opt, "-"], input=text, text=True,
                             capture_output=True)
    if printed.returncode != 0:
        sys.exit(f"{path.name}: {mlir_opt} refuses it\n{printed.stderr}")
    path.write_text(f"// {title}, by demo/resnet50/export.py.\n"
                    + printed.stdout.rstrip() + "\n")
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--network", type=pathlib.Path, metavar="FILE",
                        help="also write the whole network to FILE")
    parser.add_argument("--mlir-opt", default="mlir-opt-22", metavar="PROGRAM")
    options = parser.parse_args()

    here = pathlib.Path(__file__).resolve().parent
    network = torchvision.models.resnet50(weights=None).eval()
    with torch.no_grad():
        shapes = input_shapes(network)
        for name, file in CONVOLUTIONS.items():
            layer = network.get_submodule(name)
            example = torch.zeros(shapes[name]), layer.weight.detach()
            write(here / file, f"{name} of torchvision's ResNet-50",
                  lower(Convolution(layer), example), options.mlir_opt)
        if options.network:
            example = torch.zeros(IMAGE_SHAPE), *state_of(network).values()
            write(options.network, "torchvision's ResNet-50",
                  lower(Network(network), example), options.mlir_opt)


if __name__ == "__main__":
    main()
