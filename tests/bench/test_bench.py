#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the bench does with figures, shown with figures that are given: verdicts, exit codes, the last line, the JSON, the comparison of
two commits, the table in the README. Nothing is measured."""
import contextlib
import io
import json
import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock

import bench
import compare
import figures
from kit import NotBuilt


def row(name, better, goal, least, measure, judged="ratio"):
    return bench.Row(name, "what " + name, "us", better, goal, least, measure, "key", judged)


def gives(**result):
    return lambda build, quick: {"key": result}


def breaks(build, quick):
    raise ValueError("broken")


def absent(build, quick):
    raise NotBuilt("nothing there")


GOOD = [row("a.goal", "less", 1.1, 1.8, gives(ours=10, peer=10)),
        row("b.minimum", "more", 0.8, 0.5, gives(ours=60, peer=100)),
        row("c.absent", "less", 1, 2, absent),
        row("d.alone", "less", 20, 40, gives(ours=16, peer=None, value=16), "%")]


def run(rows, *words):
    """(exit code, what was printed, the JSON)."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as directory, mock.patch.object(bench, "ROWS", rows), contextlib.redirect_stdout(out), \
            contextlib.redirect_stderr(io.StringIO()):
        target = pathlib.Path(directory) / "out.json"
        with mock.patch.object(sys, "argv", ["bench.py", directory, *words, "--json", str(target)]):
            code = bench.main()
        return code, out.getvalue(), json.loads(target.read_text()) if target.exists() else None


class Table(unittest.TestCase):
    def test_a_good_run(self):
        code, text, results = run(GOOD)
        self.assertEqual(code, 0)
        self.assertEqual(text.splitlines()[-1], "2 of 3 goals and 3 of 3 minimums hold; 1 rows not built")
        self.assertEqual({name: r["verdict"] for name, r in results["rows"].items()},
                         {"a.goal": "goal", "b.minimum": "minimum", "c.absent": "not built", "d.alone": "goal"})
        self.assertEqual(results["rows"]["b.minimum"]["value"], 0.6)
        self.assertRegex(results["commit"], "^[0-9a-f]{40}$")
        for key in ("cpu", "cores", "kernel", "load_at_start"):
            self.assertIn(key, results["machine"])
        self.assertIn("libsqlite3-0", results["versions"])
        self.assertRegex(results["date"], r"^\d{4}-\d\d-\d\dT")

    def test_a_missed_minimum_fails(self):
        for name, bad in (("less", row("z", "less", 1, 2, gives(ours=2.1, peer=1))), ("more", row("z", "more", 0.8, 0.5, gives(ours=49, peer=100))),
                          ("broken", row("z", "less", 1, 2, breaks))):
            with self.subTest(name):
                code, text, _ = run(GOOD + [bad])
                self.assertEqual(code, 1)
                self.assertEqual(text.splitlines()[-1], "2 of 4 goals and 3 of 4 minimums hold; 1 rows not built")

    def test_some_rows(self):
        code, text, results = run(GOOD, "a", "d.al")
        self.assertEqual((code, list(results["rows"])), (0, ["a.goal", "d.alone"]))


class Compared(unittest.TestCase):
    def compare(self, then, now, revisions=("old",), **options):
        """Figures by row of one side and the other; (exit code, text, which builds were asked)."""
        asked, out = [], io.StringIO()

        @contextlib.contextmanager
        def tree(revision):
            yield f"tree {revision}", f"build {revision}"

        def once(tree_, build, names, quick):
            asked.append(build)
            return then if build == f"build {revisions[0]}" else now
        with mock.patch.object(compare, "other_tree", tree), mock.patch.object(compare, "run_once", once), contextlib.redirect_stdout(out):
            code = compare.compare(GOOD[:2], "build here", list(revisions), False, 0.15)
        return code, out.getvalue(), asked

    def test_worse_either_way(self):
        for name, then, now, code, words in (
                ("the same", {"a.goal": 10, "b.minimum": 10}, {"a.goal": 11, "b.minimum": 9}, 0, ["same", "same"]),
                ("less is better", {"a.goal": 10, "b.minimum": 10}, {"a.goal": 12, "b.minimum": 10}, 1, ["worse", "same"]),
                ("more is better", {"a.goal": 10, "b.minimum": 12}, {"a.goal": 8, "b.minimum": 10}, 1, ["better", "worse"]),
                ("gaps that were none", {"a.goal": 0, "b.minimum": 10}, {"a.goal": 3, "b.minimum": 10}, 1, ["worse", "same"])):
            with self.subTest(name):
                got, text, asked = self.compare(then, now)
                self.assertEqual(got, code, text)
                self.assertEqual([line.split()[-1] for line in text.splitlines()[1:3]], words)
                self.assertEqual(asked, ["build old", "build here"] * 6)

    def test_a_figure_that_is_gone(self):
        code, text, _ = self.compare({"a.goal": 10, "b.minimum": 10}, {"a.goal": 10})
        self.assertEqual(code, 1)
        self.assertTrue(text.splitlines()[-1].endswith("b.minimum"), text)
        self.assertEqual(self.compare({"a.goal": 10}, {"a.goal": 10, "b.minimum": 10})[0], 0)  # a row that is new is no regression

    def test_two_commits(self):
        code, _, asked = self.compare({"a.goal": 10, "b.minimum": 10}, {"a.goal": 10, "b.minimum": 10}, ("old", "new"))
        self.assertEqual((code, asked), (0, ["build old", "build new"] * 6))

    def test_no_such_commit(self):
        for words in (["--compare", "no-such-commit"], ["--compare", "HEAD", "log"], ["--compare", "HEAD", "HEAD", "HEAD"]):
            with self.subTest(" ".join(words)), self.assertRaises(SystemExit) as stop:
                run(GOOD, *words)
            self.assertIn("--compare", str(stop.exception))


class Readme(unittest.TestCase):
    def test_the_table_is_made_of_the_json(self):
        _, _, results = run(GOOD)
        with tempfile.TemporaryDirectory() as directory:
            path, latest = pathlib.Path(directory) / "README.md", pathlib.Path(directory) / "latest.json"
            path.write_text(f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n")
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(figures.readme(latest, path, True), 0)  # nothing was measured: nothing is wanted
                self.assertEqual(figures.readme(latest, path, False), 1)
                latest.write_text(json.dumps(results))
                self.assertEqual(figures.readme(latest, path, True), 1)
                self.assertEqual(figures.readme(latest, path, False), 0)
                self.assertEqual(figures.readme(latest, path, True), 0)
                text = path.read_text()
                self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n") and "\nold\n" not in text)
                self.assertIn("2 of 3 goals and 3 of 3 minimums hold", text)
                self.assertTrue(re.search(r"\| what b.minimum \(`b.minimum`\) \| 60 us \| 100 \| 0.6 x \| 0.8 / 0.5 \| minimum holds \|", text), text)
                path.write_text(text.replace("0.6 x", "0.9 x"))
                self.assertEqual(figures.readme(latest, path, True), 1)
                path.write_text("no marks")
                self.assertEqual(figures.readme(latest, path, True), 1)


if __name__ == "__main__":
    unittest.main()
