#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the broker at random instants while people pass doors, once with a broker that keeps its queues on disk and once with one that
forgets everything. The simulator's door controllers keep an event until the collector has acknowledged its number, so in the end every
event is in the log exactly once and no hole is open. Usage: broker_death.py BUILD_DIR [KILLS]"""
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error

from demo_house import DemoHouse
from house import can_connect, full, until
from kill9 import HEADER, sqlite3

DOORS = ("d1", "d2", "d3")


class MortalHouse(DemoHouse):
    def configure_broker(self, persistent):
        kept = self.dir / "broker"
        kept.mkdir(exist_ok=True)
        lines = f"persistence true\npersistence_location {kept}/\nautosave_interval 1\n" if persistent else "persistence false\n"
        (self.dir / "mosquitto.conf").write_text(f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
                                                 "max_inflight_messages 0\nset_tcp_nodelay true\n" + lines + ("user root\n" if os.geteuid() == 0 else ""))

    def revive_broker(self):
        self.start("mosquitto", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", self.dir / "mosquitto.conf")
        until("mosquitto listens", lambda: self.alive("mosquitto") and can_connect(self.mqtt_port))

    def kill_broker(self):
        self.stop("mosquitto", signal.SIGKILL)

    def controller(self):
        return next(d for d in self.simulate("/state")["devices"] if d["id"] == "dc1")


class Passages(threading.Thread):
    """People who pass doors of the MQTT controller, one every moment, until told to stop."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house, self.stopping, self.count, self.turn, self.error = house, threading.Event(), 0, 0, None
        self.start()

    def run(self):
        try:
            while not self.stopping.wait(0.15):
                self.turn += 1
                self.count += self.passes(DOORS[self.turn % 3], "p%d" % (self.turn % 5 + 1))
        except OSError as error:
            self.error = error

    def passes(self, door, person):
        try:
            self.house.simulate("/doors/%s/passages" % door, {"person": person})
            return True
        except urllib.error.HTTPError as error:
            if error.code != 409:  # too many wait at this door already
                raise
            return False

    def finish(self):
        self.stopping.set()
        self.join()
        assert self.error is None, self.error


def logged(state, epoch):
    """seq -> record numbers, of access and door events (class 1) of one epoch, from log.db alone."""
    found = {}
    database = sqlite3.connect(f"file:{state}/log.db?mode=ro", uri=True)
    for header, in database.execute("SELECT header FROM record ORDER BY seq"):
        fields = HEADER.unpack(header)
        if fields[6] == 1 and fields[9] == epoch:
            found.setdefault(fields[10], []).append(fields[1])
    database.close()
    return found


def kill_often(house, kills, chance, persistent):
    house.kill_broker()
    house.configure_broker(persistent)
    house.revive_broker()
    passages = Passages(house)
    for _ in range(kills):
        threading.Event().wait(chance.uniform(0.5, 4))  # the random instant itself
        house.kill_broker()
        threading.Event().wait(chance.uniform(0, 1))
        house.revive_broker()
    passages.finish()
    until("the people are through", lambda: settled(house), 60, 0.5)
    until("the controller was told that all is recorded", lambda: house.controller()["backlog"] == 0, 400, 0.5)
    return passages.count


def settled(house):
    before = house.controller()["next_seq"]
    threading.Event().wait(6)  # a passage is over within five seconds
    return house.controller()["next_seq"] == before


def main():
    build, kills = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20 if full() else 3
    chance = random.Random(20261120)
    with MortalHouse(build) as house:
        until("the controller's events arrive", lambda: house.points()["dc1/device.comm"]["value"] == "normal", 60, 0.2)
        count = sum(kill_often(house, kills, chance, persistent) for persistent in (True, False))
        until("no hole is open", lambda: not gap_alarms(house), 60, 0.5)
        state = house.controller()
        assert house.stop("collector") == 0
        found, published = logged(house.state, state["epoch"]), int(state["next_seq"]) - 1
        missing = [n for n in range(1, published + 1) if n not in found]
        twice = {n: r for n, r in found.items() if n and len(r) != 1}
        assert not missing, f"{len(missing)} of {published} events are not in the log, the first: {missing[:5]}"
        assert not twice, f"{len(twice)} events are in the log more than once, the first: {list(twice.items())[:5]}"
        assert published > count, (published, count)
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stderr + verify.stdout
    print(f"{2 * kills} deaths of the broker, {count} passages, {published} events, each in the log exactly once; log verified")


def gap_alarms(house):
    """The hole itself: an alarm that has returned may wait for its acknowledgement."""
    alarms = house.all_items("/api/v1/alarms", "viewer")
    return [a for a in alarms if a["source"].endswith("/ctrl.gap") and a["active"]]


if __name__ == "__main__":
    main()
