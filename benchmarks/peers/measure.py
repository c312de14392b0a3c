"""Times contestants in turns, so that what disturbs one disturbs all."""

import contextlib
import fcntl
import os
import statistics

# A block of a round lasts about this long, in calls of at least and at most so many;
# it is one call where that takes very long.
BLOCK_SECONDS, LEAST_CALLS, MOST_CALLS = 0.25, 3, 40
LONG_SECONDS = 1
ROUNDS = 5


@contextlib.contextmanager
def quiet():
    """Holds the lock that DCONV_BENCHMARK_LOCK names, on a machine that is shared
    with other work that takes it."""
    path = os.environ.get("DCONV_BENCHMARK_LOCK")
    if not path:
        yield
        return
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def calls_for(seconds):
    """How many calls of `seconds` make a block."""
    if seconds > LONG_SECONDS:
        return 1
    return max(LEAST_CALLS, min(MOST_CALLS, int(BLOCK_SECONDS / max(seconds, 1e-7))))


class Contestant:
    """`block(repeat)` makes `repeat` calls and returns their least and median
    seconds; `once` is about what a call takes, with all that surrounds it."""

    def __init__(self, name, block, once):
        self.name, self.block, self.repeat = name, block, calls_for(once)
        self.rounds, self.failure = [], None

    def seconds(self):
        if self.failure or not self.rounds:
            return None
        return {"min": min(least for least, _ in self.rounds),
                "median": statistics.median(median for _, median in self.rounds)}


def in_turns(contestants, rounds=ROUNDS):
    """Times all; one that fails is left out from then on."""
    with quiet():
        for _ in range(rounds):
            for contestant in contestants:
                if contestant.failure:
                    continue
                try:
                    contestant.rounds.append(contestant.block(contestant.repeat))
                except Exception as error:  # the others go on
                    contestant.failure = f"{type(error).__name__}: {error}"[:240]


def peer_block(peer, variant):
    """The `block` of a variant that `peer` has open."""
    def block(repeat):
        seconds = peer.ask({"do": "time", "variant": variant,
                            "repeat": repeat})["seconds"]
        return min(seconds), statistics.median(seconds)
    return block


def dconv_block(dconv, reports, **arguments):
    """The `block` of dconv-run; its reports are appended to `reports`."""
    def block(repeat):
        report = dconv.run(repeat=repeat, **arguments)
        reports.append(report)
        seconds = report["measured"]["seconds"]
        return seconds["min"], seconds["median"]
    return block
