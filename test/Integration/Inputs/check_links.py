"""check_links.py FAST.json SLOW.json LATENCY [TRACE.json]

Compares the reports of a run and of one whose messages take LATENCY seconds: the
same counters, and no repetition shorter. Of a trace, the waiting that it shows
must be part of the commands that waited, and be what the report calls exposed in
one of the repetitions at least.
"""
import json
import sys

fast, slow = (json.load(open(path))["measured"] for path in sys.argv[1:3])
latency = float(sys.argv[3])
for name in ("received", "sent"):
    assert fast[f"bytes_{name}"] == slow[f"bytes_{name}"], name
    assert max(fast[f"bytes_{name}"]) > 0, "nothing travels"
assert slow["seconds"]["min"] >= latency, slow["seconds"]
assert max(slow["exposed_seconds"]) > 0, slow["exposed_seconds"]
assert max(slow["exposed_seconds"]) <= slow["seconds"]["min"], slow

if len(sys.argv) > 4:
    waited = [0.0] * len(slow["exposed_seconds"])
    for event in json.load(open(sys.argv[4]))["traceEvents"]:
        wait = event.get("args", {}).get("waited", 0)
        if wait:
            assert 0 < wait <= event["dur"], event
            waited[event["tid"]] += wait
    for device, exposed in enumerate(slow["exposed_seconds"]):
        assert waited[device] / 1e6 >= exposed * 0.999, (device, waited, exposed)
