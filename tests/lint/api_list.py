#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""README's list of the API is what routes.def says: api_list.py SOURCE [--write]. A word of the list is the path's first one; behind it
stand what lies below it (GET) and, after a colon, what may be posted to it or below it."""
import pathlib
import re
import sys

BEGIN, END = "<!-- routes: tests/lint/api_list.py . --write -->\n", "<!-- routes end -->\n"
WIDTH = 150


def words(routes):
    listed = {}
    for method, path in re.findall(r'^R\("(\w+)",\s+"/api/v1/([^"]+)"', routes, re.M):
        first, *rest = path.split("/")
        below = [step for step in rest if not step.startswith("{")]
        row = listed.setdefault(first, ([], []))
        if method == "GET" and below:
            row[0].append("/".join(below))
        elif method == "POST":
            row[1].append(below[-1] if below else ("an act" if rest[-1:] == ["{act}"] else "one by id" if rest else "new"))
        elif method == "DELETE":
            row[1].append("end")
    return listed


def sentence(listed):
    alike = {}
    for name, (reads, acts) in listed.items():
        alike.setdefault((tuple(dict.fromkeys(reads)), tuple(dict.fromkeys(acts))), []).append(f"`/{name}`")
    parts = []
    for (reads, acts), names in alike.items():
        inside = ", ".join(reads) + (": " if reads and acts else ": " if acts else "") + ", ".join(acts)
        parts.append(", ".join(names) + (f" ({inside.removeprefix(': ')})" if inside else ""))
    lines = [""]
    for word in ("; ".join(parts) + ".").split(" "):
        if len(lines[-1]) + len(word) >= WIDTH:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines) + "\n"


def main():
    source = pathlib.Path(sys.argv[1])
    readme = source / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    there, tail = rest.split(END)
    made = sentence(words((source / "dashboard-api/routes.def").read_text()))
    if sys.argv[2:] == ["--write"]:
        readme.write_text(head + BEGIN + made + END + tail, encoding="utf-8")
        return 0
    page = (source / "dashboard-api/web/index.html").read_text()
    about = (source / "dashboard-api/web/README.md").read_text()
    wrong = [f"dashboard-api/web/README.md does not name the page's section '{name}'" for name in re.findall(r'<section id="([\w-]+)"', page)
             if f"`{name}`" not in about]
    if there != made:
        wrong.append("README.md: the list of the API is not what routes.def says; run tests/lint/api_list.py . --write")
    print("\n".join(wrong) or "ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
