"""Adds up the moves of communication maps and compares with what they predict.

    check_communication_map.py LEVEL_1.json LEVEL_2.json [REPORT.json]

Both maps have to say the same. With a report of dconv-run, which measures, the bytes
have to be those as well. Prints how many moves there are.
"""

import json
import math
import sys

COUNTERS = ("bytes_received", "bytes_sent", "scatter_bytes", "gather_bytes")


def summed(program):
    sums = {name: [0] * program["devices"] for name in COUNTERS}
    for move in program["moves"]:
        source, destination = move["source"], move["destination"]
        elements = math.prod(end - begin for begin, end in move["box"])
        assert elements > 0 and move["bytes"] % elements == 0, move
        if source == "host":
            sums["scatter_bytes"][destination["device"]] += move["bytes"]
        elif destination == "host":
            sums["gather_bytes"][source["device"]] += move["bytes"]
        elif source["device"] != destination["device"]:
            sums["bytes_sent"][source["device"]] += move["bytes"]
            sums["bytes_received"][destination["device"]] += move["bytes"]
    return sums


maps = []
for path in sys.argv[1:3]:
    with open(path, encoding="utf-8") as file:
        maps.append(json.load(file)["programs"])
assert maps[0] == maps[1], "levels 1 and 2 differ"
totals = {name: [] for name in COUNTERS}
for program in maps[0]:
    sums = summed(program)
    assert sums == program["predicted"], (sums, program["predicted"])
    for name in COUNTERS:
        old = totals[name] or [0] * program["devices"]
        totals[name] = [a + b for a, b in zip(old, sums[name])]
if len(sys.argv) > 3:
    with open(sys.argv[3], encoding="utf-8") as file:
        measured = json.load(file)["measured"]
    for name in COUNTERS:
        assert totals[name] == measured[name], (name, totals[name], measured[name])
print(sum(len(program["moves"]) for program in maps[0]), "moves")
