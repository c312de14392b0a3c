"""Measures what run.sh was asked for; see docs/performance.md."""

import datetime
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import traceback
from importlib import metadata

import options as command_line
import report
import targets

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def about(workplace):
    """What the results are of."""
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    packages = ("onednn-cpu-gomp", "torch", "jaxlib")
    return {"date": datetime.date.today().isoformat(), "cpu": cpu(),
            "cores": len(workplace.cores[2]), "dconv": commit,
            "peers": {name: metadata.version(name) for name in packages}}


def write(path, text):
    """Whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def main():
    options = command_line.parse(sys.argv[1:])
    # Ended from outside, too, nothing of it stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    build = pathlib.Path(os.environ["DCONV_BUILD"])
    workplace = targets.Workplace(build, pathlib.Path(os.environ["DCONV_PEERS"]),
                                  sys.executable)
    facts, rows, failures = about(workplace), [], []

    def save():
        write(out / "results.json", json.dumps(rows, indent=1) + "\n")
        write(out / "table.md", report.markdown(facts, rows, failures))

    save()
    try:
        for target in options.targets:
            for layer in options.layers:
                print(f"target {target}: {layer['name']}", file=sys.stderr)
                try:
                    for row in targets.MEASUREMENTS[target](workplace, layer, target):
                        rows.append(row)
                        save()
                        print("  " + report.one_line(row), file=sys.stderr)
                except Exception:  # a layer must not end the run
                    text = traceback.format_exc()
                    failures.append({"target": target, "layer": layer["name"],
                                     "error": text.splitlines()[-1][:240]})
                    sys.stderr.write(text)
                    save()
    finally:
        workplace.stop()
    report.plot(rows, out / "plot.png")
    print(f"{out / 'table.md'}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
