#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people and editors read of keys.def: KEYS.md, site.schema.json and profile.schema.json (JSON Schema draft 2020-12).

Without arguments it writes them; with --check it writes nothing and exits 1 when one differs from what the rows say.
Standard library only. The rows are read here as text, by one pattern per kind of row; a row that no pattern fits is an error."""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parent
STRING = r'"((?:[^"\\]|\\.)*)"'
ROWS = {
    "S": re.compile(rf"S\((\w+), {STRING}, {STRING}\)$"),
    "W": re.compile(rf"W\((\w+), {STRING}\)$"),
    "V": re.compile(r"V\((\w+), (\w+)\)$"),
    "K": re.compile(rf"K\((\w+), (\w+), {STRING}, (\w+), (\w+), {STRING}, ([-\w.]+), ([-\w.]+), {STRING}, {STRING}\)$"),
}
FAMILY_FILE = {"device_kind": "device_kinds", "severity": "severity", "quality": "quality", "quality_reason": "quality_reasons"}
LIMITS = ("LowerFatal", "LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical", "UpperFatal", "State", "Stale",
          "RateOfChange")  # in the order of the conditions; limits.c refuses all others on a point
DURATION = r"^P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]{1,3})?S)?)?$"
CODE = r"^(-?[0-9]+|0[xX][0-9A-Fa-f]+)$"


def unquote(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


def number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def family_words(family):
    """Names of a vocabulary list: the first quoted text of each row."""
    rows = (SCHEMAS / "vocab" / f"{FAMILY_FILE[family]}.def").read_text(encoding="utf-8").splitlines()
    return [re.search(STRING, row).group(1) for row in rows if row.startswith("X(")]


class Rows:
    """keys.def as data: words by list, sections with their texts, keys by section; all in the order of the file."""

    def __init__(self):
        self.words, self.sections, self.keys = {}, {}, {}
        text = re.sub(r"/\*.*?\*/", "", (HERE / "keys.def").read_text(encoding="utf-8"), flags=re.S)
        for line in filter(None, map(str.strip, text.splitlines())):
            pattern = ROWS.get(line[0])
            match = pattern.match(line) if pattern else None
            if not match:
                sys.exit(f"keys.def: cannot read this row: {line}")
            self.take(line[0], match.groups())

    def take(self, kind, parts):
        if kind == "S":
            self.sections[parts[0]] = (parts[1], parts[2])
            self.keys[parts[0]] = []
        elif kind == "W":
            self.words[parts[0]] = parts[1].split("|")
        elif kind == "V":
            self.words[parts[0]] = family_words(parts[1])
        else:
            section, _field, key, type_, arg, fallback, low, high, ja, en = parts
            self.keys[section].append({"key": key, "type": type_, "arg": arg, "default": unquote(fallback), "low": number(low),
                                       "high": number(high), "ja": unquote(ja), "en": unquote(en)})


# --- JSON Schema ---
ANY_SHAPES = {
    "states": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    "flags": {"type": "object", "minProperties": 1, "propertyNames": {"pattern": CODE}, "additionalProperties": {"type": "string"}},
    "pair": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "raw": {"oneOf": [{"type": "integer"}, {"type": "string", "pattern": CODE}]},
    "sentinels": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"oneOf": [{"type": "string"},
                                                                                  {"$ref": "#/$defs/sentinel"}]}}]},
}


def plain_schema(rows, key):
    low, high = key["low"], key["high"]
    return {
        "TEXT": lambda: {"type": "string", "minLength": low, "maxLength": high},
        "ID": lambda: {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{{low},{high}}}$"},
        "NAME": lambda: {"type": "string", "pattern": f"^[A-Za-z0-9._-]{{{low},{high}}}$"},
        "INT": lambda: {"type": "integer", "minimum": low, "maximum": high},
        "NUM": lambda: {"type": "number", "minimum": low, "maximum": high},
        "BOOL": lambda: {"type": "boolean"},
        "WORD": lambda: {"enum": rows.words[key["arg"]]},
        "MS": lambda: {"type": "string", "pattern": DURATION},
    }[key["type"]]()


def map_schema(section, nullable):
    value = {"$ref": f"#/$defs/{section}"}
    if section == "limit":
        return {"type": "object", "propertyNames": {"enum": list(LIMITS)},
                "additionalProperties": {"oneOf": [value, {"type": "null"}]} if nullable else value}
    if section == "map_entry":
        return {"type": "object", "propertyNames": {"pattern": CODE}, "additionalProperties": value}
    return {"type": "object", "additionalProperties": value}


def key_schema(rows, section, key):
    type_, arg = key["type"], key["arg"]
    if type_ == "OBJ":
        schema = {"$ref": f"#/$defs/{arg}"}
    elif type_ == "LIST":
        item = {"type": "string", "minLength": 1} if arg == "text" else {"$ref": f"#/$defs/{arg}"}
        schema = {"type": "array", "items": item, "maxItems": key["high"]}
    elif type_ == "MAP":
        schema = map_schema(arg, nullable=section == "point")
    elif type_ == "ANY":
        schema = dict(ANY_SHAPES[arg])
    else:
        schema = plain_schema(rows, key)
    schema["description"] = key["en"]
    if key["default"] not in ("", "!"):
        plain = type_ in ("INT", "NUM", "BOOL")
        schema["default"] = json.loads(key["default"]) if plain else key["default"]
    return schema


def section_schema(rows, section):
    keys = rows.keys[section]
    schema = {"type": "object", "title": rows.sections[section][1], "additionalProperties": False,
              "properties": {key["key"]: key_schema(rows, section, key) for key in keys}}
    required = [key["key"] for key in keys if key["default"] == "!"]
    return {**schema, "required": required} if required else schema


def reachable(rows, section, seen):
    for key in rows.keys[section]:
        if key["type"] in ("OBJ", "LIST", "MAP") and key["arg"] in rows.keys and key["arg"] not in seen:
            seen.append(key["arg"])
            reachable(rows, key["arg"], seen)
        if key["arg"] == "sentinels" and "sentinel" not in seen:
            seen.append("sentinel")
    return seen


def file_schema(rows, section, name):
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment":
             "made from schemas/config/keys.def by schemas/config/generate.py; comments are taken out of the file before"}
    whole.update(section_schema(rows, section))
    whole["$defs"] = {one: section_schema(rows, one) for one in reachable(rows, section, [])}
    return SCHEMAS / "json" / name, json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


# --- KEYS.md ---
def type_text(rows, key):
    type_, arg, low, high = key["type"], key["arg"], key["low"], key["high"]
    return {
        "TEXT": lambda: f"text, {low} to {high} bytes",
        "ID": lambda: f"identifier, up to {high}",
        "NAME": lambda: "point name",
        "INT": lambda: f"integer, {low} to {high}",
        "NUM": lambda: f"number, {low:g} to {high:g}",
        "BOOL": lambda: "true or false",
        "WORD": lambda: " ".join(f"`{word}`" for word in rows.words[arg]),
        "MS": lambda: f"duration, {low / 1000:g} to {high / 1000:g} s",
        "OBJ": lambda: f"[{arg}](#{arg})",
        "LIST": lambda: f"list of {'texts' if arg == 'text' else f'[{arg}](#{arg})'}, up to {high}",
        "MAP": lambda: f"object of [{arg}](#{arg})",
        "ANY": lambda: {"states": "object of words", "flags": "object of words", "pair": "[low, high]", "raw": "integer or \"0x\"",
                        "sentinels": "name, or list of names and [sentinel](#sentinel)"}[arg],
    }[type_]()


def cell(text):
    return text.replace("|", "\\|")


def keys_page(rows):
    lines = ["# Keys of site file and profile", "",
             "Made from `keys.def` by `generate.py`; do not edit. The shape by example: `FORMAT.md`. Durations are ISO 8601",
             "(`PT5S`, `PT0.5S`, `PT1H30M`). Unknown keys are errors. A site file is a [site_file](#site_file), a profile a",
             "[profile_file](#profile_file).", ""]
    for section, (ja, en) in rows.sections.items():
        lines += [f"## {section}", "", f"{en} / {ja}", "", "| key | type | default | meaning | 意味 |", "|---|---|---|---|---|"]
        for key in rows.keys[section]:
            default = {"!": "required", "": ""}.get(key["default"], f"`{key['default']}`")
            lines.append(f"| `{key['key']}` | {cell(type_text(rows, key))} | {default} | {cell(key['en'])} | {cell(key['ja'])} |")
        lines.append("")
    return HERE / "KEYS.md", "\n".join(lines)


def main():
    rows = Rows()
    pages = [keys_page(rows), file_schema(rows, "site_file", "site.schema.json"),
             file_schema(rows, "profile_file", "profile.schema.json")]
    stale = [path for path, text in pages if not path.exists() or path.read_text(encoding="utf-8") != text]
    if sys.argv[1:] == ["--check"]:
        for path in stale:
            print(f"{path.name} is not what keys.def says; run python3 schemas/config/generate.py")
        return 1 if stale else 0
    for path, text in pages:
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
