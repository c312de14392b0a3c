#!/usr/bin/env python3
"""Measures layers under several splits, beside what the planner predicts."""

import argparse
import fcntl
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from modules import Layer

# Layers of known networks, or close to them. None of their shapes occurs in
# the calibration.
LAYERS = [
    Layer("resnet50_conv1", "dense", "nhwc", 2, 3, 64, [224, 224], 7, 2),
    Layer("resnet50_res2_3x3", "dense", "nhwc", 4, 64, 64, [56, 56], 3),
    Layer("resnet50_res2_1x1", "dense", "nhwc", 4, 64, 256, [56, 56], 1),
    Layer("resnet50_res3_1x1s2", "dense", "nhwc", 4, 256, 512, [56, 56], 1, 2, pad=0),
    Layer("resnet50_res3_3x3", "dense", "nhwc", 4, 128, 128, [28, 28], 3),
    Layer("resnet50_res4_3x3", "dense", "nhwc", 4, 256, 256, [14, 14], 3),
    Layer("resnet50_res5_3x3", "dense", "nhwc", 4, 512, 512, [7, 7], 3),
    Layer("resnet50_res3_3x3_nchw", "dense", "nchw", 4, 128, 128, [28, 28], 3),
    Layer("resnet50_res4_3x3_nchw", "dense", "nchw", 4, 256, 256, [14, 14], 3),
    Layer("resnet50_res4_1x1_nchw", "dense", "nchw", 4, 1024, 256, [14, 14], 1),
    Layer("resnet34_down_nchw", "dense", "nchw", 4, 64, 128, [56, 56], 3, 2),
    Layer("vgg16_conv1_2", "dense", "nhwc", 1, 64, 64, [224, 224], 3),
    Layer("vgg16_conv2_1_nchw", "dense", "nchw", 1, 64, 128, [112, 112], 3),
    Layer("vgg16_conv4_1", "dense", "nhwc", 1, 256, 512, [28, 28], 3),
    Layer("vgg16_conv5_nchw", "dense", "nchw", 2, 512, 512, [14, 14], 3),
    Layer("inception_5x5", "dense", "nhwc", 4, 48, 64, [35, 35], 5),
    Layer("inception_1x7", "dense", "nhwc", 4, 192, 192, [17, 17], [1, 7]),
    Layer("segnet_7x7", "dense", "nhwc", 1, 64, 64, [60, 80], 7),
    Layer("deeplab_d2", "dense", "nhwc", 1, 256, 256, [33, 33], 3, 1, 2),
    Layer("rfcn_d3_nchw", "dense", "nchw", 1, 128, 256, [38, 57], 3, 1, 3),
    Layer("mobilenet_dw1", "depthwise", "nhwc", 4, 32, 1, [112, 112], 3),
    Layer("mobilenet_dw2_s2", "depthwise", "nhwc", 4, 96, 1, [112, 112], 3, 2),
    Layer("mobilenet_dw_nchw", "depthwise", "nchw", 4, 144, 1, [56, 56], 3),
    Layer("convnext_dw7", "depthwise", "nhwc", 4, 96, 1, [56, 56], 7),
    Layer("resnext_g32", "grouped", "nhwc", 4, 4, 4, [56, 56], 3, groups=32),
    Layer("shufflenet_g8_nchw", "grouped", "nchw", 4, 48, 48, [28, 28], 3, groups=8),
    Layer("wavenet_d8", "dense", "nchw", 1, 128, 256, [16000], 3, 1, 8),
    Layer("wav2vec_k3s2", "dense", "nhwc", 1, 512, 512, [1600], 3, 2),
    Layer("unet3d", "dense", "nhwc", 1, 32, 32, [32, 32, 32], 3),
    Layer("c3d_nchw", "dense", "nchw", 1, 64, 128, [8, 28, 28], 3),
]


def splits_of(layer, count=6):
    """Splits of at most two loops on 2 to 8 devices, drawn by the name."""
    draw = random.Random(layer.name)
    loops = [(name, extent) for name, extent in layer.loops().items()
             if extent > 1]
    every = {}
    for number in (1, 2):
        for chosen in itertools.combinations(loops, number):
            for parts in itertools.product(range(2, 9), repeat=number):
                devices = 1
                for p in parts:
                    devices *= p
                if devices > 8 or any(p > e for p, (_, e) in zip(parts, chosen)):
                    continue
                spec = ",".join("%s=%d" % (n, p)
                                for p, (n, _) in zip(parts, chosen))
                every.setdefault((devices, number), []).append((spec, devices))
    # Each number of devices and of axes is as likely as any other.
    found = []
    while len(found) < count:
        plan = draw.choice(every[draw.choice(sorted(every))])
        if plan not in found:
            found.append(plan)
    return found


def start(tool, layer, plans, repeat, machine, lock):
    """Compiles `plans` of `layer`; they run when `lock` is free."""
    file = tempfile.NamedTemporaryFile("w", suffix=".mlir")
    file.write(layer.module())
    file.flush()
    command = [tool, file.name, "--repeat=%d" % repeat, "--lock=" + lock]
    command += ["--plan=%s@%d" % plan for plan in plans]
    command += ["--machine=" + machine] if machine else []
    output = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE,
                               text=True)
    line = process.stderr.readline()
    if line.strip() != "ready":
        sys.exit("%s: %s%s" % (layer.name, line, process.stderr.read()))
    return process, output, file


def run_realtime(process):
    """Lets `process` run before all others, where other work cannot wait."""
    for thread in os.listdir("/proc/%d/task" % process.pid):
        os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(50))


