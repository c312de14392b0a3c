"""What is measured for each target: a list of rows for a layer."""

import dataclasses
import os
import pathlib
import shutil
import tempfile

import numpy

import dconv_tool
import measure
import protocol
from problem import problem_of, types_of
from reference import judge, reference
from shares import least_share

HERE = pathlib.Path(__file__).resolve().parent
# A variant of a peer that took longer than this times the fastest is not timed.
HOPELESS = 1.5
XLA_ROUNDS = 3


class Workplace:
    """The tools, and the peers' processes."""

    def __init__(self, build, peers, python):
        self.run, self.opt = build / "bin/dconv-run", build / "bin/dconv-opt"
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise OSError("two cores are needed, but there is one")
        # Core 0 serves interrupts.
        self.cores = {1: cores[-1:], 2: cores[-2:]}
        torch = [python, str(HERE / "torch_peer.py")]
        self.peers = {
            "roofline": protocol.Peer("roofline", [str(peers / "roofline")],
                                      self.cores[1]),
            "oneDNN": protocol.Peer("oneDNN", [str(peers / "onednn")], self.cores[1]),
            "PyTorch 1": protocol.Peer("PyTorch", torch, self.cores[1]),
            "PyTorch 2": protocol.Peer("PyTorch", torch, self.cores[2]),
            "XLA": protocol.Peer("XLA", [python, str(HERE / "xla_peer.py")],
                                 self.cores[2], {"XLA_PEER_DEVICES": "4"})}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dconv-benchmark-"))

    def stop(self):
        for peer in self.peers.values():
            peer.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Case:
    """A problem with its data, the right result, and dconv ready to run it."""

    def __init__(self, place, problem):
        self.place, self.problem = place, problem
        operands = problem.data()
        self.expected = reference(problem, operands)
        self.files = []
        for number, array in enumerate(operands):
            path = place.folder / f"operand{number}.raw"
            array.tofile(path)
            self.files.append(str(path))
        self.dconv = dconv_tool.Dconv(place.run, problem, operands, place.folder,
                                      place.folder / "cache")

    def row(self, target, devices, peer):
        return {"target": target, "layer": self.problem.name,
                "dtype": self.problem.type, "devices": devices, "split": "",
                "peer": peer, "dconv_seconds": None, "peer_seconds": None,
                "ratio": None, "right": False, "peer_right": False,
                "kind": self.problem.kind(), "macs": self.problem.macs()}

    def try_dconv(self, row, cores, split="", key="right"):
        """Runs dconv once and judges its result; the report, or None where it
        failed."""
        try:
            report = self.dconv.run(row["devices"], cores, split, keep=True)
        except dconv_tool.DconvFailed as error:
            row["dconv_note"] = str(error)
            return None
        row[key], row["dconv_error"] = judge(self.problem, self.expected,
                                             report.pop("result"))
        row["split"] = dconv_tool.convolution(report)["split"]
        row["path"] = dconv_tool.convolution(report)["path"]
        return report

    def contestant(self, report, reports, devices, cores, split=""):
        once = report["measured"]["seconds_end_to_end"]["min"]
        return measure.Contestant(
            "dconv", measure.dconv_block(self.dconv, reports, devices=devices,
                                         cores=cores, split=split), once)

    def open(self, name, **more):
        """The variants that a peer has of the problem, judged."""
        result = self.place.folder / "peer"
        answer = self.place.peers[name].ask(
            {"do": "open", "problem": self.problem.request(),
             "operands": self.files, "result": str(result), **more}, 600)
        kind = numpy.int32 if self.problem.type == "i8" else numpy.float32
        shape = self.problem.shape(self.problem.result())
        for number, variant in enumerate(answer["variants"]):
            path = pathlib.Path(f"{result}.{number}")
            found = numpy.fromfile(path, kind).reshape(shape)
            path.unlink()
            variant["number"], variant["peer"] = number, name
            variant["right"], variant["error"] = judge(self.problem, self.expected,
                                                       found)
        return answer


