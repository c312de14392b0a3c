"""Runs dconv-run on a problem."""

import json
import os
import pathlib
import re
import subprocess
import time

import numpy

import module_text


class DconvFailed(Exception):
    """dconv-run did not end with exit code 0."""


class Dconv:
    """A problem as files for dconv-run, in `folder`."""

    def __init__(self, tool, problem, operands, folder, cache):
        self.tool, self.problem = tool, problem
        self.folder, self.cache = pathlib.Path(folder), pathlib.Path(cache)
        self.module = self.folder / "module.mlir"
        self.module.write_text(module_text.module_text(problem))
        self.inputs = []
        for i, array in enumerate(module_text.dconv_arrays(problem, operands)):
            path = self.folder / f"argument{i}.npy"
            numpy.save(path, array)
            self.inputs.append(f"--input={path}")

    def run(self, devices, cores, split="", repeat=1, keep=False, cache=None):
        """The report of a run, with `wall_seconds` of the whole process; with
        `keep` also the `result`, channels first."""
        report, output = self.folder / "report.json", self.folder / "y.npy"
        command = ["taskset", "-c", ",".join(map(str, cores)), str(self.tool),
                   str(self.module), *self.inputs, f"--devices={devices}",
                   f"--repeat={repeat}", f"--report={report}"]
        if split:
            command.append(f"--split={split}")
        if keep:
            command.append(f"--output={output}")
        environment = {**os.environ, "DCONV_CACHE_DIR": str(cache or self.cache)}
        start = time.perf_counter()
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  timeout=300, env=environment)
        except subprocess.TimeoutExpired:
            raise DconvFailed("dconv-run did not end within 300 s") from None
        wall = time.perf_counter() - start
        if done.returncode:
            lines = [l for l in done.stderr.splitlines() if "error" in l]
            text = (lines or done.stderr.splitlines() or [""])[0]
            text = text.replace(str(self.folder) + "/", "")
            raise DconvFailed(f"exit code {done.returncode}: {text}"[:240])
        found = json.loads(report.read_text())
        found["wall_seconds"] = wall
        if keep:
            found["result"] = module_text.from_dconv(self.problem,
                                                     numpy.load(output))
        return found


def convolution(report):
    """What the report tells of the only convolution."""
    return report["convolutions"][0]


def received(report):
    """The most bytes that a device receives of others."""
    return max(report["measured"]["bytes_received"], default=0)


def loop_extents(optimizer, module):
    """The extents of the loops of the only convolution, by name."""
    done = subprocess.run(
        [str(optimizer), str(module), "--dconv-print-convolutions", "-o",
         os.devnull], capture_output=True, text=True, timeout=60)
    found = re.search(r"dims ((?:\w+=\d+(?:, )?)+)", done.stderr + done.stdout)
    if done.returncode or not found:
        raise DconvFailed("dconv-opt does not print the convolution: "
                          + done.stderr.strip()[:160])
    return {name: int(extent)
            for name, extent in re.findall(r"(\w+)=(\d+)", found.group(1))}
