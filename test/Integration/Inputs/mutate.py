"""Alters one thing in a program at level 3 and shows how that is noticed.

    mutate.py LEVEL3.mlir RIGHT.npy

For each mutation below, dconv-run takes the altered program. A line says whether
it was refused before anything ran, failed while running, or gave a wrong result,
and the reason. A mutation that nothing notices ends in the word UNNOTICED.
"""

import pathlib
import re
import subprocess
import sys


class Text:
    """A program as lines, edited by what a line of one device says."""

    def __init__(self, text):
        self.lines = text.splitlines()

    def find(self, device, pattern):
        """The number of the first line of `device` that has `pattern`."""
        start = next(
            i for i, l in enumerate(self.lines) if f"dconv.device {device} " in l
        )
        for i in range(start, len(self.lines)):
            if re.search(pattern, self.lines[i]):
                return i
            if i > start and "dconv.device" in self.lines[i]:
                break
        raise SystemExit(f"device {device} has no line with {pattern}")

    def replace(self, device, pattern, old, new):
        i = self.find(device, pattern)
        if old not in self.lines[i]:
            raise SystemExit(f"no {old} in: {self.lines[i]}")
        self.lines[i] = self.lines[i].replace(old, new, 1)

    def drop(self, device, pattern):
        """Drops a command; who waited for it waits for what it waited for."""
        i = self.find(device, pattern)
        name = re.match(r"\s*(%\w+) =", self.lines[i]).group(1)
        waits = re.search(r"wait\((.*?)\)", self.lines[i]).group(1)
        del self.lines[i]
        for j in range(i, len(self.lines)):
            if "dconv.device" in self.lines[j]:
                break
            self.lines[j] = re.sub(rf"{name}\b", waits, self.lines[j])

    def insert_after(self, device, pattern, line):
        self.lines.insert(self.find(device, pattern) + 1, line)

    def everywhere(self, old, new):
        text = "\n".join(self.lines)
        if old not in text:
            raise SystemExit(f"no {old} in the program")
        self.lines = text.replace(old, new).splitlines()


# Device 0 computes rows 0 to 3 of the result from channel 0, device 1 from
# channel 1; devices 2 and 3 the other rows. Row 4 is the halo that 2 sends to 0.
SEND, RECEIVE = r"dconv\.send %buffer ", r"dconv\.receive %buffer "
HALO = "[0, 4, 0, 0][1, 1, 5, 1]"


def short_halo(text):
    for device, line in (2, SEND), (0, RECEIVE):
        text.replace(device, line, HALO, "[0, 4, 0, 0][1, 1, 4, 1]")


def short_receive(text):
    text.replace(0, RECEIVE, HALO, "[0, 4, 0, 0][1, 1, 4, 1]")


def dropped_receive(text):
    text.drop(0, RECEIVE)


def dropped_halo(text):
    text.drop(2, SEND)
    text.drop(0, RECEIVE)


def padding_for_halo(text):
    """Device 0 makes zeros where its neighbour's row belongs."""
    dropped = text.lines[text.find(0, RECEIVE)]
    name = dropped.split("=")[0].strip()
    dropped_halo(text)
    text.insert_after(
        0,
        SEND,
        f"      {name} = dconv.fill %buffer {HALO} with 0.0 : f32"
        " wait(%event) : memref<1x6x7x1xf32>",
    )
    text.replace(0, "dconv.launch", "wait(", f"wait({name}, ")
    text.replace(0, r"dconv\.free %buffer ", "wait(", f"wait({name}, ")


def sent_padding(text):
    for device, line in (2, SEND), (0, RECEIVE):
        text.replace(device, line, HALO, "[0, 4, -1, 0][1, 1, 7, 1]")


def halo_to_another(text):
    text.replace(2, SEND, "to 0", "to 1")


def halo_twice(text):
    i = text.find(2, SEND)
    text.lines.insert(i + 1, text.lines[i].replace("%6 =", "%again ="))


def short_stripe(text):
    text.replace(0, r"dconv\.scatter 0 into %buffer ", "[1, 4, 5, 1]", "[1, 3, 5, 1]")


def missing_padding(text):
    text.drop(0, r"dconv\.fill %buffer \[0, -1")


def another_padding(text):
    text.replace(0, r"dconv\.fill %buffer \[0, -1", "2.000000e+00", "1.0")


def no_wait_for_halo(text):
    text.replace(0, "dconv.launch", ", %7)", ")")


def lost_partial_sum(text):
    text.drop(0, "dconv.accumulate")