def finish(row, dconv, peer, reports):
    """Fills in the times."""
    row["dconv_seconds"] = dconv.seconds() if dconv else None
    row["peer_seconds"] = peer.seconds() if peer else None
    if dconv and dconv.failure:
        row["right"], row["dconv_note"] = False, dconv.failure
    if row["dconv_seconds"] and row["peer_seconds"]:
        row["ratio"] = row["peer_seconds"]["min"] / row["dconv_seconds"]["min"]
    if reports:
        ends = [r["measured"]["seconds_end_to_end"] for r in reports]
        row["dconv_end_to_end_seconds"] = {
            "min": min(end["min"] for end in ends),
            "median": float(numpy.median([end["median"] for end in ends]))}
    return row


def ceilings(place, problem):
    """Contestants that do as much as a core can: arithmetic in the type of
    `problem`, and reading memory; each with the seconds that `problem` takes for a
    second of it."""
    peer = place.peers["roofline"]
    found = {}
    for number, variant in enumerate(peer.ask({"do": "open"})["variants"]):
        amount = {"memory": problem.least_bytes(),
                  problem.type: problem.needed_macs()}.get(variant["name"])
        if amount is not None:
            found[variant["name"]] = (
                measure.Contestant(variant["name"], measure.peer_block(peer, number),
                                   variant["seconds"]),
                amount / variant["amount"])
    return found


def under_roofline(row, found):
    """The time at the peak or the bandwidth, whichever is longer, on the best
    rounds."""
    bounds = {name: contestant.seconds()["min"] * share
              for name, (contestant, share) in found.items() if contestant.seconds()}
    if bounds and row["dconv_seconds"]:
        row["roofline_of"] = max(bounds, key=bounds.get)
        row["roofline_seconds"] = bounds[row["roofline_of"]]
        row["roofline"] = row["roofline_seconds"] / row["dconv_seconds"]["min"]


def beside_libraries(place, layer, target):
    """Targets 1 and 2: the same number of devices and threads."""
    devices = target
    names = {1: ("oneDNN", "PyTorch 1"), 2: ("PyTorch 2",)}[target]
    cores = place.cores[devices]
    for type_ in types_of(layer):
        case = Case(place, problem_of(layer, type_))
        row = case.row(target, devices, "none")
        report = case.try_dconv(row, cores)
        reports, contestants, notes, variants = [], [], {}, []
        if report:
            contestants.append(case.contestant(report, reports, devices, cores))
        for name in names:
            label = name.split()[0]
            try:
                answer = case.open(name)
            except protocol.PeerFailed as error:
                notes[label] = str(error)
                continue
            variants += answer["variants"]
            notes |= {f"{label}, {variant}": why
                      for variant, why in answer["unsupported"].items()}
            for variant in answer["variants"]:
                if not variant["right"]:
                    notes[f"{label}, {variant['name']}"] = (
                        f"wrong: differs by {variant['error']:g}")
        right = [v for v in variants if v["right"]]
        fastest = min((v["seconds"] for v in right), default=0)
        timed = []
        for v in right:
            if v["seconds"] > HOPELESS * fastest:
                continue
            timed.append(measure.Contestant(
                f"{v['peer'].split()[0]}, {v['name']}",
                measure.peer_block(place.peers[v["peer"]], v["number"]),
                v["seconds"]))
        roofs = ceilings(place, case.problem) if target == 1 else {}
        measure.in_turns(contestants + timed
                         + [contestant for contestant, _ in roofs.values()])
        timed = [t for t in timed if t.seconds()]
        best = min(timed, key=lambda t: t.seconds()["min"], default=None)
        if best:
            row["peer"], row["peer_right"] = best.name, True
        row["others"] = [{"peer": t.name, "seconds": t.seconds()}
                         for t in timed if t is not best]
        row["peer_notes"] = notes
        finish(row, contestants[0] if contestants else None, best, reports)
        under_roofline(row, roofs)
        yield row
        for name in names:
            close(place, name)


