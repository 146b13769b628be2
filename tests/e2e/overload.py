#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A collector that is starved while samples come at 20 000 a second: what is given up, in which order, and where it is said.

The collector (not its pollers) gets the processor for 20 ms in six seconds while samples of 200 points and door events come over one broker
at QoS 1. Afterwards: every door event is recorded, once and in its order, and was acknowledged by nobody before; every sample either
stands in the history or is counted by the point monitor/queue.dropped; the newest value of each point is the last that was sent.
Usage: overload.py BUILD_DIR"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

from house import House, door_site, envelope, until

TOPICS, PER_TOPIC, RATE, EVENTS, EPOCH = 200, 500, 20000, 60, 7
STOPPED_S, RUNNING_S = 6, 0.02
NO_LIMITS = {name: None for name in ("LowerCritical", "LowerCaution", "RateOfChange", "UpperCaution", "UpperCritical")}


def site():
    base = door_site()
    base["history"] = {"flush_s": 1, "raw_days": 3, "disk_budget_mb": 100}
    base["devices"] += [{"id": f"th{i}", "profile": "generic-th-mqtt", "link": "broker", "topic": f"t/th{i}", "stale_ms": 600000,
                         "points": {"env.room.temperature": {"limits": NO_LIMITS}}} for i in range(TOPICS)]
    return base


def value(n):
    """The n-th of a topic: all different, none is a mere refresh."""
    return round(18 + n / 100, 2)


class Publisher:
    """QoS 1 on one socket: packets go at the pace asked for, acknowledgements are counted by a thread."""

    def __init__(self, port):
        self.acknowledged, self.sent = 0, 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        name = b"overload"
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
        self.socket.sendall(b"\x10" + bytes([len(body)]) + body)
        assert self.socket.recv(4) == b"\x20\x02\x00\x00"
        threading.Thread(target=self.count, daemon=True).start()

    def count(self):
        while True:
            got = self.socket.recv(65536)
            if not got:
                return
            self.acknowledged += len(got) / 4  # a PUBACK has four bytes

    def packet(self, topic, number):
        name, data = f"t/th{topic}/state".encode(), json.dumps({"t": value(number)}).encode()
        self.sent += 1
        body = len(name).to_bytes(2, "big") + name + (self.sent % 65535 + 1).to_bytes(2, "big") + data
        assert len(body) < 128
        return b"\x32" + bytes([len(body)]) + body

    def send(self, rounds):
        """One message of each topic in each round."""
        begin = time.monotonic()
        for k, number in enumerate(rounds):
            self.socket.sendall(b"".join(self.packet(topic, number) for topic in range(TOPICS)))
            ahead = begin + (k + 1) * TOPICS / RATE - time.monotonic()
            if ahead > 0:
                threading.Event().wait(ahead)


def starve(pid, ended):
    """Runs it next to never; it runs when this returns."""
    while not ended.is_set():
        os.kill(pid, signal.SIGSTOP)
        ended.wait(STOPPED_S)
        os.kill(pid, signal.SIGCONT)
        ended.wait(RUNNING_S)


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def idle(pids, last=[0]):
    """Asked once a second: they took less than a twentieth of a core since."""
    ticks = sum(sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) for pid in pids)
    before, last[0] = last[0], ticks
    return 0 <= ticks - before < os.sysconf("SC_CLK_TCK") / 20


def point(house, name):
    return house.get("/api/v1/points/" + name)[1].get("value")


def standing(house, last=[-1]):
    """The count is told every five seconds: asked less often than that, it is the same twice."""
    before, last[0] = last[0], point(house, "monitor/queue.dropped")
    return before == last[0]


def newest(house):
    shown = {p["id"]: p.get("value") for p in house.all_items("/api/v1/points?limit=1000")}
    return [shown.get(f"th{i}/env.room.temperature") for i in range(TOPICS)]


def kept(house, i, since):
    """Different values of a point that the history holds."""
    status, page = house.get(f"/api/v1/points/th{i}/env.room.temperature/history?resolution=raw&limit=1000&from={since}")
    assert status == 200 and page["next"] is None, page
    return {round(item["last"], 2) for item in page["items"] if item["last"] is not None}


def publish_events(house):
    lines = "\n".join(envelope(EPOCH, seq) for seq in range(2, EVENTS + 2))
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/ev", "-l"],
                   input=lines, text=True, check=True)


def probe(house):
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/ev", "-m", envelope(EPOCH, 1)],
                   check=True)


def recorded(house):
    """Numbers of the controller's events in the order of the log."""
    items = house.all_items("/api/v1/entries?limit=1000", "auditor")
    return [int(item["ctrl_seq"]) for item in reversed(items) if item["event"] == "acc.granted" or item["event"] == "acc.denied"]


def test_history_first(build):
    with House(build, site()) as house:
        house.tokens.setdefault("auditor", house.make_token("auditor"))
        publisher, ended = Publisher(house.mqtt_port), threading.Event()
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        until("every point has spoken", lambda: (publisher.send([0]), newest(house) == [value(0)] * TOPICS)[1], 60, 1)
        until("the door's session works", lambda: (probe(house), recorded(house))[1], 60, 1)
        until("what queues give up is a point", lambda: point(house, "monitor/queue.dropped") is not None, 30)
        assert point(house, "monitor/queue.dropped") == 0
        pollers = children(house.processes["collector"].pid)
        starving = threading.Thread(target=starve, args=(house.processes["collector"].pid, ended))
        starving.start()
        try:
            events = threading.Thread(target=publish_events, args=(house,))
            events.start()
            publisher.send(range(1, PER_TOPIC + 1))
            events.join()
            until("the broker has taken all", lambda: publisher.acknowledged >= publisher.sent, 60, 0.1)
            until("the pollers have read all", lambda: idle(pollers), 120, 1)
        finally:
            ended.set()
            starving.join()
        until("the newest value of each point is shown", lambda: newest(house) == [value(PER_TOPIC)] * TOPICS, 120, 1)
        until("every door event is recorded", lambda: len(recorded(house)) > EVENTS, 60, 0.5)
        until("what was given up is said", lambda: (point(house, "monitor/queue.dropped") or 0) > 0, 30, 0.5)
        assert recorded(house) == list(range(1, EVENTS + 2)), recorded(house)
        sent = TOPICS * PER_TOPIC

        def stands():
            return sum(len(kept(house, i, since) - {value(0)}) for i in range(TOPICS))
        until("the newest values are in the history", lambda: all(value(PER_TOPIC) in kept(house, i, since) for i in range(0, TOPICS, 40)), 60, 1)
        until("what was given up stands still", lambda: standing(house), 60, 6)
        held, dropped = stands(), point(house, "monitor/queue.dropped")
        print(f"{sent} samples sent, {held} in the history, {dropped:.0f} counted as given up; {EVENTS} door events recorded")
        # what the pollers say of their links is given up and counted as well: some twenty points every 0.4 s, the longer it takes the more
        assert sent <= held + dropped <= sent * 1.05, (sent, held, dropped)
        assert house.command("status")["ok"]


def main():
    build, wanted = pathlib.Path(sys.argv[1]), sys.argv[2:]
    for name, case in list(globals().items()):
        if name.startswith("test_") and (not wanted or name[5:] in wanted):
            case(build)
            print("ok", name[5:], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
