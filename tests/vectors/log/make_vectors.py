#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the vectors of this folder from schemas/log-format.md with hashlib alone. Shares no code with the product.

Run without arguments to write the files, with --check to compare them with what is there (exit 1 on a difference)."""
import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent


def sha(data):
    return hashlib.sha256(data).digest()


def header(seq, t_recv_us, zone=0, door=0, ev=0x0811, class_=6, flags=0, ctrl=0, epoch=0, ctrl_seq=0, subject=bytes(16)):
    return struct.pack(">BQQHHHBBHIQ", 1, seq, t_recv_us, zone, door, ev, class_, flags, ctrl, epoch, ctrl_seq) + subject


def item(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def body_hash(salt, body):
    return sha(b"\x02" + salt + body)


def leaf_hash(hdr, bhash):
    return sha(b"\x00" + hdr + bhash)


def root(leaves):
    """RFC 6962 as its recursion says, not as a frontier: the product folds, this splits."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def frontier(leaves):
    out, at, n = [], 0, len(leaves)
    for bit in range(n.bit_length() - 1, -1, -1):
        if n >> bit & 1:
            out.append(root(leaves[at:at + (1 << bit)]))
            at += 1 << bit
    return out


def salt_of(seq):
    return sha(b"salt %d" % seq)


def plain_record(seq):
    """The records of roots.json: one text item that grows and shrinks with seq."""
    text = ("record %d " % seq) + "関" * (seq % 5)
    hdr = header(seq, 1_700_000_000_000_000 + 1000 * seq, zone=seq % 3, door=seq % 7, class_=1 + seq % 6, flags=seq % 64,
                 ctrl=seq % 4, epoch=7, ctrl_seq=seq * 3, subject=sha(b"subject %d" % seq)[:16])
    return hdr, item(0x0025, text.encode())


def example():
    body = b"".join([
        item(0x0001, struct.pack(">q", 1_763_640_000_123_456)),    # t_ctrl
        item(0x0003, b"\x01"),                                     # occurrence_class online
        item(0x0004, b"tns1:AccessControl/AccessGranted/Credential"),
        item(0x0008, struct.pack(">d", 0.75)),                     # confidence
        item(0x000C, struct.pack(">H", 3)),                        # factors_claimed: card, PIN
        item(0x0013, struct.pack(">HH", 3, 70)),                   # our_reasons
        item(0x0018, "読取機1".encode()),                          # reader
    ])
    hdr = header(258, 1_763_640_000_223_456, zone=2, door=5, ev=0x0101, class_=1, flags=0x2D, ctrl=1, epoch=0xCAFEBABE,
                 ctrl_seq=2 ** 40 + 9, subject=bytes(range(16)))
    salt = bytes(range(0x20, 0x40))
    bhash = body_hash(salt, body)
    return {
        "fields": {"version": 1, "seq": 258, "t_recv_us": 1_763_640_000_223_456, "zone": 2, "door": 5, "ev": 0x0101, "class": 1,
                   "flags": 0x2D, "ctrl": 1, "ctrl_epoch": 0xCAFEBABE, "ctrl_seq": str(2 ** 40 + 9),
                   "subject": bytes(range(16)).hex()},
        "header": hdr.hex(), "salt": salt.hex(), "body": body.hex(), "body_hash": bhash.hex(), "leaf": leaf_hash(hdr, bhash).hex(),
    }


SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1000, 1023, 1024, 1025, 4095, 4096, 4097]


def roots():
    leaves, records = [], []
    for seq in range(max(SIZES)):
        hdr, body = plain_record(seq)
        leaves.append(leaf_hash(hdr, body_hash(salt_of(seq), body)))
        if seq < 3 or seq in (255, 256):
            records.append({"seq": seq, "header": hdr.hex(), "salt": salt_of(seq).hex(), "body": body.hex(),
                            "leaf": leaves[seq].hex()})
    return {
        "rule": "salt = SHA-256('salt <seq>'), subject = SHA-256('subject <seq>')[:16], body = item(0x0025, 'record <seq> ' + "
                "'関' * (seq % 5)), header fields as in plain_record()",
        "records": records,
        "trees": [{"size": n, "root": root(leaves[:n]).hex(), "frontier": [h.hex() for h in frontier(leaves[:n])]} for n in SIZES],
        "nodes": [{"level": level, "idx": i, "hash": root(leaves[i << level:(i + 1) << level]).hex()}
                  for level in range(8, 13) for i in range(max(SIZES) >> level)],
    }


