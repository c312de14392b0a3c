#!/usr/bin/env python3
"""Runs the code blocks of a page of documentation; see README.md here."""

import argparse
import difflib
import pathlib
import re
import shlex
import subprocess
import sys
import textwrap

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`]*)$")
TESTED = ("mlir", "console")
MARKS = ("file", "output", "exit", "sketch")


class PageError(Exception):
    """The page itself is wrong: an unknown mark, a fence that stays open."""


class Block:
    """A fenced block: its language, its marks and its text without indent."""

    def __init__(self, line, info, indent):
        self.line = line  # of the opening fence, from 1
        self.end = line  # of the closing fence
        self.indent = indent
        words = shlex.split(info)
        self.language = words[0] if words else ""
        self.marks = {}
        for word in words[1:]:
            name, _, value = word.partition("=")
            if name not in MARKS:
                raise PageError(f"line {line}: unknown mark '{name}'")
            self.marks[name] = value
        self.text = ""

    def close(self, line, lines):
        self.end = line
        for body in lines[self.line : line - 1]:
            indent = len(body) - len(body.lstrip(" "))
            self.text += body[min(indent, self.indent) :] + "\n"


def parse(page):
    """The fenced blocks of the text `page`, in order."""
    lines = page.splitlines()
    blocks, block = [], None
    for number, line in enumerate(lines, start=1):
        fence = FENCE.match(line)
        if not fence:
            continue
        if block is None:
            block = Block(number, fence["info"], len(fence["indent"]))
        elif not fence["info"].strip():
            block.close(number, lines)
            blocks.append(block)
            block = None
        else:
            raise PageError(f"line {number}: a block opens inside another")
    if block:
        raise PageError(f"line {block.line}: the block is never closed")
    return blocks


def matches(expected, actual):
    """Whether `actual` is `expected`, where `...` stands for any text in a line
    and a line of `...` alone for any lines."""
    pattern = ""
    for line in expected.rstrip("\n").split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            parts = (re.escape(part) for part in line.rstrip().split("..."))
            pattern += ".*?".join(parts) + r"[ \t]*\n"
    return re.fullmatch(pattern, actual.rstrip("\n") + "\n") is not None


def execute(command, folder, status):
    """What `command` prints, standard error included; it has to exit with
    `status`."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != status:
        return done.stdout, f"exit code {done.returncode}, not {status}"
    return done.stdout, None


def sessions(text):
    """The commands of a `console` block, each with the output that follows."""
    commands = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append([line[2:], ""])
        elif commands and commands[-1][0].endswith("\\"):
            commands[-1][0] += "\n" + line.removeprefix("> ")
        elif commands:
            commands[-1][1] += line + "\n"
        else:
            raise PageError("a console block starts with '$ COMMAND'")
    return commands


class Page:
    """Runs the blocks of one page in one folder."""

    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        self.failures = 0
        self.checked = 0
        self.replacements = []  # (block, new text), for --update

    def fail(self, block, message, details=""):
        self.failures += 1
        print(f"{self.path}:{block.line}: {message}")
        if details:
            print(textwrap.indent(details.rstrip("\n"), "    "))

    def compare(self, block, command, expected):
        """Runs `command`; returns its output if it is not the expected one."""
        self.checked += 1
        status = int(block.marks.get("exit") or 0)
        actual, problem = execute(command, self.folder, status)
        if problem:
            self.fail(block, f"`{command}`: {problem}", actual)
            return None
        if matches(expected, actual):
            return None
        diff = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), "page", "output", lineterm=""
        )
        self.fail(block, f"`{command}` prints something else", "\n".join(diff))
        return actual

    def check_console(self, block):
        text = ""
        changed = False
        for command, expected in sessions(block.text):
            actual = self.compare(block, command, expected)
            changed = changed or actual is not None
            text += f"$ {command}\n" + (expected if actual is None else actual)
        if changed:
            self.replacements.append((block, text))

    def check(self, block):
        if "sketch" in block.marks:
            return
        if "file" in block.marks:
            path = self.folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if "output" not in block.marks and block.language == "mlir":
                # On its own it shows at least that it is a program.
                self.checked += 1
                command = f"dconv-opt --verify-roundtrip {shlex.quote(str(path))}"
                printed, problem = execute(command, self.folder, 0)
                if problem:
                    self.fail(block, "this is not a program", printed)
        if "output" in block.marks:
            actual = self.compare(block, block.marks["output"], block.text)
            if actual is not None:
                self.replacements.append((block, actual))
        elif block.language == "console":
            self.check_console(block)
        elif "file" not in block.marks and block.language in TESTED:
            self.fail(block, "the block is not tested: mark it file=, output= or sketch")

    def update(self):
        """Writes the real output into the blocks that had another."""
        lines = self.path.read_text().splitlines()
        for block, text in reversed(self.replacements):
            body = textwrap.indent(text.rstrip("\n"), " " * block.indent)
            lines[block.line : block.end - 1] = body.split("\n")
        self.path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, required=True,
                        help="where the blocks run; made if missing")
    parser.add_argument("--update", action="store_true",
                        help="write the real output into the page")
    arguments = parser.parse_args()

    arguments.folder.mkdir(parents=True, exist_ok=True)
    page = Page(arguments.page, arguments.folder)
    try:
        for block in parse(arguments.page.read_text()):
            page.check(block)
    except PageError as error:
        print(f"{arguments.page}: {error}")
        return 1
    if arguments.update:
        page.update()
    print(f"{arguments.page.name}: {page.checked} checked, {page.failures} failed")
    return 1 if page.failures else 0


if __name__ == "__main__":
    sys.exit(main())
