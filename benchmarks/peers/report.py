"""Tables and the plot of results.json.

usage: report.py RESULTS.json    prints the tables
"""

import json
import math
import sys

# 0.97 to 1.03 is a tie.
TIE = 0.97
FLOOR = 0.95
KINDS = {"dense 2-D": 1.3, "3-D": 2, "grouped": 2, "bf16": 2, "depthwise": 10}
AT_MOST = {4: 1.08, 8: 1.15}
SHARE = 0.8
ROOFLINE = 0.92
SPARSE = ("depthwise", "grouped")


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def ratios(rows):
    """Of what both computed right."""
    return [row["ratio"] for row in rows
            if row["ratio"] is not None and row["right"] and row["peer_right"]]


def _groups(rows, key):
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def _line(target, what, wanted, rows, met=None):
    """A line of the summary; not met where dconv is wrong or failed."""
    values = ratios(rows)
    mean = geometric_mean(values) if values else None
    broken = sum(1 for row in rows if not row["right"])
    below = sum(1 for value in values if value < FLOOR)
    if met is None:
        met = mean is not None and (wanted is None or mean >= wanted) and below == 0
    return {"target": target, "what": what, "wanted": wanted, "mean": mean,
            "least": min(values, default=None), "below": below,
            "compared": len(values), "broken": broken, "met": met and not broken}


def _roofline_line(dtype, rows):
    """How near dense layers come to what the core can do."""
    values = [row["roofline"] for row in rows if row["right"] and "roofline" in row]
    below = sum(1 for value in values if value < ROOFLINE)
    broken = sum(1 for row in rows if not row["right"])
    return {"target": 1, "what": f"{dtype}, dense, of the roofline",
            "wanted": ROOFLINE,
            "mean": geometric_mean(values) if values else None,
            "least": min(values, default=None), "below": below,
            "compared": len(values), "broken": broken,
            "met": bool(values) and not below and not broken}


def summaries(rows):
    """Whether the targets are met."""
    lines, by_target = [], _groups(rows, "target")
    for target in (1, 2):
        for dtype, group in _groups(by_target.get(target, []), "dtype").items():
            lines.append(_line(target, dtype, 1.0 if target == 1 else None, group))
            dense = [row for row in group if row.get("kind") not in SPARSE]
            if any("roofline" in row for row in dense):
                lines.append(_roofline_line(dtype, dense))
        if target == 2 and 2 in by_target:
            lines.append(_line(2, "all", 1.0, by_target[2]))
    for devices, group in _groups(by_target.get(3, []), "devices").items():
        wanted = 1 / AT_MOST[devices]
        values = ratios(group)
        idle = [r for r in group if r.get("least_share", 0) < SHARE]
        met = bool(values) and geometric_mean(values) >= wanted and not idle
        lines.append(_line(3, f"{devices} devices", round(wanted, 3), group, met))
        lines[-1]["idle"] = len(idle)
    for kind, group in _groups(by_target.get(4, []), "kind").items():
        group = [row for row in group if row["peer_right"]]
        more = sum(1 for r in group
                   if "dconv_bytes" in r and r["dconv_bytes"] > r["peer_bytes"])
        lines.append(_line(4, kind, KINDS.get(kind), group))
        lines[-1]["more_bytes"] = more
        lines[-1]["met"] &= more == 0
    for peer, group in _groups(by_target.get(5, []), "peer").items():
        values = ratios(group)
        lines.append(_line(5, peer, 1.0, group, bool(values) and min(values) >= 1))
    return lines


def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def milliseconds(seconds):
    return "" if not seconds else (f"{seconds['min'] * 1e3:.3f} / "
                                   f"{seconds['median'] * 1e3:.3f}")


def verdict(row):
    if row["ratio"] is None or not (row["right"] and row["peer_right"]):
        return ""
    if row["ratio"] < TIE:
        return "slower"
    return "faster" if row["ratio"] > 1 / TIE else "tie"


def remarks(row):
    """What a reader has to know of a row."""
    found = []
    if "dconv_note" in row:
        found.append(f"dconv: {row['dconv_note']}")
    elif not row["right"]:
        found.append("**dconv wrong**")
    if row.get("path") == "loops":
        found.append("plain loops")
    notes = row.get("peer_notes", {})
    found += [f"{peer}: {why}" for peer, why in notes.items()]
    if not row["peer_right"] and row["peer_seconds"]:
        found.append("**peer wrong**")
    if row.get("peer_even") is False:
        found.append("uneven parts")
    return "; ".join(found).replace("|", "\\|").replace("\n", " ")


