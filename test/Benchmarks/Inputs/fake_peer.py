"""A peer that does as it is told: answers, refuses, ends or stays silent."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "benchmarks" / "peers"))
import protocol  # noqa: E402


def opened(request):
    print("what a library prints is no answer")
    if request["how"] == "refuse":
        raise RuntimeError("not for me\nmore lines")
    if request["how"] == "end":
        os._exit(7)
    if request["how"] == "silence":
        time.sleep(60)
    return {"variants": [], "unsupported": {}, "process": os.getpid()}


protocol.serve(opened, lambda which, repeat: [which + 1.0] * repeat, lambda: None)
