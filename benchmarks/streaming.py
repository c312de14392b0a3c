#!/usr/bin/env python3
"""Streams a convolution of four times the memory of all devices.

usage: streaming.py [--dconv-run=PATH] [--devices=N] [--channels=C] [--repeat=R]

Prints a Markdown table: for links of 4, 16 and 64 GB/s between the host and all
devices, the time measured beside the time that is reached where arithmetic and
transfers overlap, and the bytes that travel beside those that no schedule avoids.

C is 64 if not given; fewer channels, in an image as much wider, are as many bytes
and less arithmetic, so that the link counts.

Arithmetic alone is measured too: the same shards and kernels with all tensors on
the devices. Filling the pipeline is the first load and the last store of each
device. The bound on bytes is the larger of all tensors once and, for each device
with a memory of M bytes, 2 sqrt(p_x p_w p_y / (Q M)) V - 2 M and
(p_x + p_w + p_y)^2 V / (4 M) - M, for V multiply-adds and p bytes per element.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROWS, TAPS = 514, 3
COLUMNS_TIMES_CHANNELS = 256 * 64
BYTES = 4

MODULE = """
func.func @main(%x: tensor<1x{rows}x{columns}x{channels}xf32>,
                %w: tensor<{taps}x{taps}x{channels}x{filters}xf32>)
    -> tensor<1x{outRows}x{outColumns}x{filters}xf32> {{
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x{outRows}x{outColumns}x{filters}xf32>
  %f = linalg.fill ins(%zero : f32)
      outs(%e : tensor<1x{outRows}x{outColumns}x{filters}xf32>)
      -> tensor<1x{outRows}x{outColumns}x{filters}xf32>
  %y = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w : tensor<1x{rows}x{columns}x{channels}xf32>,
                   tensor<{taps}x{taps}x{channels}x{filters}xf32>)
      outs(%f : tensor<1x{outRows}x{outColumns}x{filters}xf32>)
      -> tensor<1x{outRows}x{outColumns}x{filters}xf32>
  return %y : tensor<1x{outRows}x{outColumns}x{filters}xf32>
}}
"""


def run(arguments, module, options):
    """One call of dconv-run; its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [arguments.dconv_run, str(module), f"--report={report}", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"streaming: {' '.join(command)}\n{done.stderr}")
        return json.loads(report.read_text())


def bound_bytes(devices, memory, macs, tensors):
    """Bytes that no schedule avoids."""
    each = macs / devices
    reuse = TAPS**2
    per_device = max(
        (3 * BYTES) ** 2 / 4 * each / memory - memory,
        2 * math.sqrt(BYTES**3 / (reuse * memory)) * each - 2 * memory,
    )
    return max(sum(tensors), devices * per_device)


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown CPU"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dconv-run", default="dconv-run")
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()

    channels = arguments.channels
    out_rows, out_columns = ROWS - TAPS + 1, COLUMNS_TIMES_CHANNELS // channels
    columns = out_columns + TAPS - 1
    macs = out_rows * out_columns * channels**2 * TAPS**2
    tensors = [
        ROWS * columns * channels * BYTES,
        TAPS**2 * channels**2 * BYTES,
        out_rows * out_columns * channels * BYTES,
    ]
    devices = arguments.devices
    memory = sum(tensors) // (4 * devices)
    split = f"o0={16 * devices}"
    with tempfile.TemporaryDirectory() as folder:
        module = pathlib.Path(folder) / "conv.mlir"
        module.write_text(
            MODULE.format(
                rows=ROWS,
                columns=columns,
                channels=channels,
                filters=channels,
                taps=TAPS,
                outRows=out_rows,
                outColumns=out_columns,
            )
        )
        common = [f"--split={split}", f"--devices={devices}", f"--repeat={arguments.repeat}"]
        whole = run(arguments, module, common)
        compute = whole["measured"]["seconds"]["min"]
        print(
            f"{channels} channels, {sum(tensors) / 1e6:.1f} MB through {devices} devices of "
            f"{memory / 1e6:.1f} MB, `--split={split}`, on {cpu()}; arithmetic "
            f"alone {compute * 1e3:.1f} ms.\n"
        )
        print("| link | measured | reachable | ratio | bytes | bound | ratio |")
        print("|---|---|---|---|---|---|---|")
        for speed in (4, 16, 64):
            report = run(
                arguments,
                module,
                common
                + ["--stream", f"--device-memory={memory}", f"--host-bandwidth={speed}GB/s"],
            )
            measured = report["measured"]
            moved = sum(measured["scatter_bytes"]) + sum(measured["gather_bytes"])
            seconds = measured["seconds"]["min"]
            # Of each device: the first window and the filter, the last block.
            rows = out_rows / (16 * devices)
            fill = devices * (
                (rows + TAPS - 1) * columns * channels * BYTES
                + tensors[1]
                + rows * out_columns * channels * BYTES
            )
            reachable = max(compute, moved / (speed * 1e9)) + fill / (speed * 1e9)
            bound = bound_bytes(devices, memory, macs, tensors)
            print(
                f"| {speed} GB/s | {seconds * 1e3:.1f} ms | {reachable * 1e3:.1f} ms "
                f"| {seconds / reachable:.2f} | {moved / 1e6:.1f} MB "
                f"| {bound / 1e6:.1f} MB | {moved / bound:.2f} |"
            )


if __name__ == "__main__":
    main()
