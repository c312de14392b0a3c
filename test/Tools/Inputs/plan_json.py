"""Checks the JSON of dconv-plan: its keys, and its bytes against a run.

usage: plan_json.py PLAN.json PLANNED.mlir
"""

import json
import pathlib
import subprocess
import sys

KEYS = {
    "name": str,
    "split": str,
    "grid": list,
    "words": int,
    "bound_words": int,
    "best_box_words": int,
    "bytes_received_max": int,
    "bytes_sent_max": int,
    "peak_bytes_max": int,
    "macs_max_over_mean": (int, float),
    "seconds": (int, float),
    "optimal": bool,
    "planning_seconds": (int, float),
}

path, module = sys.argv[1:]
plan = json.loads(pathlib.Path(path).read_text())
assert isinstance(plan["machine"], str) and isinstance(plan["devices"], int)
for convolution in plan["convolutions"]:
    for key, kind in KEYS.items():
        assert isinstance(convolution[key], kind), (key, convolution)
    assert convolution["bound_words"] <= convolution["words"]
    assert convolution["best_box_words"] <= convolution["words"]
    assert convolution["macs_max_over_mean"] >= 1
    phases = convolution["phases"]
    total = sum(phases.values()) - 2 * phases["hidden"]
    assert abs(total - convolution["seconds"]) <= 1e-9 * total, convolution

# Run as planned, the devices count what the plan says.
report = pathlib.Path(path + ".report")
subprocess.run(["dconv-run", module, f"--report={report}"], check=True)
measured = json.loads(report.read_text())["measured"]
(convolution,) = plan["convolutions"]
for key in ("bytes_received", "bytes_sent", "scatter_bytes", "gather_bytes",
            "peak_bytes"):
    assert max(measured[key]) == convolution[f"{key}_max"], (key, convolution)
print("as run")