def measure(options):
    """Per layer the report of dconv-measure: its plans, the first one twice.

    Some layers at a time are compiled and then measured one after the other,
    each with its plans in turn, while nothing is compiled."""
    results = []
    with tempfile.NamedTemporaryFile() as gate:
        for begin in range(0, len(LAYERS), 8):
            fcntl.flock(gate, fcntl.LOCK_EX)
            started = []
            for layer in LAYERS[begin:begin + 8]:
                plans = splits_of(layer)
                started.append((layer, start(
                    options.tool, layer, plans + plans[:1], options.repeat,
                    options.machine, gate.name)))
            quiet = open(options.lock or os.devnull)
            if options.lock:
                fcntl.flock(quiet, fcntl.LOCK_SH if options.realtime
                            else fcntl.LOCK_EX)
            if options.realtime:
                for _, (process, _, _) in started:
                    run_realtime(process)
            fcntl.flock(gate, fcntl.LOCK_UN)
            for layer, (process, output, _) in started:
                if process.wait() != 0:
                    sys.exit("%s: %s" % (layer.name, process.stderr.read()))
                output.seek(0)
                results.append({"layer": layer.name, "macs": layer.macs(),
                                "plans": json.load(output)})
            quiet.close()
    return results


def predict(options, results):
    """Replaces what was predicted by what the machine now says."""
    layers = {layer.name: layer for layer in LAYERS}
    for result in results:
        with tempfile.NamedTemporaryFile() as gate:
            plans = [tuple(p["plan"].rsplit("@", 1)) for p in result["plans"]]
            process, output, _ = start(
                options.tool, layers[result["layer"]],
                [(spec, int(n)) for spec, n in plans], 0, options.machine,
                gate.name)
            process.wait()
            output.seek(0)
            for old, new in zip(result["plans"], json.load(output)):
                for key in ("predicted", "compute", "exchange", "reduce"):
                    old[key] = new[key]


def ranks(values):
    """From 1; equal values share the mean of their ranks."""
    return [sum(v < value for v in values) +
            (sum(v == value for v in values) + 1) / 2 for value in values]


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean = sum(a) / len(a)
    over = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    under = (sum((x - mean) ** 2 for x in a) *
             sum((y - mean) ** 2 for y in b)) ** 0.5
    return over / under if under else 1.0


def spearman_within(predicted, seconds, noise):
    """The rank correlation where splits are taken in the predicted order whose
    times are above the least of them by no more than `noise`."""
    order = sorted(range(len(seconds)), key=lambda i: seconds[i])
    groups = [order[:1]]
    for i in order[1:]:
        if seconds[i] <= seconds[groups[-1][0]] * (1 + noise):
            groups[-1].append(i)
        else:
            groups.append([i])
    place = {}
    for group in groups:
        for i in sorted(group, key=lambda i: predicted[i]):
            place[i] = len(place)
    return spearman(predicted, [place[i] for i in range(len(seconds))])


def table(results):
    rows, errors = [], []
    within = 0  # layers whose order is wrong only where times differ by noise
    for result in results:
        plans = result["plans"]
        seconds = [statistics.median(p["seconds"]) for p in plans]
        again, seconds = seconds[-1], seconds[:-1]
        noise = abs(again / seconds[0] - 1)
        predicted = [p["predicted"] for p in plans[:-1]]
        wrong = [abs(p / m - 1) for p, m in zip(predicted, seconds)]
        errors += wrong
        within += (spearman(predicted, seconds) < 0.9 <=
                   spearman_within(predicted, seconds, noise))
        chosen = min(range(len(seconds)), key=lambda i: predicted[i])
        rows.append((result["layer"], min(seconds), max(seconds),
                     statistics.mean(wrong), max(wrong),
                     spearman(predicted, seconds),
                     seconds[chosen] / min(seconds), noise))
    print("| layer | measured, ms | mean error | worst | rank correlation "
          "| regret | noise |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print("| %s | %.2f to %.2f | %.0f %% | %.0f %% | %.2f | %.2f | %.1f %% |"
              % (row[0], 1e3 * row[1], 1e3 * row[2], 100 * row[3],
                 100 * row[4], row[5], row[6], 100 * row[7]))
    good = sum(row[5] >= 0.9 for row in rows)
    print()
    print("%d layers x %d splits, median of %d: mean error %.1f %%, median "
          "%.1f %%; rank correlation at least 0.9 on %d of %d layers, on %d more "
          "if splits that differ by less than the noise may change places, median "
          "%.2f; regret median %.2f, worst %.2f; the same plan twice: median "
          "%.1f %%, worst %.1f %%" % (
              len(rows), len(results[0]["plans"]) - 1,
              len(results[0]["plans"][0]["seconds"]),
              100 * statistics.mean(errors), 100 * statistics.median(errors),
              good, len(rows), within, statistics.median(row[5] for row in rows),
              statistics.median(row[6] for row in rows),
              max(row[6] for row in rows),
              100 * statistics.median(row[7] for row in rows),
              100 * max(row[7] for row in rows)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", default="build/bin/dconv-measure",
                        help="dconv-measure")
    parser.add_argument("--machine", help="predict with this machine file")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--lock", help="hold this file locked while measuring")
    parser.add_argument("--realtime", action="store_true",
                        help="measure before all other work of this host; "
                        "needs the right to")
    parser.add_argument("--results", help="write what was measured here")
    parser.add_argument("--measured", help="only predict: for these results")
    options = parser.parse_args()
    if options.measured:
        with open(options.measured) as file:
            results = json.load(file)
        predict(options, results)
    else:
        results = measure(options)
    if options.results:
        with open(options.results, "w") as file:
            json.dump(results, file)
    table(results)


if __name__ == "__main__":
    main()
