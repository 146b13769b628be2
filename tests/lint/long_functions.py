# SPDX-License-Identifier: Apache-2.0
"""Functions of the product longer than LIMIT lines: usage long_functions.py LIMIT. The house's format puts the braces of a function at the
margin and nothing else of its body there, so a body runs from a lone '{' to the next '}' at the margin; its name stands above."""
import os
import re
import subprocess
import sys

HEAD = re.compile(r"^[A-Za-z].*?\b\(?([a-z_]\w*)\)?\(")


def functions(path):
    name, opened = None, 0
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        head = HEAD.match(line)
        if head and not opened:
            name, started = head.group(1), number
        if line == "{\n" and name:
            opened = number
        elif line.startswith("}") and opened:
            yield name, started, number - started + 1
            name, opened = None, 0


def main():
    limit, counts, long = int(sys.argv[1]), [], []
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    files = subprocess.run(["git", "ls-files", "schemas/**.c", "drivers/**.c", "collector/**.c", "dashboard-api/**.c", "sim/**.c"],
                           check=True, capture_output=True, text=True).stdout.split()
    for path in filter(os.path.exists, files):
        for name, line, length in functions(path):
            counts.append(length)
            if length > limit:
                long.append((length, path, line, name))
    for length, path, line, name in sorted(long, reverse=True):
        print(f"{path}:{line}: {name} has {length} lines; cut it into steps that have names")
    counts.sort()
    if len(counts) < len(files) or not files:
        sys.exit(f"only {len(counts)} functions found in {len(files)} files: the format has changed, so must this script")
    print(f"{len(counts)} functions in {len(files)} files, median {counts[len(counts) // 2]} lines, longest {counts[-1]}")
    sys.exit(1 if long else 0)


main()
