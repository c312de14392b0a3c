"""How the harness talks to a peer: one process per peer, a JSON object a line.

    {"do": "open", "problem": {...}, "operands": [A, B], "result": Y, ...}
      -> {"variants": [{"name", "seconds", ...}], "unsupported": {name: why}}
    {"do": "time", "variant": I, "repeat": R} -> {"seconds": [...]}
    {"do": "close"} -> {}

Operands are raw files with channels first, float32 or int8; a peer brings them to
its own layout and type before it is timed. Of each variant it leaves the result,
channels first, in the raw file Y.I, float32 or, from int8, int32. What a peer cannot
do is `unsupported` with its reason, or {"error": why} for the whole request.
"""

import json
import os
import select
import subprocess
import sys
import time


def serve(opened, timed, closed):
    """A peer in Python: answers requests until standard input ends."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "open":
                answer = opened(request)
            elif request["do"] == "time":
                answer = {"seconds": timed(request["variant"], request["repeat"])}
            else:
                closed()
                answer = {}
        except Exception as error:  # whatever a peer throws is its answer
            answer = {"error": first_line(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def first_line(error):
    text = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {text[0]}"[:200]


def seconds_of(call, repeat):
    """Seconds of each of `repeat` calls."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


class PeerFailed(Exception):
    """A peer that ended, stays silent or answers with an error."""


class Peer:
    """A peer's process, started when first asked, and again after it ended."""

    def __init__(self, name, command, cores, environment=None):
        self.name, self.cores = name, cores
        self.command = ["taskset", "-c", ",".join(map(str, cores)), *command]
        self.environment = {**os.environ, **(environment or {}),
                            "OMP_NUM_THREADS": str(len(cores)),
                            "MKL_NUM_THREADS": str(len(cores))}
        self.process = None

    def ask(self, request, limit=300):
        """The answer, within `limit` seconds."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=self.environment)
        try:
            self.process.stdin.write((json.dumps(request) + "\n").encode())
            self.process.stdin.flush()
            line = self._line(time.monotonic() + limit)
        except BrokenPipeError:
            line = b""
        if line is None:
            self.stop()
            raise PeerFailed(f"{self.name} gave no answer within {limit} s")
        if not line:
            code = self.process.wait()
            raise PeerFailed(f"{self.name} ended with exit code {code}")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def _line(self, deadline):
        """A line; empty at the end of the peer, None at the deadline."""
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                return b""
            line += part
        return line

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