def note():
    public = bytes(range(1, 33))
    name = "sekisho/tokyo-1"
    first = sha(name.encode() + b"\n\x01" + public)[:4]
    origin = name + "/" + first.hex()
    tree = root([leaf_hash(plain_record(s)[0], body_hash(salt_of(s), plain_record(s)[1])) for s in range(3)])
    key_id = sha(origin.encode() + b"\n\x01" + public)[:4]
    return {
        "site": "tokyo-1", "public_key": public.hex(), "origin": origin, "size": 3, "root": tree.hex(),
        "text": "%s\n3\n%s\n" % (origin, base64.b64encode(tree).decode()), "key_id": key_id.hex(),
        "verifier_key": "%s+%s+%s" % (origin, key_id.hex(), base64.b64encode(b"\x01" + public).decode()),
    }


def bodies():
    """Bodies and whether they are canonical."""
    good = item(0x0003, b"\x01") + item(0x0025, b"x")
    rows = [
        ("empty body", b"", True),
        ("two items", good, True),
        ("empty text", item(0x0025, b""), True),
        ("text with tab, line feed, carriage return", item(0x0025, b"a\tb\nc\r"), True),
        ("text of 1024 bytes", item(0x0025, b"a" * 1024), True),
        ("text of 1025 bytes", item(0x0025, b"a" * 1025), False),
        ("tags descending", item(0x0025, b"x") + item(0x0003, b"\x01"), False),
        ("tag twice", item(0x0003, b"\x01") * 2, False),
        ("unknown tag", item(0x7FFF, b""), False),
        ("tag zero", item(0x0000, b""), False),
        ("u8 of two bytes", item(0x0003, b"\x00\x01"), False),
        ("u64 of four bytes", item(0x001D, b"\x00\x00\x00\x01"), False),
        ("hash of 31 bytes", item(0x0009, bytes(31)), False),
        ("list of odd length", item(0x0013, b"\x00\x01\x02"), False),
        ("list empty", item(0x0013, b""), True),
        ("not a number", item(0x0008, struct.pack(">d", float("nan"))), False),
        ("infinity", item(0x0008, struct.pack(">d", float("inf"))), False),
        ("negative zero", item(0x0008, struct.pack(">d", -0.0)), False),
        ("zero", item(0x0008, struct.pack(">d", 0.0)), True),
        ("control character", item(0x0025, b"a\x1b[2J"), False),
        ("NUL in text", item(0x0025, b"a\x00b"), False),
        ("C1 control", item(0x0025, "\x85".encode()), False),
        ("overlong slash", item(0x0025, b"\xc0\xaf"), False),
        ("surrogate", item(0x0025, b"\xed\xa0\x80"), False),
        ("cut character", item(0x0025, b"\xe9\x96"), False),
        ("trailing byte", good + b"\x00", False),
        ("cut head", good + b"\x00\x31\x00", False),
        ("length beyond the end", b"\x00\x25\x00\x05abc", False),
        ("4096 bytes", item(0x0005, bytes(4092)), True),
        ("4097 bytes", item(0x0005, bytes(4093)), False),
    ]
    return [{"name": name, "body": body.hex(), "canonical": canonical} for name, body, canonical in rows]


def words():
    """Texts that people typed: tag, salt, text, commitment."""
    rows = [(0x0053, bytes(range(32)), "山田さんの依頼"), (0x0054, bytes(range(32)), "on my way"), (0x0053, bytes(32), "a" * 1024)]
    return [{"tag": tag, "salt": salt.hex(), "text": text,
             "commit": hmac.new(salt, struct.pack(">H", tag) + text.encode(), hashlib.sha256).hexdigest()} for tag, salt, text in rows]


def main():
    files = {"example.json": example(), "roots.json": roots(), "note.json": note(), "bodies.json": bodies(), "words.json": words()}
    bad = 0
    for name, content in files.items():
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        path = HERE / name
        if "--check" in sys.argv:
            if path.read_text(encoding="utf-8") != text:
                print("differs:", name)
                bad = 1
        else:
            path.write_text(text, encoding="utf-8")
    return bad


if __name__ == "__main__":
    sys.exit(main())
