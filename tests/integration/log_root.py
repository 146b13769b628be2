#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the root of a log.db by schemas/log-format.md section 5 with Python's sqlite3 and hashlib, and checks checkpoints with
`openssl`. Shares no code with the product.

log_root.py DIR                       prints size and root, exit 1 at the first thing wrong
log_root.py --test WRITER [SEKISHO]   makes logs of several sizes with WRITER, checks them, then breaks them and expects to be told;
                                      SEKISHO verify must give the same verdict"""
import base64
import hashlib
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile


class Wrong(Exception):
    pass


def sha(data):
    return hashlib.sha256(data).digest()


def fold(stack):
    if not stack:
        return sha(b"")
    node = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        node = sha(b"\x01" + left + node)
    return node


def items(body):
    out, at = {}, 0
    while at < len(body):
        tag, length = struct.unpack_from(">HH", body, at)
        out[tag] = body[at + 4:at + 4 + length]
        at += 4 + length
    return out


def check_note(note, origin, size, root, public, number):
    text, _, signature = note.rpartition("\n\n")
    text += "\n"
    if text != "%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode()):
        raise Wrong("checkpoint %d: note says something else" % number)
    dash, name, blob = signature.rstrip("\n").split(" ")
    raw = base64.b64decode(blob, validate=True)
    if base64.b64encode(raw).decode() != blob:  # bits behind the last byte: another text of the same signature
        raise Wrong("checkpoint %d: signature is not in its one spelling" % number)
    if dash != "\u2014" or name != origin or raw[:4] != sha(origin.encode() + b"\n\x01" + public)[:4]:
        raise Wrong("checkpoint %d: key" % number)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "p.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
        (folder / "text").write_bytes(text.encode())
        (folder / "sig").write_bytes(raw[4:])
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder / "p.der", "-rawin",
                               "-in", folder / "text", "-sigfile", folder / "sig"], capture_output=True)
    if done.returncode != 0:
        raise Wrong("checkpoint %d: signature" % number)


def compute(directory):
    db = sqlite3.connect("file:%s/log.db?mode=ro" % directory, uri=True)
    (origin,) = db.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone()
    nodes = {(level, idx): value for level, idx, value in db.execute("SELECT level, idx, hash FROM node")}
    points = {size: (number, root, note) for number, size, root, note in db.execute("SELECT number, size, root, note FROM checkpoint")}
    stack, n, number, public = [], 0, 0, None
    for seq, header, salt, body, leaf in db.execute("SELECT seq, header, salt, body, leaf FROM record ORDER BY seq"):
        if seq != n or len(header) != 55 or header[0] != 1 or struct.unpack_from(">Q", header, 1)[0] != seq:
            raise Wrong("record %d is missing or misnumbered" % n)
        if sha(b"\x00" + header + sha(b"\x02" + salt + body)) != leaf:
            raise Wrong("record %d" % seq)
        if seq == 0:
            public = items(body)[0x74]
            if items(body)[0x73].decode() != origin:
                raise Wrong("record 0: origin")
        if n in points:
            number += 1
            if points[n][0] != number or points[n][1] != fold(stack):
                raise Wrong("checkpoint %d over %d records" % (number, n))
            check_note(points[n][2], origin, n, points[n][1], public, number)
            said = items(body)
            if (struct.unpack_from(">H", header, 21)[0] != 0x0810 or struct.unpack(">QQ", said[0x70] + said[0x71]) != (number, n) or
                    said[0x72] != points[n][1]):
                raise Wrong("record %d should be about checkpoint %d" % (seq, number))
        stack.append((0, leaf))
        n += 1
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            level, upper = stack.pop()
            stack[-1] = (level + 1, sha(b"\x01" + stack[-1][1] + upper))
            if level + 1 >= 8 and nodes.pop((level + 1, (n >> (level + 1)) - 1), None) != stack[-1][1]:
                raise Wrong("node of level %d before record %d" % (level + 1, n))
    size, frontier = db.execute("SELECT size, frontier FROM tree").fetchone()
    db.close()
    if size != n or frontier != b"".join(h for _, h in stack) or nodes or number != len(points):
        raise Wrong("frontier, nodes or checkpoints are left over")
    return n, fold(stack)


def verdicts(directory, sekisho):
    try:
        compute(directory)
        ours = True
    except (Wrong, sqlite3.Error, struct.error) as why:
        print("   ", why)
        ours = False
    if sekisho:
        done = subprocess.run([sekisho, "verify", directory], capture_output=True, text=True, env={"LANG": "C"})
        print("   ", (done.stderr.strip() or done.stdout.strip().splitlines()[-1]))
        if (done.returncode == 0) != ours:
            raise SystemExit("verdicts differ: python %s, sekisho exit %d" % (ours, done.returncode))
    return ours


EDITS = [
    "UPDATE record SET body = CAST(body || x'00' AS BLOB) WHERE seq = 33",
    "UPDATE record SET salt = zeroblob(32) WHERE seq = 255",
    "UPDATE record SET header = CAST(substr(header, 1, 30) || x'FF' || substr(header, 32) AS BLOB) WHERE seq = 2",
    "DELETE FROM record WHERE seq = 100",
    "DELETE FROM record WHERE seq > 400",
    "UPDATE node SET hash = zeroblob(32) WHERE level = 8",
    "DELETE FROM checkpoint WHERE number = 2",
    "UPDATE checkpoint SET note = replace(note, 'A', 'B') WHERE number = 3",
    "UPDATE tree SET frontier = zeroblob(length(frontier))",
]


def test(writer, sekisho):
    with tempfile.TemporaryDirectory() as folder:
        for count in (1, 2, 3, 255, 256, 257, 511, 512, 513, 1025):
            directory = "%s/s%d" % (folder, count)
            subprocess.run([writer, directory, str(count), "100"], check=True)
            size, root = compute(directory)
            print("size %d root %s" % (size, root.hex()))
            if sekisho:
                done = subprocess.run([sekisho, "verify", directory], capture_output=True, text=True, env={"LANG": "C"})
                if done.returncode != 0 or "root: %s" % root.hex() not in done.stdout:
                    raise SystemExit("sekisho verify: %d %s %s" % (done.returncode, done.stdout, done.stderr))
        for i, edit in enumerate(EDITS):
            directory = "%s/e%d" % (folder, i)
            subprocess.run([writer, directory, "513", "100"], check=True)
            if not verdicts(directory, sekisho):
                raise SystemExit("a good log was refused")
            db = sqlite3.connect(directory + "/log.db")
            db.execute(edit)
            db.commit()
            db.close()
            print("edit:", edit)
            if verdicts(directory, sekisho):
                raise SystemExit("not noticed: " + edit)
    print("ok")


if __name__ == "__main__":
    if sys.argv[1] == "--test":
        test(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    else:
        try:
            print("size %d\nroot %s" % ((lambda r: (r[0], r[1].hex()))(compute(sys.argv[1]))))
        except Wrong as wrong:
            sys.exit("wrong: %s" % wrong)
