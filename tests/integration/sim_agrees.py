#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drivers and simulator were written apart from the same descriptions: on the demo site every point that a driver reads must be
what the plant says, and every passage must arrive as the same events. A difference is a mistake of one of the two."""
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from sim_support import Bench, until  # noqa: E402

MOVING = ("device.heartbeat", "device.uptime", "device.hours", "device.maintenance", "door.controller.seq")
WOBBLING = ("env.room.pressure", "pdu.earth.current")  # small next to their own noise: one unit is near enough


def vocabulary(root):
    """Name -> (kind, words) of points.def."""
    rows = {}
    with open(os.path.join(root, "schemas/vocab/points.def"), encoding="utf-8") as file:
        for name, kind, words in re.findall(r'^K\("([^"]+)", SK_KIND_(\w+), \w+, (?:"([^"]*)"|NULL)', file.read(), re.M):
            rows[name] = (kind, words.split("|") if words else [])
    return rows


class Driver:
    """One driver session as a process; lines() is what it has handed over."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.got = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.got.append(json.loads(line))

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0
        self.thread.join(timeout=10)


def kind_of(words, point):
    name = point.split("/", 1)[1]
    return words.get(name) or words[re.sub(r"\.\d+(?=\.|$)", ".n", name)]


def as_number(words, point, value):
    kind, list_ = kind_of(words, point)
    if kind == "STATE" and isinstance(value, str):
        return list_.index(value)
    if kind == "FLAGS" and isinstance(value, list):
        return sum(1 << list_.index(word) for word in value)
    return value


def compare(words, state, newest):
    wrong = []
    for point, sample in newest.items():
        said = state["points"].get(point)
        name = point.split("/", 1)[1]
        if said is None or name in MOVING:
            continue
        if said["value"] is None:
            if sample["quality"] != "not_connected":
                wrong.append(f"{point}: plant has no value, driver says {sample['value']} {sample['quality']}")
            continue
        told, read = as_number(words, point, said["value"]), as_number(words, point, sample["value"])
        if isinstance(told, str) or kind_of(words, point)[0] in ("STATE", "FLAGS"):
            same = told == read
        else:
            same = abs(told - read) <= 0.03 * abs(told) + (1.0 if name in WOBBLING else 0.06)
        if not same or sample["quality"] != "good":
            wrong.append(f"{point}: plant says {told}, driver {read} ({sample['quality']}, {sample['reason']})")
    return wrong


def newest_of(driver):
    return {line.get("point") or line.get("sample"): line for line in list(driver.got) if "point" in line or "sample" in line}


def wanted_points(state, device_links, link):
    return {p for p in state["points"] if device_links[p.split("/", 1)[0]] == link}


def check_points(bench, words, run_modbus, run_mqtt, site):
    bench.post("/points", {"id": "ups2/ups.status", "value": "OB LB"})
    bench.post("/devices/leak1", {"fault": "leak", "amount": 7.5})
    bench.post("/devices/gas1", {"fault": "discharge"})
    bench.post("/points", {"id": "th2/env.room.temperature", "value": -12.5})
    bench.post("/points", {"id": "crac2/hvac.return.temperature", "value": 31.5})
    links = {d["id"]: d["link"] for d in bench.state()["devices"]}
    total = 0
    for link in ("gw1", "gw2", "fire", "doors", "broker"):
        command = [run_mqtt, site, link, "samples"] if link == "broker" else [run_modbus, site, link]
        driver = Driver(command)
        wanted = wanted_points(bench.state(), links, link)
        until(f"all points of {link}, missing: {sorted(wanted)[:3]} ...", lambda: wanted <= set(newest_of(driver)), 60)

        def agrees():
            agrees.wrong = compare(words, bench.state(), newest_of(driver))
            return not agrees.wrong
        try:
            until(f"{link} agrees", agrees, 20)
        except AssertionError:
            raise AssertionError("\n".join(agrees.wrong)) from None
        total += len(wanted)
        driver.close()
    return total


def names(driver, door):
    return [line["event"] for line in list(driver.got) if line.get("event") and line.get("door") == door]


def check_events(bench, run_modbus, run_mqtt, site):
    ring = Driver([run_modbus, site, "doors", "--events"])
    envelopes = Driver([run_mqtt, site, "broker", "events"])
    envelopes.process.stdin.write("auto\n")
    envelopes.process.stdin.flush()
    def subscribed():  # a broker keeps nothing for a session it does not know yet: knock until one knock is heard
        bench.request("POST", "/doors/d1/passages", {"person": "visitor"})  # 409 while eight wait there already
        return names(envelopes, "d1")
    until("event session", subscribed)
    expected = ["acc.granted", "door.lock", "door.phys", "acc.taken", "door.phys", "door.lock", "acc.denied"]
    for door in ("d4", "d2"):
        bench.post(f"/doors/{door}/passages", {"person": "p2"})
        bench.post(f"/doors/{door}/passages", {"person": "expired"})
    until("events of the ring", lambda: names(ring, "d4") == expected, 40)
    until("events of the broker", lambda: names(envelopes, "d2") == expected, 40)
    for driver in (ring, envelopes):
        denied = next(line for line in driver.got if line.get("event") == "acc.denied" and line["door"] != "d1")
        assert denied["reason"] == "CredentialExpired", denied
        seqs = [int(line["seq"]) for line in driver.got if line.get("event")]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), seqs
    granted = next(line for line in ring.got if line.get("event") == "acc.granted")
    assert granted["credential"] == "04a1b2c3d4e502" and granted["decision"] == 1 and granted["factors"] == 1, granted
    ring.close()
    envelopes.close()


def main():
    simulator, run_modbus, run_mqtt, root = sys.argv[1:5]
    words = vocabulary(root)
    with Bench(simulator, root) as bench:
        site = os.path.join(bench.directory, "site.json")
        until("devices online", lambda: all(d.get("connected", True) for d in bench.state()["devices"]))
        total = check_points(bench, words, run_modbus, run_mqtt, site)
        check_events(bench, run_modbus, run_mqtt, site)
        bench.ended_well()
    print(f"drivers and plant agree on {total} points and on every event")


if __name__ == "__main__":
    main()
