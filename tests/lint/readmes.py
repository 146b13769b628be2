#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the READMEs say is there: readmes.py BUILD. Every folder with sources says what it is, which file to open first and what it may
depend on, and names each source of the product; every path, function and test that any page names exists. One line per breach."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = re.compile(r"\.(c|h|py|sh|js|def|html|css|cmake|sql)$|(^|/)CMakeLists\.txt$")
PRODUCT = re.compile(r"^(schemas|drivers|collector|dashboard-api|sim)/(.*/)?([\w-]+)\.[ch]$")
# What a folder of data or of one file's helpers may leave to the README above it.
BY_PARENT = re.compile(r"^(\.ci|schemas/sql/\w+|tests/fuzz/corpus/\w+|tests/direct/must_fail|tests/vectors/access|tests/vectors/config/profiles)$")
FILE = re.compile(r"^[\w.<>*{}/-]*\w\.(c|h|py|md|def|json|js|css|html|sh|sql|cmake|txt|png|jsonl)$")
# Named in the pages and not in the tree: made when something runs, or an example's name.
ELSEWHERE = {"NNNN-what-it-does.sql", "demo.json", "muster.txt", "site.json", "SITE.json", "FILE.json", "example.json", "results/latest.json"}
TEST = re.compile(r"^(unit|contract|integration|interop|direct|e2e|fuzz|lint|vectors)\.[\w*<>.-]+$")


def tracked():
    out = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True)
    return [name for name in out.stdout.splitlines() if (ROOT / name).is_file()]


def prose(text):
    """A page without its blocks of code: they are output and commands."""
    text = re.sub(r"(?ms)^```.*?^```$", "", text)
    return re.sub(r"(?m)^    .*$", "", text)


def folders(names):
    """Breaches of: what, first, depends, and every source of the product named."""
    for folder in sorted({str(pathlib.PurePosixPath(n).parent) for n in names if SOURCE.search(n) or BY_PARENT.match(str(pathlib.PurePosixPath(n).parent))}):
        if BY_PARENT.match(folder):
            above = next(p for p in pathlib.PurePosixPath(folder).parents if (ROOT / p / "README.md").is_file())
            if str(pathlib.PurePosixPath(folder).relative_to(above)).split("/")[0] not in (ROOT / above / "README.md").read_text():
                yield f"{folder}/: has no README, and {above}/README.md does not name it"
            continue
        page = ROOT / folder / "README.md"
        if not page.is_file():
            yield f"{folder}/: has no README.md"
            continue
        text = page.read_text()
        if not text.startswith("# "):
            yield f"{folder}/README.md: does not begin with what the folder is"
        if not re.search(r"(?i)\bopen\b.{0,60}?\bfirst\b|(reading|in this) order", text, re.S):
            yield f"{folder}/README.md: does not say which file to open first"
        if not re.search(r"(?i)\bdepend|^Floors:", text, re.M):
            yield f"{folder}/README.md: does not say what the folder may depend on"
        for name in names:
            found = PRODUCT.match(name)
            if found and str(pathlib.PurePosixPath(name).parent) == folder and not re.search(rf"\b{found.group(3)}\b", text):
                yield f"{folder}/README.md: does not name {found.group(3)}"


def pattern(word):
    """A word with *, <x> or {x} in it, as what it may stand for."""
    return re.compile(re.sub(r"\\\*|<\w+>|\\\{\w+\\\}|%\w", r"[^/]*", re.escape(word)) + "$")


class Tree:
    def __init__(self, names):
        self.names = set(names) | {str(p) for n in names for p in pathlib.PurePosixPath(n).parents}
        self.tops = {n.split("/")[0] for n in self.names}
        self.ends = {}
        for name in self.names:
            parts = name.split("/")
            for i in range(len(parts)):
                self.ends.setdefault("/".join(parts[i:]), name)

    def has(self, word):
        """Is there a file or folder whose path ends so?"""
        word = word.rstrip("/")
        if not re.search(r"[*<{]", word):
            return word in self.ends
        shape = pattern(word)
        return any(shape.match(end) for end in self.ends)

    def is_path(self, word):
        return not word.startswith("/") and (bool(FILE.match(word)) or ("/" in word and word.split("/")[0] in self.tops))


def words_of(text):
    for quoted in re.findall(r"`([^`\n]+)`", text):
        for word in re.split(r"[\s,]+", quoted):
            yield re.sub(r"^(?:\.{1,2}/)+", "", word.rstrip(".:;"))


def page_breaches(page, tree, code, tests):
    text = prose((ROOT / page).read_text())
    here = pathlib.PurePosixPath(page).parent
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target) and os.path.normpath(str(here / target)) not in tree.names:
            yield f"{page}: the link to {target} leads nowhere"
    for word in words_of(text):
        if tree.is_path(word) and word not in ELSEWHERE and not tree.has(word):
            yield f"{page}: {word} is not there"
        function = re.fullmatch(r"(\w{3,})\(\)", word)
        if function and not re.search(rf"\b{function.group(1)}\(", code):
            yield f"{page}: there is no {word}"
        if TEST.match(word) and not FILE.match(word) and tests and not any(pattern(word).match(name) or name.startswith(word + ".") for name in tests):
            yield f"{page}: there is no test {word}"


def all_tests(build):
    said = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"Test\s+#\d+: (\S+)", said)


def main():
    names, tests = tracked(), all_tests(sys.argv[1])
    tree = Tree(names)
    code = "\n".join((ROOT / n).read_text(errors="replace") for n in names if re.search(r"\.(c|h|py|js|def)$", n) or n == "run")
    pages = [name for name in names if name.endswith(".md")]
    if len(pages) < 20 or len(tests) < 50:
        print(f"only {len(pages)} pages and {len(tests)} tests found: this test looks at the wrong place")
        return 1
    found = list(folders(names))
    for page in pages:
        found.extend(page_breaches(page, tree, code, tests))
    print("\n".join(found) or f"{len(pages)} pages are true of {len(names)} files and {len(tests)} tests")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
