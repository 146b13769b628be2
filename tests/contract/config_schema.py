#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shipped JSON Schemas and the loader say the same: what the loader takes, the schema takes, and a change that both must
refuse is refused by both. Usage: config_schema.py SEKISHO. The validator below knows just the words that our schemas use."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors/config"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$schema", "$comment", "$defs", "$ref", "title", "description", "default", "type", "properties", "required", "items", "enum",
         "additionalProperties", "propertyNames", "minProperties", "minItems", "maxItems", "minLength", "maxLength", "minimum",
         "maximum", "pattern", "oneOf"}


def without_comments(text):
    pattern = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.S)
    return json.loads(pattern.sub(lambda m: m.group() if m.group()[0] == '"' else " ", text))


def type_fits(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def errors(value, schema, root, at="$"):
    """Every way in which value breaks schema."""
    unknown = set(schema) - KNOWN
    assert not unknown, f"the validator does not know {unknown}"
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].split("/")[-1]], root, at)
    if "oneOf" in schema and sum(not list(errors(value, one, root, at)) for one in schema["oneOf"]) != 1:
        yield f"{at}: fits not exactly one shape"
    if "type" in schema and not type_fits(value, schema["type"]):
        yield f"{at}: no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: none of {schema['enum']}"
    if isinstance(value, dict):
        yield from object_errors(value, schema, root, at)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} elements"
        for i, item in enumerate(value):
            yield from errors(item, schema.get("items", {}), root, f"{at}[{i}]")
    elif isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{at}: {len(value)} characters"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{at}: not like {schema['pattern']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{at}: {value} out of range"


def object_errors(value, schema, root, at):
    known = schema.get("properties", {})
    if len(value) < schema.get("minProperties", 0):
        yield f"{at}: empty"
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: no {name}"
    for name, item in value.items():
        yield from errors(name, schema.get("propertyNames", {}), root, f"{at}.{name} (name)")
        rest = schema.get("additionalProperties", {})
        if name in known:
            yield from errors(item, known[name], root, f"{at}.{name}")
        elif rest is False:
            yield f"{at}: unknown {name}"
        else:
            yield from errors(item, rest, root, f"{at}.{name}")


def loader_takes(sekisho, site):
    """Does `sekisho check` take this object? The file lies beside the vectors' profiles by an absolute profile_path."""
    site = {**site, "profile_path": [str(VECTORS / "profiles")]} if isinstance(site.get("profile_path"), list) else site
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(site, file)
        file.flush()
        run = subprocess.run([sekisho, "check", "--json", file.name], capture_output=True, text=True, timeout=60)
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)["ok"]


BROKEN = {  # name -> change of the good site that both must refuse
    "unknown key": lambda s: s["devices"][0].update(nonsense=1),
    "wrong type": lambda s: s["devices"][0].update(unit="1"),
    "out of range": lambda s: s["zones"][0].update({"class": 4}),
    "missing key": lambda s: s["site"].pop("zone"),
    "wrong word": lambda s: s["links"][0].update(protocol="profibus"),
    "no duration": lambda s: s["doors"][0].update(OpenTime="30"),
    "unknown condition": lambda s: s["devices"][0]["points"]["battery.charge"]["limits"].update(Door={}),
    "identifier": lambda s: s["devices"][0].update(id="a/b"),
    "element of another type": lambda s: s["links"].append(7),
    "list for text": lambda s: s.update(profile_path="profiles"),
}


def main(sekisho):
    site_schema = json.loads((ROOT / "schemas/json/site.schema.json").read_text(encoding="utf-8"))
    profile_schema = json.loads((ROOT / "schemas/json/profile.schema.json").read_text(encoding="utf-8"))
    good = without_comments((VECTORS / "site.json").read_text(encoding="utf-8"))
    wrong = [f"site.json: {error}" for error in errors(good, site_schema, site_schema)]
    if not loader_takes(sekisho, good):
        wrong.append("site.json: the loader refuses it")
    for name, change in BROKEN.items():
        broken = copy.deepcopy(good)
        change(broken)
        if not list(errors(broken, site_schema, site_schema)):
            wrong.append(f"{name}: the schema takes it")
        if loader_takes(sekisho, broken):
            wrong.append(f"{name}: the loader takes it")
    profiles = sorted((ROOT / "schemas/profiles").glob("*.json")) + sorted((VECTORS / "profiles").glob("*.json"))
    for path in profiles:
        profile = without_comments(path.read_text(encoding="utf-8"))
        wrong += [f"{path.name}: {error}" for error in errors(profile, profile_schema, profile_schema)]
    print("\n".join(wrong) or f"{len(profiles)} profiles, 1 site, {len(BROKEN)} broken sites: schema and loader agree")
    return 1 if wrong or len(profiles) < 5 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
