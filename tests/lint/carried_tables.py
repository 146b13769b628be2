#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every table of log, vault and history stands once in the table of schemas/store/README.md that says what a damaged log's successor
does with it, with a word that means something; what is said to be carried is read by carry.c or carry_proved.c.
carried_tables.py <root of the project>"""
import pathlib
import re
import sys

WORDS = {"carried", "rebuilt", "copied", "begun anew", "lost", "untouched"}


def created(root):
    tables = {}
    for file in sorted((root / "schemas/sql").glob("*/*.sql")):
        text = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        for name in re.findall(r"CREATE TABLE(?: IF NOT EXISTS)? (\w+)", text):
            tables[(file.parent.name, name)] = True
        for name in re.findall(r"DROP TABLE(?: IF EXISTS)? (\w+)", text):
            tables.pop((file.parent.name, name), None)
        for old, new in re.findall(r"ALTER TABLE (\w+) RENAME TO (\w+)", text):
            tables[(file.parent.name, new)] = tables.pop((file.parent.name, old), True)
    return set(tables)


def told(readme):
    section = readme.split("## Over a damaged log", 1)[1].split("\n## ", 1)[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0].startswith("`"):
            for name in re.findall(r"`(\w+)\.(\w+)`", cells[0]):
                yield name, cells[1], cells[2]


def statements_read(root):
    """Tables that the statements used by carry.c and carry_proved.c select from, and those reached through the store's own walks."""
    used = "".join((root / "schemas/store" / name).read_text(encoding="utf-8") for name in ("carry.c", "carry_proved.c"))
    text = re.sub(r'"\s*\\?\s*\n\s*"', "", (root / "schemas/store/internal.h").read_text(encoding="utf-8"))
    sql = dict(re.findall(r'X\((ST_\w+),\s*"([^"]*)"', text))
    found = {table for name in re.findall(r"\bST_\w+", used) for table in re.findall(r"FROM (\w+)", sql.get(name, ""))}
    return found | ({"alarm"} if "sk_store_alarms(" in used else set()) | ({"pending"} if "sk_store_pending_each(" in used else set())


def main():
    root, wrong = pathlib.Path(sys.argv[1]), []
    tables, seen, read = created(root), set(), statements_read(root)
    for name, word, why in told((root / "schemas/store/README.md").read_text(encoding="utf-8")):
        where = ".".join(name)
        if name in seen:
            wrong.append(f"{where}: said twice")
        seen.add(name)
        if name not in tables:
            wrong.append(f"{where}: no migration makes such a table")
        if word not in WORDS or not why:
            wrong.append(f"{where}: '{word}' is none of {', '.join(sorted(WORDS))}, or nothing is said of it")
        if name[0] != "log" and word != "untouched":
            wrong.append(f"{where}: only log.db is set aside")
        if word in ("carried", "copied") and name[1] not in read:
            wrong.append(f"{where}: is said to be {word}, and neither carry.c nor carry_proved.c reads it")
    for name in sorted(tables - seen):
        wrong.append(f"{'.'.join(name)}: schemas/store/README.md (Over a damaged log) does not say what becomes of it")
    print("\n".join(wrong) or f"ok: {len(tables)} tables")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
