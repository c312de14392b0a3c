#!/usr/bin/env python3
"""Measures the planner on real layers and prints Markdown tables.

  optimality  the fewest words, beside an enumeration of all splits
  bounds      lower bound, best box and plan, and how far they are apart
  speed       seconds of whole cold processes on one core
"""

import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from layers_to_mlir import function_of, output_image, read_layers
from resnet50 import resnet50

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


class Planner:
    """Runs dconv-plan on layers."""

    def __init__(self, program, prefix=()):
        self.command = [*prefix, str(program)]

    def __call__(self, text, *options):
        """The JSON of a run, and the seconds of the process."""
        start = time.perf_counter()
        done = subprocess.run(
            [*self.command, "-", "--json=-", *options],
            input=text,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"planner.py: {' '.join(done.args)} failed:\n{done.stderr}")
        return json.loads(done.stdout), seconds

    def plans(self, layers, *options):
        """Per layer its plan."""
        text = "\n".join(function_of(layer) for layer in layers)
        report, _ = self(text, *options)
        return [
            (layer, convolution)
            for layer, convolution in zip(layers, report["convolutions"])
        ]


def print_row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def print_head(*cells):
    print_row(*cells)
    print_row(*["---"] + ["---:"] * (len(cells) - 1))


def processor():
    """The kind of CPU, as the kernel names it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown CPU"


def optimality(options, layers):
    planner = Planner(options.program)
    print_head(
        "devices",
        "layers",
        "proved optimal",
        "equal to the enumeration",
        "splits enumerated",
        "planning, all layers",
        "longest",
    )
    wrong = 0
    for devices in options.devices or (8, 12, 48, 60, 64, 96, 256):
        oracle = subprocess.run(
            [options.oracle, str(devices), "0.1"],
            check=True,
            capture_output=True,
            text=True,
        )
        expected = {}
        for line in oracle.stdout.splitlines():
            entry = json.loads(line)
            expected[entry["layer"]] = entry
        # A layer alone: where none of its splits is within the imbalance,
        # planning it is an error.
        possible = [layer for layer in layers if expected[layer["name"]]["any"]]
        plans = planner.plans(
            possible,
            f"--devices={devices}",
            "--objective=words",
            "--max-imbalance=0.1",
            "--no-stream",
            f"--machine={options.machine}",
        )
        equal = sum(
            plan["words"] == expected[layer["name"]]["words"] for layer, plan in plans
        )
        proved = sum(plan["optimal"] for _, plan in plans)
        wrong += 2 * len(plans) - equal - proved
        seconds = [plan["planning_seconds"] for _, plan in plans]
        print_row(
            devices,
            len(plans),
            proved,
            equal,
            f"{sum(entry['tried'] for entry in expected.values()):,}",
            f"{sum(seconds):.2f} s",
            f"{max(seconds) * 1e3:.0f} ms",
        )
    return wrong == 0


def real_pairs(layer, dim):
    """Pairs of output and tap of a dim that read a real input."""
    size, outputs = layer["input"][dim], output_image(layer)[dim]
    stride, dilation = layer["stride"][dim], layer["dilation"][dim]
    pairs = 0
    for tap in range(layer["kernel"][dim]):
        first = layer["pad_low"][dim] - tap * dilation  # output * stride >= first
        last = first + size - 1
        low = max(0, -(-first // stride))
        high = min(outputs - 1, last // stride)
        pairs += max(0, high - low + 1)
    return pairs


def bound_without_floor(layer, devices):
    """D - sum of what is owned, with the least that each tensor is touched by
    its reuse alone: Al Daas and others, SPAA 2022, for a convolution."""
    g = layer["groups"]
    channels, filters = layer["in_channels"] // g, layer["out_channels"] // g
    outputs = math.prod(output_image(layer))
    taps = math.prod(layer["kernel"])
    work = layer["batch"] * filters * channels * g / devices
    reuse = 1
    for dim in range(len(layer["kernel"])):
        work *= real_pairs(layer, dim)
        stride, dilation = layer["stride"][dim], layer["dilation"][dim]
        kernel = layer["kernel"][dim]
        reuse *= min(
            -(-kernel * math.gcd(stride, dilation) // stride),
            output_image(layer)[dim],
            layer["input"][dim],
        )
    sizes = (
        layer["batch"] * layer["in_channels"] * math.prod(layer["input"]),
        layer["out_channels"] * channels * taps,
        layer["batch"] * layer["out_channels"] * outputs,
    )
    least = sorted(
        (
            work / (filters * reuse),
            work / (layer["batch"] * outputs),
            work / (channels * taps),
        ),
        reverse=True,
    )
    product = max(work * work / reuse, work**1.5)
    one, two, _ = least
    if math.prod(least) >= product:
        total = sum(least)
    elif product / (one * two) <= two:
        total = one + two + product / (one * two)
    elif math.sqrt(product / one) <= one:
        total = one + 2 * math.sqrt(product / one)
    else:
        total = 3 * product ** (1 / 3)
    return total - sum(-(-size // devices) for size in sizes)


def bounds(options, layers):
    planner = Planner(options.program)
    print_head("layer", "devices", "split", "lower bound", "best box", "plan")
    distances, below = [], 0
    for devices in options.devices or (8, 64, 256):
        for layer, plan in planner.plans(
            layers,
            f"--devices={devices}",
            "--objective=words",
            "--max-imbalance=0.1",
            "--no-stream",
            f"--machine={options.machine}",
        ):
            print_row(
                layer["name"],
                devices,
                plan["split"].replace(",", " ") or "whole",
                f"{plan['bound_words']:,}",
                f"{plan['best_box_words']:,}",
                f"{plan['words']:,}",
            )
            below += plan["words"] < plan["bound_words"]
            floorless = bound_without_floor(layer, devices)
            if floorless > 0:
                distances.append(plan["words"] / floorless)
    print(
        f"\nNo plan may lie below its bound: {below} do. In {len(distances)} cases "
        "the bound is positive also without a floor for what a device owns; the "
        f"median of plan / that bound is {statistics.median(distances):.3f}."
    )
    return below == 0


def median_of_processes(planner, text, options, runs):
    found = [planner(text, *options) for _ in range(runs)]
    whole = statistics.median(seconds for _, seconds in found)
    inside = statistics.median(
        sum(plan["planning_seconds"] for plan in report["convolutions"])
        for report, _ in found
    )
    plans = found[0][0]["convolutions"]
    return whole, inside, all(plan["optimal"] for plan in plans)


def speed(options, layers):
    prefix = ["taskset", "-c", str(options.core)] if options.core is not None else []
    planner = Planner(options.program, prefix)
    by_name = {layer["name"]: layer for layer in layers}
    cases = []
    for devices, target in ((1024, 0.1), (1008, 0.1), (65536, 2), (60480, 2)):
        for name in options.layer or [
            name for name, layer in by_name.items() if len(layer["kernel"]) == 3
        ]:
            cases.append((name, [by_name[name]], devices, target))
    cases.append(("ResNet-50, 53 convolutions", resnet50(32), 1024, 5))
    print_head("layer", "devices", "process", "planning", "target", "proved optimal")
    good = True
    for name, chosen, devices, target in cases:
        text = "\n".join(function_of(layer) for layer in chosen)
        whole, inside, proved = median_of_processes(
            planner,
            text,
            [
                f"--devices={devices}",
                f"--machine={options.machine}",
                "--no-stream",
                f"--objective={options.objective}",
            ],
            options.runs,
        )
        good &= whole <= target
        print_row(
            name,
            devices,
            f"{whole:.3f} s",
            f"{inside:.3f} s",
            f"{target} s",
            "yes" if proved else "no",
        )
    print(f"\nMedians of {options.runs} processes, start-up included.")
    return good


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("optimality", "bounds", "speed"))
    build = ROOT / "build"
    parser.add_argument("--program", default=build / "bin" / "dconv-plan")
    parser.add_argument(
        "--oracle",
        default=build / "test" / "Unit" / "Planner" / "dconv-words-oracle",
        help="built by: ninja dconv-words-oracle",
    )
    parser.add_argument("--layers", default=HERE / "layers.json")
    parser.add_argument(
        "--machine",
        default=ROOT / "machines" / "host.yaml",
        help="grown to the number of devices",
    )
    parser.add_argument("--devices", type=int, action="append")
    parser.add_argument("--layer", action="append", help="speed: these layers alone")
    parser.add_argument("--core", type=int, help="speed: the core to run on")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--objective", default="time", choices=("time", "words"))
    options = parser.parse_args()
    today = time.strftime("%Y-%m-%d")
    print(f"On {today}, {processor()}, {os.cpu_count()} CPUs.\n")
    run = {"optimality": optimality, "bounds": bounds, "speed": speed}[options.what]
    good = run(options, read_layers(options.layers))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
