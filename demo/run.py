#!/usr/bin/env python3
"""Runs the demo on a built dconv and prints one table; see demo/README.md.

Exits with 1 when a run fails, a result is wrong, a prediction differs from
what was measured, a budget is exceeded, or a run that cannot fit is accepted.
"""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import time

DEMO = pathlib.Path(__file__).resolve().parent
COUNTERS = ("bytes_received", "bytes_sent", "scatter_bytes", "gather_bytes",
            "peak_bytes")
TIMEOUT_SECONDS = 600


@dataclasses.dataclass
class Job:
    """One convolution to run: a module, how to split it, what it may use."""
    name: str
    module: pathlib.Path
    split: str
    devices: int
    memory: int  # bytes per device
    inputs: tuple = ()


RESNET50 = DEMO / "resnet50"
RESNET50_JOBS = [
    Job("conv1 7x7/2", RESNET50 / "conv1.mlir", "o0=4", 4, 2 << 20),
    Job("layer1.0.conv2 3x3", RESNET50 / "layer1.0.conv2.mlir",
        "o0=2,oc=2", 4, 5 << 18),
    Job("layer2.0.conv2 3x3/2", RESNET50 / "layer2.0.conv2.mlir",
        "o0=2,ic=2", 4, 2 << 20),
    Job("layer2.0.downsample 1x1/2", RESNET50 / "layer2.0.downsample.mlir",
        "oc=4", 4, 7 << 20),
]

# Less than the 4,186,116 bytes of the filter alone.
PSF_MEMORY = 4_000_000
PSF_SPLIT = "k0=16,o0=4"
PSF_DEVICES = 16
PSF_REFUSED = [
    ("undivided, on one device", "o0=1", 1),
    ("only the picture divided, on eight devices", "o0=8", 8),
]


