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
import verify_certificate as verifier  # noqa: E402

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


def is_true(claims, path, how):
    """What stays true: labels, and numbers that mean nothing or mean the same."""
    last = path[-1]
    if path[0] == "name":
        return how == "text"
    if path[0] == "loops" and (last in ("name", "role") or how[8:] in ("name", "role")):
        return True
    if path[0] in ("best_box_words", "best_box_exact"):  # shown, not proved
        return True
    if path == ("bound",) and how == "null":  # less is claimed
        return claims["bound_words"] == 0
    if path[0] == "memory_budget":
        return how in ("raised", "null")
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
            verifier.verify(json.dumps(altered))
        except verifier.Refused:
            refused += 1
            return
        accepted += 1
        print(f"accepted: {what}")

    verifier.verify(json.dumps(certificate))
    for claims in certificate["convolutions"]:
        sections = {}
        for path, value in paths(claims):
            for how, other in alterations(value) if path else ():
                if not is_true(claims, path, how):
                    key = (path[0], type(value), how)
                    sections.setdefault(key, []).append((path, how, other))
        for key in claims.keys() - {"best_box_words", "best_box_exact"}:
            without = {k: v for k, v in claims.items() if k != key}
            attempt({**certificate, "convolutions": [without]}, f"without {key}")
        for chosen in sections.values():
            for path, how, other in rng.sample(chosen, min(SAMPLE, len(chosen))):
                altered = replaced(claims, path, other)
                what = f"{claims['name']} {path} {how}: {other}"
                attempt({**certificate, "convolutions": [altered]}, what)
    for key, value in certificate.items():
        for how, other in alterations(value):
            if not (key == "convolutions" and how in ("dropped", "dropped last", "doubled")):
                attempt({**certificate, key: other}, f"{key} {how}")
    print(f"{refused} refused, {accepted} accepted")
    sys.exit(accepted > 0)


main()
