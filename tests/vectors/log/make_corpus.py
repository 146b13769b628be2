#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors as seeds for the fuzz targets record and note: make_corpus.py (from the project's root)."""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent.parent / "fuzz" / "corpus"


def put(folder, name, data):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(data)


for i, row in enumerate(json.loads((HERE / "bodies.json").read_text(encoding="utf-8"))):
    put("record", "body-%02d" % i, bytes.fromhex(row["body"]))
example = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
put("record", "example", bytes.fromhex(example["header"] + example["body"]))
note = json.loads((HERE / "note.json").read_text(encoding="utf-8"))
put("note", "key", note["verifier_key"].encode())
put("note", "hex", note["public_key"].encode())
put("note", "text", note["text"].encode())
put("note", "note", (note["text"] + "\n\u2014 " + note["origin"] + " " + "A" * 88 + "==\n").encode())
put("note", "real-size", (note["text"] + "\n\u2014 " + note["origin"] + " " + "YpuTYQ" + "A" * 85 + "=\n").encode())
