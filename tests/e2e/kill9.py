#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the collector at random instants under a stream of QoS 1 door events. Afterwards, read from the database by somebody
else's code: every published event (they carry epoch and sequence) is in the log exactly once, and every record that an SSE client
saw is there with the same content. Usage: kill9.py BUILD_DIR [KILLS]"""
import random
import struct
import sqlite3
import subprocess
import sys
import threading

from house import House, Stream, door_site, envelope, full, until

HEADER = struct.Struct(">BQQHHHBBHIQ16s")  # schemas/log-format.md, section 1
EPOCH = 7


class Publisher(threading.Thread):
    """Publishes events 1, 2, 3 ... through mosquitto_pub -l at a steady pace until told to stop."""

    def __init__(self, port, per_second):
        super().__init__(daemon=True)
        self.process = subprocess.Popen(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-l", "-t", "t/ctrl/dc1/ev"],
                                        stdin=subprocess.PIPE, text=True)
        self.published, self.stopping, self.pause = 0, threading.Event(), 1.0 / per_second

    def run(self):
        while not self.stopping.wait(self.pause):
            self.process.stdin.write(envelope(EPOCH, self.published + 1) + "\n")
            self.process.stdin.flush()
            self.published += 1

    def finish(self):
        self.stopping.set()
        self.join()
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        return self.published


def logged(state):
    """(epoch, seq) -> list of record numbers, and number -> (epoch, seq), from log.db alone."""
    by_event, by_record = {}, {}
    database = sqlite3.connect(f"file:{state}/log.db?mode=ro", uri=True)
    for header, in database.execute("SELECT header FROM record ORDER BY seq"):
        fields = HEADER.unpack(header)
        number, kind, epoch, seq = fields[1], fields[6], fields[9], fields[10]
        by_record[number] = (fields[5], epoch, seq)
        if kind == 1 and epoch == EPOCH:
            by_event.setdefault(seq, []).append(number)
    database.close()
    return by_event, by_record


def check(house, published, seen):
    by_event, by_record = logged(house.state)
    missing = [n for n in range(1, published + 1) if n not in by_event]
    twice = {n: r for n, r in by_event.items() if len(r) != 1}
    assert not missing, f"{len(missing)} of {published} events are not in the log, the first: {missing[:5]}"
    assert not twice, f"{len(twice)} events are in the log more than once, the first: {list(twice.items())[:5]}"
    assert sorted(by_record) == list(range(len(by_record))), "record numbers have holes"
    for number, data in seen.items():
        assert number in by_record, f"record {number} was shown and is not in the log"
        event = (int(data["epoch"]), int(data["ctrl_seq"]))
        assert by_record[number][1:] == event, f"record {number} was shown as {event} and is stored as {by_record[number][1:]}"


def main():
    build, kills = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200 if full() else 12
    chance = random.Random(20261120)
    with House(build, door_site()) as house:
        until("the door session is subscribed", lambda: can_publish(house))
        stream = Stream(house)
        publisher = Publisher(house.mqtt_port, 400)
        publisher.start()
        for _ in range(kills):
            threading.Event().wait(chance.uniform(0.0, 0.6))  # the random instant itself
            house.kill_collector()
            house.start_collector()
        published = publisher.finish()
        until("every event is in the log", lambda: len(logged(house.state)[0]) >= published, 120, 0.2)
        seen = {int(i): d for i, kind, d, _ in stream.seen("entry") if d.get("epoch") == str(EPOCH)}
        stream.stop()
        assert house.stop("collector") == 0
        check(house, published, seen)
        assert len(seen) > published // 20, f"the stream saw only {len(seen)} of {published} events: it proves too little"
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stderr + verify.stdout
    print(f"{kills} kills, {published} events published, each in the log exactly once; {len(seen)} seen by SSE, all there; log verified")


def can_publish(house):
    """An event of another epoch comes through: only then is the persistent session known to the broker."""
    if not hasattr(house, "probe"):
        house.probe = 0
    house.probe += 1
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/ev", "-m", envelope(1, house.probe)],
                   check=True)
    return any(entry["event"].startswith("acc.") for entry in house.get("/api/v1/entries?limit=5")[1]["items"])


if __name__ == "__main__":
    main()
