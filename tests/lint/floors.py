#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The plan of floors, checked: no file includes what its folder may not depend on (DESIGN: schemas <- drivers <- collector,
schemas <- dashboard-api, schemas <- sim; the three at the top do not know each other). Exits 1 naming each wrong include."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAY = {
    "schemas/base": {"schemas/base", "schemas/model/vocab.h", "schemas/vocab"},
    "schemas/model": {"schemas/base", "schemas/model", "schemas/vocab", "schemas/data"},
    "schemas/config": {"schemas/base", "schemas/model", "schemas/config", "schemas/text", "schemas/vocab"},
    "schemas/store": {"schemas/base", "schemas/model", "schemas/store", "schemas/vocab", "schemas/sql"},
    "schemas/text": {"schemas/base", "schemas/model", "schemas/text", "schemas/vocab"},
    "drivers": {"schemas/base", "schemas/model", "schemas/vocab", "drivers"},
    "collector/engine": {"schemas/base", "schemas/model", "schemas/vocab", "collector/engine"},
    "collector": {"schemas", "drivers", "collector"},
    "dashboard-api": {"schemas", "dashboard-api"},
    "sim/plant": {"schemas/base", "schemas/model", "schemas/vocab", "sim/plant"},
    "sim": {"schemas", "sim"},
}
GENERATED = re.compile(r"^(sk_generated|generated)/|^[a-z_]+\.h$|^[a-z_]+\.inc$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def rules_for(path):
    name = path.as_posix()
    best = max((folder for folder in MAY if name.startswith(folder + "/")), key=len, default=None)
    return MAY.get(best)


def main():
    wrong = []
    files = [p for top in ("schemas", "drivers", "collector", "dashboard-api", "sim") for p in (ROOT / top).rglob("*.[ch]")]
    if len(files) < 50:
        print(f"only {len(files)} files found: this test looks at the wrong place")
        return 1
    for file in files:
        path = file.relative_to(ROOT)
        allowed = rules_for(path)
        for include in INCLUDE.findall(file.read_text()):
            if allowed is None or GENERATED.match(include):
                continue
            if not any(include == rule or include.startswith(rule + "/") for rule in allowed):
                wrong.append(f"{path} includes \"{include}\"; its floor may use {', '.join(sorted(allowed))}")
    print("\n".join(wrong) or f"{len(files)} files keep to their floor")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
