#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A damaged log: the collector sets it aside byte for byte, rings highest, goes on with doors, numbers and open alarms in a new log
that quotes the old one, and `sekisho verify` says which is which. The dashboard stays up meanwhile.
Usage: log_damaged.py BUILD_DIR [case ...]"""
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

from collector import open_alarms, publish, raise_alarm, room_site
from house import House, envelope, until


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def edit(house, *statements):
    database = sqlite3.connect(house.state / "log.db")
    for statement in statements:
        assert database.execute(statement).rowcount > 0, statement
    database.commit()
    database.close()


def drop_wal(house):
    for name in ("log.db-wal", "log.db-shm"):
        (house.state / name).unlink(missing_ok=True)


def verify(house, directory):
    out = subprocess.run([house.build / "collector/cli/sekisho", "verify", directory], capture_output=True, text=True, env={"LANG": "C"})
    return out.returncode, out.stdout + out.stderr


def leaf(house):
    edit(house, "UPDATE record SET leaf = zeroblob(32) WHERE seq = 3")


def body(house):
    edit(house, "UPDATE record SET body = CAST(substr(body, 1, 6) || x'EE' || substr(body, 8) AS BLOB) WHERE seq = 2")


def checkpoint(house):
    edit(house, "UPDATE checkpoint SET root = zeroblob(32), note = replace(note, char(10), ' ') WHERE number = (SELECT max(number) FROM checkpoint)")


def frontier(house):
    edit(house, "UPDATE tree SET frontier = zeroblob(length(frontier))")


def truncated(house):
    drop_wal(house)
    os.truncate(house.state / "log.db", (house.state / "log.db").stat().st_size // 2)


def deleted(house):
    drop_wal(house)
    (house.state / "log.db").unlink()


def rolled_back(house):
    drop_wal(house)
    shutil.copy(house.dir / "older.db", house.state / "log.db")


# name -> (damage, can anything be carried over?)
AT_START = {"leaf": (leaf, True), "body": (body, True), "checkpoint": (checkpoint, True), "frontier": (frontier, True),
            "truncated": (truncated, False), "deleted": (deleted, False), "rolled_back": (rolled_back, True)}


def set_aside(house):
    return sorted(p for p in house.state.iterdir() if p.name.startswith("damaged-"))


def damaged_alarm(house):
    return [a for a in open_alarms(house) if a["source"] == "system:log.damaged"]


def numbers(house, directory):
    database = sqlite3.connect(f"file:{directory}/log.db?mode=ro", uri=True)
    rows = sorted(database.execute("SELECT kind, number, id FROM number"))
    database.close()
    return rows


def goes_on(house, carried, temperature_alarm, seq):
    """After a damaged log was set aside: alarm, doors, alarms of before, verification, acknowledgement."""
    until("the dashboard is well", house.is_well)
    alarm = until("the highest alarm rings", lambda: damaged_alarm(house))[0]
    old = set_aside(house)[-1]
    assert alarm["severity"] == "critical" and old.name in str(alarm), alarm
    if carried:
        kept = [a for a in open_alarms(house) if a["source"].startswith("th1/")]
        assert kept and kept[0]["occurrence"] == temperature_alarm["occurrence"], kept
    until("door events are recorded in the new log", lambda: (publish(house, "t/ctrl/dc1/ev", envelope(77, seq)),
                                                              house.all_items("/api/v1/entries"))[1])
    code, said = verify(house, house.state)
    assert code == 0 and "follows: sekisho/t/" in said and "fits, and is signed by the old key" in said, (code, said)
    assert "result: intact" in said, said
    status, answer = house.request("POST", f"/api/v1/alarms/{alarm['occurrence']}/acknowledge", "operator",
                                   {"occurrence": alarm["occurrence"], "comment": "seen"})
    assert status == 200, answer
    until("it is over once a person has seen it", lambda: not damaged_alarm(house))
    return old


def covered(house):
    note = house.state / "log-checkpoint.note"
    return int(note.read_text().split("\n")[1]) if note.exists() else 0


def prepare(house):
    temperature_alarm = raise_alarm(house)
    publish(house, "t/ctrl/dc1/ev", envelope(5, 1))
    until("an entry", lambda: house.all_items("/api/v1/entries"))
    entry = int(house.all_items("/api/v1/entries")[0]["id"])
    until("a checkpoint over all that lies beside", lambda: covered(house) > entry)
    return temperature_alarm


def at_start(house, name):
    damage, carried = AT_START[name]
    if name == "rolled_back":
        raise_alarm(house)
        house.stop("collector")
        shutil.copy(house.state / "log.db", house.dir / "older.db")
        house.start_collector()
    temperature_alarm = prepare(house)
    house.stop("collector")
    numbered = numbers(house, house.state)
    damage(house)
    before = {file: digest(house.state / file) for file in ("log.db", "log.db-wal")}
    house.start_collector()
    old = goes_on(house, carried, temperature_alarm, 2)
    assert before["log.db"] == digest(old / "log.db"), "the old file was touched"
    assert before["log.db-wal"] in ("", digest(old / "log.db-wal")), "its -wal was touched"
    if carried:
        assert numbers(house, house.state) == numbered, "numbers are stable"
    code, said = verify(house, old)
    assert "set aside" in said and "followed by: sekisho/t/" in said, said
    assert code == (0 if name == "rolled_back" else 1 if name not in ("deleted", "truncated") else code), (code, said)
    for again in range(2):  # and the next starts find nothing to do
        house.stop("collector")
        house.start_collector()
    assert len(set_aside(house)) == 1 and not until("well", lambda: house.is_well() and [damaged_alarm(house)])[0]


def test_while_running(house):
    """A record is changed under a running collector: it finds that by reading again, and becomes a new run."""
    temperature_alarm = prepare(house)
    pid = house.processes["collector"].pid
    edit(house, "UPDATE record SET salt = zeroblob(32) WHERE seq = 1")
    until("the damage is found", lambda: set_aside(house), 60)
    until("it answers again", lambda: house.alive("collector") and house.control_answers(house.state / "control.sock"), 60)
    assert house.processes["collector"].pid == pid
    goes_on(house, True, temperature_alarm, 2)


def test_twice(house):
    """Two damaged logs: the chain has three origins."""
    temperature_alarm = prepare(house)
    for seq in (2, 3):
        house.stop("collector")
        leaf(house)
        house.start_collector()
        goes_on(house, True, temperature_alarm, seq)
    code, said = verify(house, house.state)
    assert code == 0 and said.count("fits, and is signed by the old key") == 2, said
    assert len(set_aside(house)) == 2
    """A forged quote breaks the chain: another log lies where the old one should."""
    house.stop("collector")
    first, second = set_aside(house)
    for name in ("log.db", "log.db-wal", "log.db-shm", "log-signing.pem", "log-checkpoint.note"):
        if (first / name).exists():
            shutil.copy(first / name, second / name)
        else:
            (second / name).unlink(missing_ok=True)
    code, said = verify(house, house.state)
    assert code == 1 and "follows" in said and "result: damaged" in said, (code, said)
    house.start_collector()


def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    for name in wanted or [*AT_START, "while_running", "twice"]:
        with House(build, room_site()) as house:
            if name in AT_START:
                at_start(house, name)
            else:
                globals()["test_" + name](house)
            assert house.stop("collector") == 0, "the collector ended badly"
        print(f"{name}: ok", flush=True)


if __name__ == "__main__":
    main()