def one_line(row):
    times = (f"{milliseconds(row['dconv_seconds']) or 'no time'} ms, {row['peer']} "
             f"{milliseconds(row['peer_seconds']) or 'no time'} ms")
    return (f"{row['dtype']} {row['devices']} {row['split']}: dconv {times}, ratio "
            f"{number(row['ratio'], 3)} {remarks(row)}").rstrip()


def table(header, lines):
    rule = ["---"] * len(header)
    return "\n".join("| " + " | ".join(map(str, line)) + " |"
                     for line in [header, rule, *lines]) + "\n"


def summary_table(lines):
    rows = []
    for line in lines:
        extra = [f"{line['broken']} not right"] if line["broken"] else []
        if line.get("idle"):
            extra.append(f"{line['idle']} with a device under {SHARE}/N of the work")
        if line.get("more_bytes"):
            extra.append(f"{line['more_bytes']} with more bytes than the peer")
        rows.append([line["target"], line["what"], line["compared"],
                     number(line["mean"], 3), number(line["wanted"], 3),
                     number(line["least"], 3), line["below"],
                     "yes" if line["met"] else "no", "; ".join(extra)])
    return table(["target", "of", "compared", "geometric mean", "wanted", "least",
                  "under the floor", "met", "beside"], rows)


def target_table(target, rows):
    header = ["layer", "type", "devices", "split", "dconv ms (min / median)",
              "end to end ms", "peer", "peer ms (min / median)", "ratio", ""]
    if target == 1:
        header.append("of the roofline")
    if target == 3:
        header.append("least share")
    if target == 4:
        header += ["bytes", "peer's bytes"]
    header.append("remarks")
    lines = []
    for row in rows:
        split = row["split"]
        if "peer_split" in row:
            split += f" ({row['peer_split']})"
        line = [row["layer"], row["dtype"], row["devices"], split,
                milliseconds(row["dconv_seconds"]),
                milliseconds(row.get("dconv_end_to_end_seconds")), row["peer"],
                milliseconds(row["peer_seconds"]), number(row["ratio"], 3),
                verdict(row)]
        if target == 1:
            line.append(number(row.get("roofline")) and
                        f"{number(row['roofline'])} ({row['roofline_of']})")
        if target == 3:
            line.append(number(row.get("least_share")))
        if target == 4:
            line += [row.get("dconv_bytes", ""), row.get("peer_bytes", "")]
        lines.append(line + [remarks(row)])
    return table(header, lines)


def markdown(facts, rows, failures=()):
    parts = []
    if facts:
        peers = ", ".join(f"{n} {v}" for n, v in facts["peers"].items())
        parts.append(f"{facts['date']}, {facts['cores']} cores of {facts['cpu']}, "
                     f"dconv {facts['dconv']}; {peers}.\n")
    if rows:
        parts.append(summary_table(summaries(rows)))
    for target, group in sorted(_groups(rows, "target").items()):
        parts.append(f"Target {target}\n\n" + target_table(target, group))
    if failures:
        parts.append("Not measured\n\n" + table(
            ["target", "layer", "error"],
            [[f["target"], f["layer"], f["error"]] for f in failures]))
    return "\n".join(parts)


def plot(rows, path):
    """The ratios of all targets, best first."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    groups = sorted(_groups([r for r in rows if r["ratio"]], "target").items())
    if not groups:
        return
    figure, axes = pyplot.subplots(len(groups), 1, squeeze=False,
                                   figsize=(12, 3.6 * len(groups)))
    for (target, group), axis in zip(groups, axes[:, 0]):
        group.sort(key=lambda row: -row["ratio"])
        good = [row["right"] and row["peer_right"] for row in group]
        axis.bar(range(len(group)), [row["ratio"] - 1 for row in group], bottom=1,
                 color=["tab:blue" if g else "lightgray" for g in good])
        axis.axhspan(TIE, 1 / TIE, color="tab:orange", alpha=0.4)
        axis.set_yscale("log")
        axis.set_ylabel("peer's time / dconv's")
        axis.set_title(f"Target {target} (gray: one of both is wrong)")
        if len(group) <= 150:
            axis.set_xticks(range(len(group)), [
                f"{r['layer']} {r['dtype']} {r['split']}"[:34] for r in group],
                rotation=90, fontsize=5)
        else:
            axis.set_xticks([])
    figure.tight_layout()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as results:
        print(markdown(None, json.load(results)), end="")
