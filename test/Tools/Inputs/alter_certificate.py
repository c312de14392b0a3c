"""Prints a certificate with its first large number increased by one."""

import json
import sys


def alter(value):
    """The same with one number changed, and whether there was one."""
    if isinstance(value, dict):
        for key in value:
            value[key], done = alter(value[key])
            if done:
                return value, True
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            value[i], done = alter(entry)
            if done:
                return value, True
    elif isinstance(value, int) and not isinstance(value, bool) and value >= 64:
        return value + 1, True
    return value, False


with open(sys.argv[1], encoding="utf-8") as file:
    certificate, changed = alter(json.load(file))
assert changed
print(json.dumps(certificate))