def close(place, name):
    try:
        place.peers[name].ask({"do": "close"})
    except protocol.PeerFailed:
        place.peers[name].stop()


def more_devices(place, layer, target):
    """Target 3: four and eight devices beside two, all on two cores."""
    case = Case(place, problem_of(layer, layer["type"]))
    cores = place.cores[2]
    rows, contestants, reports = {}, {}, {}
    for devices in (2, 4, 8):
        rows[devices] = case.row(target, devices, "dconv, 2 devices")
        reports[devices] = []
        report = case.try_dconv(rows[devices], cores)
        if report:
            contestants[devices] = case.contestant(report, reports[devices], devices,
                                                   cores)
    measure.in_turns(list(contestants.values()))
    extents = dconv_tool.loop_extents(place.opt, case.dconv.module)
    for devices in (4, 8):
        row = rows[devices]
        row["peer_right"] = rows[2]["right"]
        if devices in contestants:
            row["least_share"] = least_share(row["split"], extents, devices)
        yield finish(row, contestants.get(devices), contestants.get(2),
                     reports[devices])


def beside_xla(place, layer, target):
    """Target 4: four devices, every split."""
    problem = problem_of(layer, layer["type"])
    case, cores = Case(place, problem), place.cores[2]
    splits = {split.name(): split for split in problem.splits_of_four()}
    found, notes = {}, {}
    try:
        answer = case.open("XLA", splits=[
            {"name": name, **dataclasses.asdict(split)}
            for name, split in splits.items()])
        found = {variant["name"]: variant for variant in answer["variants"]}
        notes = answer["unsupported"]
    except protocol.PeerFailed as error:
        notes = dict.fromkeys(splits, str(error))
    for name, split in splits.items():
        row = case.row(target, 4, "XLA SPMD")
        spec = problem.spec(split)
        report = case.try_dconv(row, cores, spec)
        row["split"], row["peer_split"] = spec, name
        contestants, reports, peer = [], [], None
        if report:
            row["dconv_bytes"] = dconv_tool.received(report)
            contestants.append(case.contestant(report, reports, 4, cores, spec))
        variant = found.get(name)
        if variant:
            row["peer_bytes"], row["peer_right"] = variant["bytes"], variant["right"]
            row["peer_even"] = variant["even"]
            peer = measure.Contestant(
                "XLA SPMD", measure.peer_block(place.peers["XLA"], variant["number"]),
                variant["seconds"])
            contestants.append(peer)
        else:
            row["peer_notes"] = {"XLA": notes.get(name, "no answer")}
        measure.in_turns(contestants, XLA_ROUNDS)
        yield finish(row, contestants[0] if report else None, peer, reports)
    close(place, "XLA")


def compile_time(place, layer, target):
    """Target 5: from reading the file to being ready to run, without what is
    cached and with it. The peer is the time that is allowed."""
    case = Case(place, problem_of(layer, layer["type"]))
    cores = place.cores[1]
    for what, limit in (("cold", 0.5), ("cached", 0.02)):
        row = case.row(target, 1, f"limit, {what}")
        reports, cache = [], place.folder / "compiled"

        def block(_repeat):
            if what == "cold":
                shutil.rmtree(cache, ignore_errors=True)
            reports.append(case.dconv.run(1, cores, cache=cache))
            seconds = reports[-1]["measured"]["compile_seconds"]
            return seconds, seconds

        report = case.try_dconv(row, cores)
        dconv = measure.Contestant("dconv", block, 1) if report else None
        measure.in_turns([dconv] if dconv else [])
        row["peer_right"] = True
        row = finish(row, dconv, None, [])
        row["peer_seconds"] = {"min": limit, "median": limit}
        if row["dconv_seconds"]:
            row["ratio"] = limit / row["dconv_seconds"]["min"]
            row["process_seconds"] = min(r["wall_seconds"] for r in reports)
        yield row


MEASUREMENTS = {1: beside_libraries, 2: beside_libraries, 3: more_devices,
                4: beside_xla, 5: compile_time}
