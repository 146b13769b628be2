#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One card number in every place of a door message where a controller could put it, and in messages that are none. Afterwards no file of the
state directory and no log holds it, in any writing. Usage: no_card_kept.py BUILD_DIR"""
import json
import subprocess
import sys

from house import House, door_site, envelope, until

CARD = "04deadbeef5a7e"
NAME = "Hanako Yamada"
TOPIC = "t/ctrl/dc1/ev"
DENIED = "tns1:AccessControl/Denied/Credential"


def messages():
    """(payload, topic) pairs. Numbered payloads first: their records are what the test waits for."""
    members = [{name: value} for name in ("Card", "IdentifierValue", "Door", "DoorToken", "Reader", "AccessPointToken", "Reason", "State",
                                          "CredentialToken", "CredentialHolder", "External", "ExemptedAccess", "IdentifierToken", "Template",
                                          CARD) for value in (CARD, NAME)]
    members += [{"Factors": [CARD, "pt:Card"]}, {"Factors": CARD}, {"Nested": {"a": [{"b": CARD, CARD: NAME}]}}, {"Card": int(CARD, 16)},
                {"CredentialToken": ":".join(CARD[i:i + 2] for i in range(0, 14, 2))}, {"Other": list(bytes.fromhex(CARD))}]
    out = [envelope(7, seq, DENIED, **member) for seq, member in enumerate(members, 1)]
    for topic in (CARD, DENIED + "/" + CARD, "tns1:Door/" + CARD, "x" * 300 + CARD, NAME):
        out.append(envelope(7, len(out) + 1, topic))
    for change in ({"data": CARD}, {"data": [CARD]}, {"t": CARD}, {"mono": CARD}, {CARD: 1}, {"extra": NAME}):
        out.append(json.dumps({**json.loads(envelope(7, len(out) + 1)), **change}))
    numbered = len(out)
    whole = envelope(7, 999, Card=CARD, CredentialHolder=NAME)
    out += [whole[:whole.index(CARD) + len(CARD)], whole + CARD, CARD, NAME, '{"v":9,"Card":"%s"}' % CARD, '{"v":1,"epoch":"%s","seq":1}' % CARD,
            '{"v":1,"v":1,"%s":1,"%s":2}' % (CARD, CARD), '["%s"]' % CARD, b"\xff\x00" + CARD.encode(), bytes.fromhex(CARD) * 3,
            CARD.encode("utf-16-le")]
    return out, numbered


def writings(text):
    yield text.encode()
    yield text.upper().encode()
    yield text.encode().hex().encode()
    yield text.encode().hex().upper().encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")


def needles():
    yield from writings(CARD)
    yield from writings(NAME)
    yield from writings(":".join(CARD[i:i + 2] for i in range(0, 14, 2)))
    yield from writings(str(int(CARD, 16)))
    yield bytes.fromhex(CARD)
    yield ",".join(str(b) for b in bytes.fromhex(CARD)).encode()


def publish(house, payload, topic=TOPIC):
    data = payload if isinstance(payload, bytes) else payload.encode()
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", topic, "-s"], input=data, check=True)


def records(house, event):
    return [r for r in house.all_items("/api/v1/records?limit=1000", "auditor") if r["event"] == event]


def found(house):
    hits = []
    for path in sorted(p for p in house.dir.rglob("*") if p.is_file()):
        data = path.read_bytes()
        hits += [(path.name, needle, data[max(0, at - 60):at + 60]) for needle in needles() if (at := data.find(needle)) >= 0]
    return hits


def main():
    out, numbered = messages()
    with House(sys.argv[1], door_site()) as house:
        until("the door session is subscribed", lambda: (publish(house, envelope(1, 1)), records(house, "acc.granted"))[1])
        for payload in out:
            publish(house, payload)
        publish(house, "{" + CARD, "t/ctrl/dc1/state")
        until("every numbered message is a record", lambda: len({r["ctrl_seq"] for r in house.all_items("/api/v1/records?limit=1000", "auditor")
                                                                 if r["epoch"] == "7"}) >= numbered, 60, 0.2)
        until("every other one too", lambda: len(records(house, "ctrl.malformed")) >= len(out) - numbered, 60, 0.2)
        kept = [r for r in records(house, "acc.denied") if r["body"].get("native")]
        assert kept and any('"Door":"…14"' in bytes.fromhex(r["body"]["native"]).decode() for r in kept), kept[:3]
        hits = found(house)
        assert house.stop("collector") == 0
        hits += found(house)
        assert not hits, "%d finds, the first: %r" % (len(hits), hits[:4])
    print(f"{len(out)} messages with a card number or a name, none kept")


if __name__ == "__main__":
    main()