class Demo:
    """Runs jobs, keeps the rows of the table and what went wrong."""

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.rows = []
        self.failures = []

    def fail(self, job, reason):
        self.failures.append(f"{job.name}: {reason}")

    def launch(self, job, *options):
        command = [str(self.program), str(job.module),
                   f"--devices={job.devices}", f"--device-memory={job.memory}",
                   f"--split={job.split}", "--seed=1", *options]
        command += [f"--input={path}" for path in job.inputs]
        try:
            return subprocess.run(command, text=True, capture_output=True,
                                  timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(
                command, None, "", f"no end after {TIMEOUT_SECONDS} s")

    def run(self, job, *options):
        """Runs `job`, adds its row, and returns whether it went right."""
        failures = len(self.failures)
        path = self.directory / f"{job.module.stem}.json"
        path.unlink(missing_ok=True)
        done = self.launch(job, f"--report={path}", *options)
        if done.returncode != 0:
            self.fail(job, f"exit {done.returncode}\n{done.stderr.strip()}")
        if path.exists():
            report = json.loads(path.read_text())
            self.inspect(job, report)
            self.rows.append(row_of(job, report))
        elif done.returncode == 0:
            self.fail(job, "no report was written")
        return len(self.failures) == failures

    def inspect(self, job, report):
        """Holds `report` against what the demo claims."""
        predicted, measured = report["predicted"], report["measured"]
        for counter in COUNTERS:
            if predicted[counter] != measured[counter]:
                self.fail(job, f"{counter}: predicted {predicted[counter]}, "
                               f"measured {measured[counter]}")
        if max(measured["peak_bytes"]) > job.memory:
            self.fail(job, f"peak of {max(measured['peak_bytes'])} bytes, "
                           f"allowed {job.memory}")
        check = report["check"]
        if check["wrong"] != 0 or check["values"] == 0:
            self.fail(job, f"{check['wrong']} of {check['values']} checked "
                           f"values are wrong")
        for convolution in report["convolutions"]:
            if convolution["path"] != "vector":
                self.fail(job, f"{convolution['name']} ran on the "
                               f"{convolution['path']} path, needed vector")

    def refuse(self, job):
        """Shows that `job` is refused: exit 2, a message, and no result."""
        output = self.directory / "refused.npy"
        output.unlink(missing_ok=True)
        done = self.launch(job, f"--output={output}")
        print(f"\n{job.name} (--devices={job.devices} --split={job.split} "
              f"--device-memory={job.memory}):\n{done.stderr.strip()}")
        if done.returncode != 2 or not done.stderr.strip() or output.exists():
            self.fail(job, f"exit {done.returncode}, needed a refusal: "
                           f"exit 2, a message, no output")


def script(name, *arguments):
    """Runs a script of demo/psf; its messages go to ours."""
    subprocess.run([sys.executable, DEMO / "psf" / name, *arguments],
                   check=True)


def resnet50(demo):
    for job in RESNET50_JOBS:
        demo.run(job, "--check=full")


def point_spread(demo):
    """A filter larger than a device's memory, over a real photograph."""
    module = DEMO / "psf" / "psf.mlir"
    image, psf, blurred = (demo.directory / f"{name}.npy"
                           for name in ("image", "psf", "blurred"))
    script("make_inputs.py", demo.directory)

    for name, split, devices in PSF_REFUSED:
        demo.refuse(Job(name, module, split, devices, PSF_MEMORY,
                        (image, psf)))

    blurred.unlink(missing_ok=True)
    trace = demo.directory / "psf.trace.json"
    job = Job("psf 1023x1023", module, PSF_SPLIT, PSF_DEVICES, PSF_MEMORY,
              (image, psf))
    if demo.run(job, "--check=sample", f"--output={blurred}",
                f"--trace={trace}"):
        script("verify.py", image, psf, blurred)
        script("to_png.py", image, demo.directory / "before.png")
        script("to_png.py", blurred, demo.directory / "after.png", psf)


HEADINGS = ("convolution", "split", "devices", "shards",
            "received predicted", "received measured",
            "peak predicted", "peak measured", "peak allowed",
            "seconds", "check")


def row_of(job, report):
    """Cells of a run, in the order of HEADINGS; bytes of the worst device."""
    predicted, measured = report["predicted"], report["measured"]
    check = report["check"]
    verdict = "ok" if check["wrong"] == 0 else f"{check['wrong']} wrong of"
    return (job.name, job.split, str(report["devices"]), str(report["shards"]),
            *(f"{max(counters[counter]):,}"
              for counter in ("bytes_received", "peak_bytes")
              for counters in (predicted, measured)),
            f"{job.memory:,}", f"{measured['seconds']['median']:.4f}",
            f"{verdict} {check['kind']} {check['values']:,}")


def print_table(rows):
    """Prints `rows` below HEADINGS, whose two words stand on two lines."""
    upper, lower = zip(*(heading.rpartition(" ")[::2] for heading in HEADINGS))
    lines = [upper, lower, *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(2, ["-" * width for width in widths])
    texts = (0, 1, len(HEADINGS) - 1)  # aligned left, numbers right
    for line in lines:
        print("  ".join(cell.ljust(width) if at in texts else cell.rjust(width)
                        for at, (cell, width) in enumerate(zip(line, widths)))
              .rstrip())


def main():
    root = DEMO.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=pathlib.Path,
                        default=root / "build" / "bin" / "dconv-run",
                        help="the dconv-run to use (build/bin/dconv-run)")
    parser.add_argument("--directory", type=pathlib.Path,
                        default=root / "build" / "demo",
                        help="where results go (build/demo)")
    options = parser.parse_args()
    if not options.program.is_file():
        sys.exit(f"{options.program}: no such program, run tools/setup.sh")
    options.directory.mkdir(parents=True, exist_ok=True)
    # Our lines and those of the scripts in the order they were written.
    sys.stdout.reconfigure(line_buffering=True)

    demo = Demo(options.program, options.directory)
    resnet50(demo)
    started = time.monotonic()
    try:
        point_spread(demo)
    except subprocess.CalledProcessError as error:
        demo.failures.append(f"{error.cmd[1].name}: exit {error.returncode}")
    seconds = time.monotonic() - started

    print("\nBytes received and peak memory are those of the worst device.\n")
    print_table(demo.rows)
    print(f"\nThe photograph took {seconds:.1f} s, with refusals and checks."
          f"\nIn {options.directory}: before.png, after.png, psf.trace.json")
    for failure in demo.failures:
        print(f"error: {failure}", file=sys.stderr)
    sys.exit(1 if demo.failures else 0)


if __name__ == "__main__":
    main()
