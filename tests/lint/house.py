#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules a compiler does not know, over all tracked files. Each rule: name, which files, what must not (or must) be there,
and why. Exits 1 with one line per breach."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = r"^(schemas|drivers|collector|dashboard-api|sim)/.*\.[ch]$"
FORBIDDEN = [
    ("sql-in-store", PRODUCT, r'"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE TABLE)\s', r"^schemas/store/", "SQL only in schemas/store"),
    ("allocation", PRODUCT, r"\b(malloc|calloc|realloc|strdup|strndup)\s*\(", r"^schemas/base/mem\.c$|^collector/pollers\.c$|^sim/",
     "allocate through schemas/base/mem.h, so that tests can make it fail"),
    ("local-time", PRODUCT, r"\b(localtime|localtime_r|mktime|tzset|strftime)\s*\(", None, "time zones come from struct sk_zone"),
    ("sleep", PRODUCT, r"\b(sleep|usleep)\s*\(", None, "wait for the event, with a deadline"),
    ("unbounded", PRODUCT, r"\b(strcpy|strcat|sprintf|vsprintf|gets)\s*\(", None, "use the bounded helpers of schemas/base/bytes.h"),
    ("environment", PRODUCT, r"\bgetenv\s*\(", r"^schemas/base/log\.c$|^collector/cli/main\.c$", "nothing reads the environment by itself"),
    ("machine-paths", r".*", r"/work/|/tmp/b-|noreply|registry\.npmjs|deb\.debian\.org", r"^tests/lint/house\.py$",
     "no path of a machine and no registry host in the project"),
    ("write-codes", r"^drivers/.*\.[ch]$", r"modbus_write_|MODBUS_FC_WRITE", None, "Sekisho never writes to a device"),
]
SPDX = re.compile(r"SPDX-License-Identifier: Apache-2\.0")
NEEDS_SPDX = re.compile(r"\.(c|h|py|sh|js|mjs|css|cmake)$|CMakeLists\.txt$|^run$|^\.ci/run$")


def tracked():
    out = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    return [name for name in out.stdout.splitlines() if (ROOT / name).is_file()]


def without_comments(text):
    """C comments blanked out, newlines kept."""
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def breaches(name, text):
    code = without_comments(text) if re.search(PRODUCT, name) else text
    for rule, where, what, unless, why in FORBIDDEN:
        if not re.search(where, name) or (unless and re.search(unless, name)):
            continue
        for match in re.finditer(what, code if where != r".*" else text):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {rule}: {match.group(0).strip()}: {why}"
    if NEEDS_SPDX.search(name) and not SPDX.search(text[:400]):
        yield f"{name}: spdx: the licence line is missing at the top"
    if re.search(r"\.[ch]$", name) and not re.search(r"\*/\s*\n\s*/\*", text[:400]):
        yield f"{name}: essay: the file does not open with why it exists"


def main():
    names = tracked()
    if len(names) < 100:
        print(f"only {len(names)} tracked files: this test looks at the wrong place")
        return 1
    found = []
    for name in names:
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        found.extend(breaches(name, text))
    print("\n".join(found) or f"{len(names)} files keep the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
