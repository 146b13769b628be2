#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every register of registers.def has what makes it whole: texts in both languages, fields, events, an act that opens it, routes in
the API, and rows whose words all exist; registers.py <root of the project>."""
import pathlib
import re
import sys

CELL = re.compile(r'"(?:\\.|[^"\\])*"|[^,"\s][^,"]*')


def rows(vocab, name):
    text = re.sub(r"/\*.*?\*/", "", (vocab / name).read_text(encoding="utf-8"), flags=re.S)
    for match in re.finditer(r"^[A-Z]\((.*)\)\s*$", text, flags=re.M):
        yield [cell.strip().strip('"') for cell in CELL.findall(match.group(1))]


def main():
    root = pathlib.Path(sys.argv[1])
    vocab, wrong = root / "schemas/vocab", []
    registers = {row[0]: row for row in rows(vocab, "registers.def")}
    states = {row[0] for row in rows(vocab, "register_states.def")}
    permissions = {row[0] for row in rows(vocab, "permissions.def")}
    fields, acts = {}, {}
    for row in rows(vocab, "register_fields.def"):
        fields.setdefault(row[0], []).append(row)
    for row in rows(vocab, "register_acts.def"):
        acts.setdefault(row[3], []).append(row)
    routes = (root / "dashboard-api/routes.def").read_text(encoding="utf-8")
    prefixes = {row[4] for row in registers.values()}
    for symbol, (_, number, name, path, prefix, ja, en) in registers.items():
        where = f"register {name}"
        mine = acts.get(symbol, [])
        if not ja or not en or not prefix:
            wrong.append(f"{where}: a text is missing")
        if not any("OPENS" in row[7] for row in mine):
            wrong.append(f"{where}: no act opens an entry")
        for place, row in enumerate(mine):
            if int(row[1], 16) != 0x1000 + int(number) * 0x20 + place + 1:
                wrong.append(f"{row[2]}: its code is {row[1]}; codes go on by one from 0x1000 + register * 0x20 + 1")
            if not row[9] or not row[10]:
                wrong.append(f"{row[2]}: a text is missing")
            if row[6] not in permissions:
                wrong.append(f"{row[2]}: '{row[6]}' is no row of permissions.def")
            for state in re.findall(r"IN\((\w+)\)", row[4]) + [row[5]]:
                if state not in states | {"KEEP"}:
                    wrong.append(f"{row[2]}: no state {state}")
        for row in fields.get(symbol, []) or [wrong.append(f"{where}: no fields")] and []:
            if not row[8] or not row[9]:
                wrong.append(f"{where}.{row[3]}: a text is missing")
            if row[4] == "REF" and not set(row[7].split("|")) <= prefixes:
                wrong.append(f"{where}.{row[3]}: refers to a register that is none: {row[7]}")
        for method, tail in ("GET", ""), ("POST", ""), ("GET", "/{entry}"), ("POST", "/{entry}/{act}"), ("POST", "/import"):
            if not re.search(rf'R\("{method}",\s+"/api/v1/{path}{re.escape(tail)}"', routes):
                wrong.append(f"{where}: no route {method} /api/v1/{path}{tail}")
    for symbol in (acts.keys() | fields.keys()) - registers.keys():
        wrong.append(f"rows of a register that is none: {symbol}")
    print("\n".join(wrong) or f"ok: {len(registers)} registers, {sum(map(len, fields.values()))} fields, {sum(map(len, acts.values()))} acts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
