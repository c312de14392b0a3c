"""Prints the diagnostics in C++ files that no test expects.

usage: untested_messages.py TESTS SOURCE...

A diagnostic is a call of emitError, emitOpError or emitRemark, or attachNote,
up to the end of its statement; the string literals in it, in order, must be part
of one line of a file below TESTS that expects a diagnostic. SOURCE is a file or
a folder.
"""

import pathlib
import re
import sys

CALL = re.compile(r"\b(emitError|emitOpError|emitRemark|attachNote)\(")
TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|;|//[^\n]*|\'(?:\\.|[^\'\\])\'|.', re.S)
EXPECTED = re.compile(
    r"expected-(?:error|warning|remark|note)[^{]*\{\{(.*)\}\}"
    r"|(?:error|remark|note): (.*)"
)


def files_below(path, *suffixes):
    path = pathlib.Path(path)
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.suffix in suffixes)


def literals(text):
    """The literals of the statement at the start of `text`; adjacent ones are
    one literal."""
    pieces, adjacent = [], False
    for token in TOKEN.finditer(text):
        if token[0] == ";":
            break
        if token[1] is not None:
            piece = token[1].replace('\\"', '"').replace("\\\\", "\\")
            if adjacent:
                pieces[-1] += piece
            else:
                pieces.append(piece)
            adjacent = True
        elif not token[0].isspace():
            adjacent = False
    return pieces


def messages(path):
    text = path.read_text()
    for call in CALL.finditer(text):
        pieces = [p for p in literals(text[call.end() :]) if p.strip(" '")]
        if pieces:
            yield text.count("\n", 0, call.start()) + 1, pieces


def is_expected(pieces, line):
    start = 0
    for piece in pieces:
        start = line.find(piece.strip(), start)
        if start < 0:
            return False
        start += len(piece.strip())
    return True


def main():
    tests, *sources = sys.argv[1:]
    expected = []
    for path in files_below(tests, ".mlir", ".test"):
        for found in EXPECTED.finditer(path.read_text()):
            expected.append(found[1] or found[2])
    for source in sources:
        for path in files_below(source, ".cpp"):
            for line, pieces in messages(path):
                if not any(is_expected(pieces, text) for text in expected):
                    print(f"{path.name}:{line}: no test of {' ... '.join(pieces)!r}")


main()
