"""Alters certificates, one field at a time; the verifier must refuse each.

    mutate_certificate.py FOLDER_OF_VERIFIER CERTIFICATE.json [SEED]

Every integer is raised and lowered by one, made negative, huge, a fraction and a
text; every other value is replaced by one of another type; from every list an entry
is dropped, one is doubled, and boxes are shifted; every field is left out. Of what is
long a seeded sample is taken. Prints the number of alterations that were refused.
"""

import copy
import json
import random
import sys

sys.path.insert(0, sys.argv[1])
import claims as verifier  # noqa: E402
from verify_certificate import Plan  # noqa: E402
from verify_stream import Stream  # noqa: E402

VERIFIERS = {"convolutions": Plan, "streamed": Stream}

SAMPLE = 5  # alterations of each kind per section of a convolution


def paths(value, path=()):
    """Each value below `value` and the way to it."""
    yield path, value
    if isinstance(value, (dict, list)):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from paths(value[key], (*path, key))


def is_box(value):
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(p, list) and len(p) == 2 for p in value)
        and all(type(end) is int for pair in value for end in pair)
    )


def alterations(value):
    """Names and values of what `value` is replaced by."""
    if type(value) in (int, float):
        yield "raised", value + 1
        yield "lowered", value - 1
        yield "negative", -value - 1
        yield "huge", 10**30
        yield "fraction", value + 0.5
        yield "text", str(value)
    elif type(value) is bool:
        yield "flipped", not value
        yield "number", int(value)
    elif type(value) is str:
        yield "text", value + "?"
        yield "number", 1
    elif isinstance(value, list):
        yield "an object", {}
        if value:
            yield "dropped", value[1:]
            yield "dropped last", value[:-1]
            yield "doubled", [*value, value[-1]]
        if is_box(value):
            yield "moved", [[p[0] + 1, p[1] + 1] for p in value[:1]] + value[1:]
            yield "grown", value[:-1] + [[value[-1][0], value[-1][1] + 1]]
    elif isinstance(value, dict):
        yield "a list", []
        for key in value:
            yield f"without {key}", {k: v for k, v in value.items() if k != key}
    if value is not None:
        yield "null", None


def reached(claims, operand, dim):
    """The end of the positions of a dim that the loops reach."""
    expr, loops = claims["operands"][operand]["map"][dim], claims["loops"]
    ends = zip(expr["coefficients"], loops)
    return expr["constant"] + sum(max(0, f * (l["extent"] - 1)) for f, l in ends) + 1


def is_true(claims, path, value, how):
    """What stays true: labels, and numbers that mean nothing or mean the same."""
    last = path[-1]
    if path[0] == "name":
        return how == "text"
    if path[0] == "loops" and (last in ("name", "role") or how[8:] in ("name", "role")):
        return True
    if path[0] in ("best_box_words", "best_box_exact"):  # shown, not proved
        return True
    if path == ("bound",) and how == "null":  # less is claimed
        return claims.get("bound_words") == 0
    if path[0] == "memory_budget":  # a bound may depend on it
        peak = max(claims["predicted"]["peak_bytes"])
        suffices = how in ("raised", "null") or how == "lowered" and peak < value
        return suffices and not (claims["bound"] or {}).get("each_bytes")
    if "streams" in claims and path[-2:-1] == ("shape",):  # what nobody reads
        size = value + {"raised": 1, "lowered": -1}.get(how, -value)
        return size >= reached(claims, path[1], last)
    if "coefficients" in path[:-1] and claims["loops"][last]["extent"] == 1:
        return how in ("raised", "lowered", "negative")
    if path[0] == "axes" and last == "loop":  # one part divides nothing
        return len(claims["axes"][path[1]]["stripes"]) == 1
    return False


def replaced(claims, path, value):
    result = copy.deepcopy(claims)
    holder = result
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return result


def main():
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with open(sys.argv[2], encoding="utf-8") as file:
        certificate = json.load(file)
    refused = accepted = 0

    def attempt(altered, what):
        nonlocal refused, accepted
        try:
            for plans, kind in VERIFIERS.items():
                list(verifier.verify(json.dumps(altered), plans, kind))
        except verifier.Refused:
            refused += 1
            return
        accepted += 1
        print(f"accepted: {what}")

    for plans, kind in VERIFIERS.items():
        list(verifier.verify(json.dumps(certificate), plans, kind))
    empty = {**certificate, **dict.fromkeys(VERIFIERS, [])}
    for plans in VERIFIERS:
        for claims in certificate[plans]:
            sections = {}
            for path, value in paths(claims):
                for how, other in alterations(value) if path else ():
                    if not is_true(claims, path, value, how):
                        key = (path[0], type(value), how)
                        sections.setdefault(key, []).append((path, how, other))
            for key in claims.keys() - {"best_box_words", "best_box_exact"}:
                without = {k: v for k, v in claims.items() if k != key}
                attempt({**empty, plans: [without]}, f"without {key}")
            for chosen in sections.values():
                for path, how, other in rng.sample(chosen, min(SAMPLE, len(chosen))):
                    altered = replaced(claims, path, other)
                    what = f"{claims['name']} {path} {how}: {other}"
                    attempt({**empty, plans: [altered]}, what)
    for key, value in certificate.items():
        for how, other in alterations(value):
            if not (key in VERIFIERS and how in ("dropped", "dropped last", "doubled")):
                attempt({**certificate, key: other}, f"{key} {how}")
    print(f"{refused} refused, {accepted} accepted")
    sys.exit(accepted > 0)


main()