def doubled_accumulate(text):
    """Once more, and what follows waits for it."""
    i = text.find(0, "dconv.accumulate")
    again = re.sub(r"%\w+ =", "%again =", text.lines[i], count=1)
    text.lines.insert(i + 1, again.replace("wait(", "wait(%12, "))
    for command in r"dconv\.free %buffer_6 ", "dconv.gather", r"dconv\.free %buffer_4 ":
        text.replace(0, command, "wait(", "wait(%again, ")


def unordered_accumulate(text):
    i = text.find(0, "dconv.accumulate")
    text.lines.insert(i + 1, re.sub(r"%\w+ =", "%again =", text.lines[i], count=1))


def another_combiner(text):
    text.replace(0, "dconv.accumulate", "accumulate add", "accumulate max")


def initial_output_twice(text):
    """Device 1 starts from the initial output too, not from zero."""
    i = text.find(1, r"%buffer_2, %\w+ = dconv\.alloc")
    event = re.search(r", (%\w+) =", text.lines[i]).group(1)
    text.lines.insert(
        i + 1,
        "      %init = dconv.scatter 2 into %buffer_2 [0, 0, 0, 0][1, 4, 5, 3]"
        f" wait({event}) : memref<1x4x5x3xf32>",
    )
    no_initial_output(text)
    text.replace(1, "dconv.launch", "wait(", "wait(%init, ")


def no_initial_output(text):
    """Device 1 runs the kernel that adds to its output, as device 0 does."""
    text.replace(1, "dconv.launch", "kernel1(", "kernel0(")
    text.replace(1, "dconv.launch", "overwrites ", "")


def another_identity(text):
    text.everywhere("dconv.initial = 0.0", "dconv.initial = 1.0")


def dropped_tap(text):
    """The last row of taps is zero where device 0 has them."""
    text.insert_after(
        0,
        r"dconv\.scatter 1 into %buffer_0 ",
        "      %tap = dconv.fill %buffer_0 [2, 0, 0, 0][1, 3, 1, 3] with 0.0 : f32"
        " wait(%4) : memref<3x3x1x3xf32>",
    )
    for command in "dconv.launch", r"dconv\.free %buffer_0 ":
        text.replace(0, command, "wait(", "wait(%tap, ")


def exchanged_taps(text):
    """Every kernel takes the taps of rows for those of columns."""
    text.everywhere("d1 + d4, d2 + d5", "d1 + d5, d2 + d4")


def overlapping_buffers(text):
    text.replace(0, r"dconv\.alloc at 576 tensor 2", "at 576", "at 0")


def small_arena(text):
    text.replace(0, "dconv.device 0", "arena 832", "arena 768")


def gathered_twice(text):
    i = text.find(0, "dconv.gather")
    text.lines.insert(i + 1, re.sub(r"%\w+ =", "%again =", text.lines[i], count=1))


def not_gathered(text):
    text.drop(0, "dconv.gather")


MUTATIONS = [
    short_halo,
    short_receive,
    dropped_receive,
    dropped_halo,
    padding_for_halo,
    sent_padding,
    halo_to_another,
    halo_twice,
    short_stripe,
    missing_padding,
    another_padding,
    no_wait_for_halo,
    lost_partial_sum,
    doubled_accumulate,
    unordered_accumulate,
    another_combiner,
    initial_output_twice,
    no_initial_output,
    another_identity,
    dropped_tap,
    exchanged_taps,
    overlapping_buffers,
    small_arena,
    gathered_twice,
    not_gathered,
]


def main():
    level3, right = map(pathlib.Path, sys.argv[1:])
    original = level3.read_text()
    noticed = 0
    for mutate in MUTATIONS:
        text = Text(original)
        mutate(text)
        altered = level3.with_name(mutate.__name__ + ".mlir")
        altered.write_text("\n".join(text.lines) + "\n")
        result = level3.with_name(mutate.__name__ + ".npy")
        result.unlink(missing_ok=True)
        run = subprocess.run(
            ["dconv-run", altered, f"--output={result}"],
            capture_output=True,
            text=True,
        )
        reason = next(iter(run.stderr.splitlines()), "").split("error: ")[-1]
        noticed += 1
        if run.returncode in (1, 2):
            assert not result.exists(), "there is output in spite of an error"
            outcome = "failed: " if run.returncode == 1 else "refused: "
            outcome += reason
        elif run.returncode == 0 and result.read_bytes() != right.read_bytes():
            outcome = "wrong result"
        else:
            noticed -= 1
            outcome = f"UNNOTICED, exit status {run.returncode}"
        print(f"{mutate.__name__}: {outcome}")
    print(f"{noticed} of {len(MUTATIONS)} mutations noticed")


main()
