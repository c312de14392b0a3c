"""The command line of run.sh; needs no package.

usage: run.sh [--layers=A,B] [--targets=1,2,3,4,5] --out=DIR
"""

import argparse
import sys

import problem

TARGETS = (1, 2, 3, 4, 5)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(message)


def fail(message):
    sys.stderr.write(f"run.sh: {message}; see --help\n")
    sys.exit(2)


def parse(arguments):
    """The options, with the chosen `layers` of the suite; exits with 2 on a
    mistake."""
    parser = _Parser(prog="run.sh", allow_abbrev=False, description=(
        "Measures dconv beside oneDNN, PyTorch and XLA."))
    parser.add_argument("--layers", help="names, separated by commas (all)")
    parser.add_argument("--targets", default="1,2,3,4,5",
                        help="numbers, separated by commas (all)")
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="where results.json, table.md and plot.png go")
    options = parser.parse_args(arguments)
    suite = problem.read_suite()
    names = [layer["name"] for layer in suite]
    if options.layers is not None:
        asked = options.layers.split(",")
        for name in asked:
            if name not in names:
                fail(f"--layers: no layer '{name}'; there are {', '.join(names)}")
        suite = [layer for layer in suite if layer["name"] in asked]
    options.layers = suite
    known = {str(target): target for target in TARGETS}
    for target in options.targets.split(","):
        if target not in known:
            fail(f"--targets: '{target}' is none of 1 to {len(TARGETS)}")
    options.targets = sorted({known[t] for t in options.targets.split(",")})
    return options


if __name__ == "__main__":
    parse(sys.argv[1:])
