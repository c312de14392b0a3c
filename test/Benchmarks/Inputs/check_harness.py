"""Checks that a peer that fails costs its own numbers and no others."""

import os
import pathlib
import sys

root = sys.argv[1]
sys.path.insert(0, str(pathlib.Path(root) / "benchmarks" / "peers"))
import measure  # noqa: E402
import protocol  # noqa: E402

fake = str(pathlib.Path(__file__).with_name("fake_peer.py"))
core = min(os.sched_getaffinity(0))
peer = protocol.Peer("Fake", [sys.executable, "-B", fake, root], [core])


def failure(how, limit=30):
    try:
        peer.ask({"do": "open", "how": how}, limit)
    except protocol.PeerFailed as error:
        return str(error)
    return "no failure"


first = peer.ask({"do": "open", "how": "answer"})["process"]
assert failure("refuse") == "RuntimeError: not for me"
# A refusal ends nothing; an end and silence start it anew.
assert peer.ask({"do": "open", "how": "answer"})["process"] == first
assert failure("end") == "Fake ended with exit code 7"
second = peer.ask({"do": "open", "how": "answer"})["process"]
assert second != first
assert failure("silence", 1) == "Fake gave no answer within 1 s"
assert peer.ask({"do": "open", "how": "answer"})["process"] != second

# The least of all calls; the median of the rounds' medians. One that fails in a round
# has no time, and the others all rounds.
scripted = iter([(3.0, 9.0), (1.0, 4.0), (2.0, 5.0)])
order = []


def steady(repeat):
    order.append(("steady", repeat))
    return next(scripted)


def broken(_repeat):
    order.append(("broken", 0))
    raise ValueError("gone")


steady = measure.Contestant("steady", steady, measure.BLOCK_SECONDS / 10)
broken = measure.Contestant("broken", broken, 1)
fake = measure.Contestant("fake", measure.peer_block(peer, 4), 0.2)
measure.in_turns([steady, broken, fake], 3)
assert order == [("steady", 10), ("broken", 0), ("steady", 10), ("steady", 10)], order
assert steady.seconds() == {"min": 1.0, "median": 5.0}
assert broken.seconds() is None and broken.failure == "ValueError: gone"
assert fake.seconds() == {"min": 5.0, "median": 5.0}
assert fake.repeat == measure.LEAST_CALLS
assert measure.calls_for(2) == 1
assert measure.calls_for(0) == measure.MOST_CALLS
peer.stop()
print("peers may fail")
