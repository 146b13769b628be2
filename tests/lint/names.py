#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The words of the house are spelled once: every vocabulary list has unique names and values, and the profiles use only those.

usage: names.py <root of the project>     Prints each finding with its place; exit code 1 when there is any.
"""
import json
import pathlib
import re
import sys

FINDINGS = []
STATUS = {"V", "S", "U", "G"}
WIDTH = {"u32": 2, "s32": 2, "f32": 2, "bits32": 2, "hi_lo": 2, "u64": 4, "s64": 4, "f64": 4}


def find(where, text):
    FINDINGS.append(f"{where}: {text}")


def uncommented(text):
    """Takes // and slash-star comments out, leaving strings alone."""
    return re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*', lambda m: m.group(0) if m.group(0)[0] == '"' else "", text, flags=re.S)



def column(vocab, name, index):
    """One column of a list, as a set; the quotes keep empty texts in place."""
    out = []
    text = uncommented((vocab / name).read_text(encoding="utf-8"))
    for match in re.finditer(r"^[A-Z]\((.*)\)\s*$", text, flags=re.M):
        cells = re.findall(r'"(?:\\.|[^"\\])*"|[^,"\s][^,"]*', match.group(1))
        out.append(cells[index].strip().strip('"'))
    return out


# list -> columns that must be unique (0 = symbol); the name column is said apart because events and tags differ
UNIQUE = {
    "alarm_states.def": (0, 1, 2), "clock_quality.def": (0, 1, 2), "conditions.def": (0, 1, 2), "deny_reasons.def": (0, 1, 2),
    "device_kinds.def": (0, 1, 2), "errors.def": (0, 1), "events.def": (0, 1, 2), "factors.def": (0, 1, 2),
    "registers.def": (0, 1, 2, 4), "register_states.def": (0, 1, 2), "register_acts.def": (0, 1, 2), "register_fields.def": (),
    "register_dues.def": (), "signals.def": (0,), "signal_kinds.def": (0, 1, 2), "signal_keepers.def": (0, 1, 2),
    "signal_sources.def": (0, 1, 2), "person_kinds.def": (0, 1, 2), "disable_reasons.def": (0, 1, 2),
    "occupancy_doubts.def": (0, 1, 2),
    "occurrence.def": (0, 1, 2), "permissions.def": (0,), "points.def": (0,), "quality.def": (0, 1, 2, 3),
    "quality_reasons.def": (0, 1, 2), "record_classes.def": (0, 1, 2), "roles.def": (0, 1, 2), "severity.def": (0, 1, 2),
    "tags.def": (0, 1, 3), "units.def": (0, 1), "event_topics.def": (0,), "door_states.def": (1,), "state_words.def": (0,),
}


def check_lists(vocab):
    for path in sorted(vocab.glob("*.def")):
        if path.name not in UNIQUE:
            find(path.name, "list unknown to this check; say in UNIQUE which of its columns must be unique")
            continue
        for index in UNIQUE[path.name]:
            cells, seen = column(vocab, path.name, index), set()
            if not cells:
                find(path.name, "no rows found")
            for cell in cells:
                if cell in seen:
                    find(path.name, f"'{cell}' stands twice in column {index}")
                seen.add(cell)


def read_points(vocab):
    kinds = {}
    text = (vocab / "points.def").read_text(encoding="utf-8")
    row = re.compile(r'^K\("([^"]+)", SK_KIND_(\w+), (SK_UNIT_\w+), (?:"([^"]*)"|NULL), "([^"]+)", "([^"]+)"\)$')
    symbols = set(column(vocab, "units.def", 0))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("K("):
            continue
        match = row.match(line)
        if not match:
            find(f"points.def:{number}", "row does not read as K(name, kind, unit, states, ja, en)")
            continue
        name, kind, unit, states, _, _ = match.groups()
        if not re.fullmatch(r"[a-zA-Z][\w-]*(\.[a-zA-Z][\w-]*)*", name):
            find(f"points.def:{number}", f"'{name}' is no point name")
        if unit not in symbols:
            find(f"points.def:{number}", f"unit {unit} is not in units.def")
        kinds[name] = (kind, states.split("|") if states else [])
    return kinds


def family(name):
    return ".".join("n" if re.fullmatch(r"[1-9][0-9]{0,2}", step) else step for step in name.split("."))


def check_words(where, point, kind, words):
    states = point.get("states", {})
    flags = {b: w.lstrip("!") for b, w in point.get("flags", {}).items()}
    limit = point.get("limits", {}).get("State", {}).get("states", [])
    for word in list(states.values()) + list(flags.values()) + list(limit):
        if word not in words:
            find(where, f"'{word}' is not among {'|'.join(words) or 'no words at all'}")
    reachable = set(states.values()) | set(flags.values())
    for word in limit:
        if word not in reachable:
            find(where, f"the limit names '{word}', which the device can never say here")
    if kind == "STATE" and not states:
        find(where, "a state without a map of raw values")
    if kind == "FLAGS" and not flags:
        find(where, "flags without a map of bits")
    if kind == "NUMBER" and (states or flags):
        find(where, "a number has no words")


