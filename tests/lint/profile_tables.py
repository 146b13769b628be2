#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The register tables of schemas/profiles/README.md are the profiles, printed. Checks that they still are; --write prints anew.

usage: profile_tables.py [--write] <root of the project>
"""
import json
import pathlib
import re
import sys

MARK = "<!-- tables -->"
LIMITS = {"LowerFatal": "<<<", "LowerCritical": "<<", "LowerCaution": "<", "UpperCaution": ">", "UpperCritical": ">>", "UpperFatal": ">>>"}


def load(path):
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*', lambda m: m.group(0) if m.group(0)[0] == '"' else "", text, flags=re.S)
    return json.loads(text)


def scale(point):
    parts = []
    if "pow10" in point:
        parts.append(f"/ {10 ** point['pow10']}")
    if "pow2" in point:
        parts.append(f"/ {2 ** point['pow2']}")
    if "scale" in point:
        parts.append(f"x {point['scale']:g}")
    if "scale_from" in point:
        parts.append(f"by {point['scale_from']}")
    return " ".join(parts)


def meaning(group):
    point, words = group[0], []
    if "flags" in point:
        words.append(", ".join(f"b{bit} {word}" for bit, word in point["flags"].items()))
    if "bit" in point:
        words.append(f"bit {point['bit']}:")
    if "shift" in point:
        alike = all(p["shift"] == point["shift"] for p in group)
        words.append(f"bits {point['shift']}-{point['shift'] + point['width'] - 1}:" if alike else f"fields of {point['width']} bits:")
    if "states" in point:
        states = point["states"]
        same = all(k == v for k, v in states.items())
        words.append(", ".join(states) if same else ", ".join(f"{raw} {word}" for raw, word in states.items()))
    if "range" in point:
        words.append(f"{point['range'][0]:g} to {point['range'][1]:g}")
    if "sentinels" in point:
        words.append(f"({point['sentinels']})" if isinstance(point["sentinels"], str) else "(has codes for no value)")
    if point.get("heartbeat"):
        words.append("must move")
    if point.get("hidden"):
        words.append("helper, no point of the site")
    return " ".join(words)


def alarms(point):
    out = []
    for name, limit in point.get("limits", {}).items():
        severity = limit["severity"]
        if name in LIMITS:
            out.append(f"{LIMITS[name]} {limit['Reading']:g} {severity}")
        elif name == "State":
            out.append(f"{', '.join(limit['states'])}: {severity}")
        elif name == "RateOfChange":
            out.append(f"{limit['Reading']:g} in {limit['window']} {severity}")
        else:
            out.append(f"{name} {severity}")
    return "; ".join(out)


def numbered(name):
    return re.sub(r"\.\d+(?=\.|$)", ".n", name)


def shape(point):
    """What rows of one numbered family have in common; where they differ they are printed apart."""
    rest = {k: v for k, v in point.items() if k not in ("name", "address", "path", "shift")}
    return numbered(point["name"]) + json.dumps(rest, sort_keys=True)


def runs(points):
    """Consecutive rows of a family (rack.1.., rack.2..) become one: first, last, how many."""
    groups, order = {}, []
    for point in points:
        key = shape(point) if numbered(point["name"]) != point["name"] else point["name"]
        if key not in groups:
            groups[key] = []
            order.append(key)
        groups[key].append(point)
    return [groups[key] for key in order]


def table(profile):
    default = profile.get("modbus", {}).get("function", 3)
    mqtt = profile["protocol"] == "mqtt"
    lines = ["| where | point | how | meaning | alarms |" if mqtt else "| FC | address | point | type | scale | meaning | alarms |",
             "|---|---|---|---|---|" if mqtt else "|---|---|---|---|---|---|---|"]
    for group in runs(profile["points"]):
        first, last = group[0], group[-1]
        name = first["name"] + (f" … {last['name']}" if len(group) > 1 else "")
        if mqtt:
            where = first.get("topic", profile["mqtt"]["topic"])
            path = first.get("path", "") + (f" … {last.get('path', '')}" if len(group) > 1 else "")
            lines.append(f"| `{where}` `{path}` | {name} | {scale(first)} | {meaning(group)} | {alarms(first)} |")
            continue
        address = str(first["address"]) + (f" … {last['address']}" if len(group) > 1 else "")
        kind = first.get("type", "u16") + (f" {first['count']}" if "count" in first else "")
        lines.append(f"| {first.get('function', default)} | {address} | {name} | {kind} | {scale(first)} | {meaning(group)} | {alarms(first)} |")
    return "\n".join(lines)


def chapter(profile):
    provenance = profile["provenance"]
    out = [f"### {profile['profile']}: {profile['title']['en']} ({profile['title']['ja']})", ""]
    source = provenance["document"] + (f", {provenance['pages']}" if provenance.get("pages") else "")
    out.append(f"{provenance['status']}: {source}." + (f" {provenance['note']}" if provenance.get("note") else ""))
    if "ring" in profile:
        ring = profile["ring"]
        out.append(f"\nEvent ring: epoch at {ring['epoch']}, head at {ring['head']}, tail at {ring['tail']} (u32 each), "
                   f"{ring['entries']} entries of {ring['entry_words']} registers from {ring['ring']}.")
    out += ["", table(profile), ""]
    return "\n".join(out)


def main():
    root = pathlib.Path(sys.argv[-1])
    readme = root / "schemas/profiles/README.md"
    old = readme.read_text(encoding="utf-8")
    profiles = [load(path) for path in sorted((root / "schemas/profiles").glob("*.json"))]
    profiles.sort(key=lambda p: (p["provenance"]["status"] != "G", p["profile"]))
    new = old.split(MARK)[0] + MARK + "\n\n" + "\n".join(chapter(p) for p in profiles)
    if "--write" in sys.argv:
        readme.write_text(new, encoding="utf-8")
        return 0
    if old != new:
        print("schemas/profiles/README.md is not what the profiles say; run tests/lint/profile_tables.py --write .")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
