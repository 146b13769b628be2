#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's route table, openapi.json, the permission table and the texts say the same: dashboard_routes.py BINARY SOURCE."""
import json
import re
import subprocess
import sys


def load(path):
    def once(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), "a key twice in %s: %s" % (path, keys)
        return dict(pairs)
    with open(sys.argv[2] + "/" + path, encoding="utf-8") as file:
        return json.load(file, object_pairs_hook=once)


def main():
    wrong = []
    printed = subprocess.run([sys.argv[1], "--print-routes"], check=True, capture_output=True, text=True).stdout
    routes = {(line.split()[0].lower(), line.split()[1]): line.split()[2] for line in printed.splitlines()}
    document = load("schemas/json/openapi.json")
    described = {(method, path): operation for path, methods in document["paths"].items() for method, operation in methods.items()}
    wrong += ["in the table, not in openapi.json: %s %s" % key for key in routes.keys() - described.keys()]
    wrong += ["in openapi.json, not in the table: %s %s" % key for key in described.keys() - routes.keys()]
    with open(sys.argv[2] + "/schemas/vocab/permissions.def", encoding="utf-8") as file:
        acts = set(re.findall(r'^P\("([\w.]+)"', file.read(), re.M))
    with open(sys.argv[2] + "/dashboard-api/routes.def", encoding="utf-8") as file:
        rows = re.findall(r'^R\("(\w+)",\s+"([^"]+)",\s+(?:PUBLIC|"[^"]+"),\s+\w+,\s+"([^"]*)"\)', file.read(), re.M)
    parameters = {(method.lower(), path): set(names.split()) for method, path, names in rows}
    for key, act in routes.items():
        operation = described.get(key, {})
        if act != "public" and act not in acts:
            wrong.append("%s %s: act '%s' has no row in permissions.def" % (*key, act))
        if operation.get("x-act") != act:
            wrong.append("%s %s: x-act is %s, the table says %s" % (*key, operation.get("x-act"), act))
        if bool(operation.get("security")) != (act != "public"):
            wrong.append("%s %s: security does not fit act '%s'" % (*key, act))
        names = {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
        if names != parameters.get(key):
            wrong.append("%s %s: parameters %s, the table says %s" % (*key, sorted(names), sorted(parameters.get(key) or [])))
        braces = set(re.findall(r"\{(\w+)\}", key[1]))
        if braces != {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}:
            wrong.append("%s %s: path parameters differ" % key)
    ids = [operation["operationId"] for operation in described.values()]
    wrong += ["operationId twice: " + name for name in set(ids) if ids.count(name) > 1]
    for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(document)):
        if name not in document["components"]["schemas"]:
            wrong.append("no schema " + name)
    ja, en = load("schemas/text/ja.json"), load("schemas/text/en.json")
    wrong += ["text in one language only: " + key for key in ja.keys() ^ en.keys()]
    wrong += ["empty text: " + key for key in ja if not ja[key] or not en.get(key)]
    used = set()
    for name in ("index.html", "app.js"):
        with open(sys.argv[2] + "/dashboard-api/web/" + name, encoding="utf-8") as file:
            text = file.read()
        used |= set(re.findall(r'data-text="([\w.]+)"', text)) | set(re.findall(r'"((?:page|column|label|unit|decision)\.\w+)"', text))
        for pattern in (r"\sstyle=", r"<script>", r"innerHTML", r"\son\w+=\"", r"https?://"):
            if re.search(pattern, text):
                wrong.append("%s holds what the content policy forbids: %s" % (name, pattern))
    wrong += ["the page uses a text that is not there: " + key for key in used if key not in ja and not key.endswith("_")]
    print("\n".join(sorted(wrong)) or "ok: %d routes, %d texts" % (len(routes), len(ja)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