def check_point(where, point, kinds, context):
    name = point["name"]
    if point.get("hidden"):
        if not name.startswith("x."):
            find(where, "a helper's name begins with x.")
        return
    kind, words = kinds.get(family(name), (None, []))
    if kind is None or ".n." in "." + name + ".":
        find(where, "name is not in schemas/vocab/points.def")
        return
    check_words(where, point, kind, words)
    for condition, limit in point.get("limits", {}).items():
        if condition not in context["conditions"]:
            find(where, f"'{condition}' is not in conditions.def")
        if limit.get("severity") not in context["severities"]:
            find(where, f"{condition}: severity missing or not in severity.def")
        if (condition == "State") != ("states" in limit) or (kind == "NUMBER") == (condition == "State"):
            find(where, f"{condition} does not fit a {kind} point")
    order = ["LowerFatal", "LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical", "UpperFatal"]
    readings = [point["limits"][c]["Reading"] for c in order if c in point.get("limits", {})]
    if readings != sorted(readings):
        find(where, "thresholds are not in rising order")
    low, high = point.get("range", [float("-inf"), float("inf")])
    if readings and not (low <= readings[0] and readings[-1] <= high):
        find(where, "a threshold lies outside the engineering range and could never act")
    sentinels = point.get("sentinels", [])
    for name in [sentinels] if isinstance(sentinels, str) else [s for s in sentinels if isinstance(s, str)]:
        if name not in context["sentinels"]:
            find(where, f"sentinel set '{name}' is not in sentinels.def")


def check_addresses(name, profile):
    """Points may share registers (bits, fields, two views of one word), but never lie half over each other."""
    default = profile.get("modbus", {}).get("function", 3)
    spans = []
    for point in profile["points"]:
        function, start = point.get("function", default), point.get("address")
        if start is None:
            find(f"{name} {point['name']}", "no address")
            continue
        width = point.get("count", 1) if point.get("type") == "string" else WIDTH.get(point.get("type", "u16"), 1)
        spans.append((function, start, start + width, point))
    ring = profile.get("ring")
    if ring:
        begin = ring["ring"]
        spans.append((ring.get("function", default), begin, begin + ring["entries"] * ring["entry_words"], {"name": "ring", "type": "ring"}))
    spans.sort(key=lambda s: s[:3])
    for a, b in zip(spans, spans[1:]):
        if a[0] != b[0] or b[1] >= a[2]:
            continue
        if (a[1], a[2]) != (b[1], b[2]):
            find(name, f"{a[3]['name']} and {b[3]['name']} overlap in part")
        elif a[3].get("type") == b[3].get("type") and a[3].get("type") not in ("bits16", "bits32", "field"):
            find(name, f"{a[3]['name']} and {b[3]['name']} read the same register as the same thing")


def check_profile(path, kinds, context):
    profile = json.loads(uncommented(path.read_text(encoding="utf-8")))
    where = path.name
    if profile["profile"] != path.stem:
        find(where, "profile is not named as its file")
    if profile["kind"] not in context["kinds"]:
        find(where, f"kind '{profile['kind']}' is not in device_kinds.def")
    provenance = profile.get("provenance", {})
    if not provenance.get("document") or provenance.get("status") not in STATUS:
        find(where, "provenance lacks a document or a status out of V, S, U, G")
    if provenance.get("status") in ("V", "S") and not provenance.get("pages"):
        find(where, "provenance V or S names pages or the driver")
    if not profile.get("title", {}).get("ja") or not profile.get("title", {}).get("en"):
        find(where, "title lacks a language")
    names = [p["name"] for p in profile["points"]]
    for name in sorted({n for n in names if names.count(n) > 1}):
        find(where, f"point {name} stands twice")
    for point in profile["points"]:
        check_point(f"{where} {point['name']}", point, kinds, context)
    if profile["protocol"] == "modbus":
        check_addresses(where, profile)


def main():
    root = pathlib.Path(sys.argv[1])
    vocab, profiles = root / "schemas/vocab", sorted((root / "schemas/profiles").glob("*.json"))
    check_lists(vocab)
    kinds = read_points(vocab)
    context = {
        "conditions": set(column(vocab, "conditions.def", 2)), "severities": set(column(vocab, "severity.def", 2)),
        "kinds": set(column(vocab, "device_kinds.def", 2)), "sentinels": set(column(root / "schemas/config", "sentinels.def", 0)),
    }
    for path in profiles:
        check_profile(path, kinds, context)
    if not profiles or not kinds:
        find("names.py", "found no profiles or no point names: wrong root?")
    for finding in FINDINGS:
        print(finding)
    print(f"{len(kinds)} point names, {len(profiles)} profiles, {len(FINDINGS)} findings")
    return 1 if FINDINGS else 0


if __name__ == "__main__":
    sys.exit(main())
