# SPDX-License-Identifier: Apache-2.0
"""Regression mode: another commit (or two) is built in a worktree of its own, and each measurement runs in turn with its bench and with
ours, so that a busy minute of the machine hits both. Compared is our own figure of each row, by the ratio of the medians."""
import contextlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from kit import ROOT

ROUNDS = 3
NEEDED = ("collector/all", "dashboard-api/all", "sim/all", "tests/bench/all", "bench_store", "bench_engine")  # what rows run


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


@contextlib.contextmanager
def other_tree(revision):
    """The commit, built for measuring; gone afterwards."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-compare-"))
    tree, build = directory / "tree", directory / "build"
    try:
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", tree, revision], check=True)
        launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        print(f"building {revision}", file=sys.stderr)
        done = run("cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DSK_BENCH=ON", *launcher)
        if done.returncode == 0 and run("ninja", "-C", build, *NEEDED).returncode != 0:
            done = run("ninja", "-C", build)  # a commit that has not all of these
        if done.returncode != 0:
            sys.exit(f"bench: commit {revision} cannot be built:\n{(done.stdout + done.stderr)[-3000:]}")
        yield tree, build
    finally:
        subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", tree], capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)


def run_once(tree, build, names, quick):
    """Our figures of the rows, by that tree's own bench; {} when it knows them not or they fail."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([sys.executable, tree / "tests/bench/bench.py", build, *names, "--json", file.name] + (["--quick"] if quick else []),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text = pathlib.Path(file.name).read_text()
    rows = json.loads(text)["rows"] if text else {}
    return {name: row["ours"] for name, row in rows.items() if name in names and row.get("ours") is not None}


def groups(rows):
    """Rows that one measurement serves go together."""
    found = {}
    for row in rows:
        if row.measure is not None:
            found.setdefault(row.measure, []).append(row)
    return found.values()


def change_of(row, new, old, tolerance):
    """(ratio, word): above 1 is worse, whichever way the row counts."""
    if not new or not old:
        return None, "not compared: " + ("new" if new else "not measured")
    a, b = statistics.median(new), statistics.median(old)
    if a == b:
        return 1.0, "same"
    if min(a, b) <= 0:
        return None, "worse" if (a > b) == (row.better == "less") else "better"
    ratio = a / b if row.better == "less" else b / a
    return ratio, "worse" if ratio > 1 + tolerance else "better" if ratio < 1 / (1 + tolerance) else "same"


def compare(rows, build, revisions, quick, tolerance):
    """One commit beside this tree and its build, or two commits, the older first. Prints the table; 1 when a row is worse beyond the
    tolerance or gave no figure on the newer side."""
    bad, rounds = [], 1 if quick else ROUNDS
    with contextlib.ExitStack() as trees:
        old_side = trees.enter_context(other_tree(revisions[0]))
        new_side = trees.enter_context(other_tree(revisions[1])) if len(revisions) > 1 else (ROOT, build)
        print(f"{'row':22} {'now':>10} {'then':>10} {'worse by':>9}  verdict (tolerance {tolerance:.0%})")
        for group in groups(rows):
            names, new, old = [row.name for row in group], {}, {}
            for _ in range(rounds):
                for side, got in ((old, run_once(*old_side, names, quick)), (new, run_once(*new_side, names, quick))):
                    for name, value in got.items():
                        side.setdefault(name, []).append(value)
            for row in group:
                ratio, word = change_of(row, new.get(row.name), old.get(row.name), tolerance)
                if word == "worse" or not new.get(row.name):
                    bad.append(row.name)
                show = [f"{statistics.median(side[row.name]):.4g}" if row.name in side else "-" for side in (new, old)]
                print(f"{row.name:22} {show[0]:>10} {show[1]:>10} {f'{ratio:.3f} x' if ratio else '-':>9}  {word}", flush=True)
    print(f"{len(bad)} of {len(rows)} rows worse than at {revisions[0]}, or without a figure" + (": " + ", ".join(bad) if bad else ""))
    return 1 if bad else 0
