#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The list of signals is the one that the requirements read: names and kinds of schemas/vocab/signals.def are those of
schemas/requirements/signals.json, in order; every device signal is a kind of point; every keeper is a register or a row of
signal_keepers.def; and the due times that keys.def gives are those of register_dues.def. signals.py <root of the project>."""
import json
import pathlib
import re
import sys

UNITS = {"D": 86400, "H": 3600, "M": 60, "S": 1}


def text_of(path):
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)


def seconds(duration):
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+)([DHMS])", duration))


def check_signals(vocab, wanted):
    rows = re.findall(r'^G\("([^"]+)",\s+(\w+), "([^"]*)"\)$', text_of(vocab / "signals.def"), flags=re.M)
    points = set(re.findall(r'^K\("([^"]+)"', text_of(vocab / "points.def"), flags=re.M))
    keepers = set(re.findall(r'^R\(\w+,\s*\d+, "(\w+)"', text_of(vocab / "registers.def"), flags=re.M))
    keepers |= set(re.findall(r'^X\(\w+,\s*\d+, "(\w+)"', text_of(vocab / "signal_keepers.def"), flags=re.M))
    names = [row[0] for row in rows]
    if names != sorted(wanted):
        yield from (f"signals.def: {name} is missing or stands too often" for name in sorted(set(wanted) ^ set(names)))
        yield "signals.def: the names are not those of signals.json in order"
    for name, kind, keeper in rows:
        if name in wanted and kind.lower() != wanted[name]["kind"]:
            yield f"{name}: its kind is {kind}, in signals.json {wanted[name]['kind']}"
        if kind == "DEVICE" and name not in points and re.sub(r"\.", ".n.", name, count=1) not in points:
            yield f"{name}: points.def has no such kind of point"
        if keeper and keeper not in keepers:
            yield f"{name}: {keeper} is neither a register nor a row of signal_keepers.def"


def check_dues(root):
    dues = {}
    for after, name in re.findall(r'^D\(\w+,\s*\w+,\s*\w+,\s*(\d+), SK_SEV_\w+,\s*"([\w.]+)"',
                                  text_of(root / "schemas/vocab/register_dues.def"), flags=re.M):
        if dues.setdefault(name, int(after)) != int(after):
            yield f"register_dues.def: rows of {name} differ in their time, and the site file has one key for it"
    keys = {name: seconds(default) for name, default in re.findall(r'^K\(dues, \w+, "([\w.]+)", MS, 0, "(\w+)"', text_of(
        root / "schemas/config/keys.def"), flags=re.M)}
    for name in sorted(dues.keys() | keys.keys()):
        if dues.get(name) != keys.get(name):
            yield f"dues: {name} is {dues.get(name)} s in register_dues.def and {keys.get(name)} s in keys.def"


def main():
    root = pathlib.Path(sys.argv[1])
    wanted = json.loads((root / "schemas/requirements/signals.json").read_text(encoding="utf-8"))
    wrong = list(check_signals(root / "schemas/vocab", wanted)) + list(check_dues(root))
    print("\n".join(wrong) or f"ok: {len(wanted)} signals")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
