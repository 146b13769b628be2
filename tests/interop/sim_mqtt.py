#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mosquitto_sub (not ours) sees the simulated MQTT devices: birth, state at once on change, door envelopes in order, last will,
and every envelope across a broker that was away."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_support import Bench, until  # noqa: E402


class Listener:
    """mosquitto_sub into a file; messages() is what came so far as (topic, retained, text)."""

    def __init__(self, port):
        self.file = tempfile.NamedTemporaryFile("w+", prefix="sekisho-sub-")
        self.process = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "#", "-q", "1",
                                         "-F", "%t %r %p"], stdout=self.file, stderr=subprocess.DEVNULL)

    def messages(self):
        with open(self.file.name, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        return [tuple(line.split(" ", 2)) for line in lines if line.count(" ") >= 2]

    def on(self, topic):
        return [text for where, _, text in self.messages() if where == topic]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.file.close()


def envelopes(listener):
    return [json.loads(text) for text in listener.on("demo/ctrl/dc1/ev")]


def check_devices(bench, listener):
    until("births", lambda: all("online" in listener.on(f"demo/{t}/status") for t in
                                ("ctrl/dc1", "env/th3", "people/pc1", "cam/cam1", "cam/cam2")))
    until("state of th3", lambda: listener.on("demo/env/th3/state"))
    state = json.loads(listener.on("demo/env/th3/state")[-1])
    assert 15 < state["t"] < 35 and 10 < state["rh"] < 90, state
    bench.post("/points", {"id": "th3/env.room.temperature", "value": 41.25})
    until("the change", lambda: any(json.loads(x)["t"] == 41.25 for x in listener.on("demo/env/th3/state")))


def check_doors(bench, listener):
    bench.post("/doors/d3/passages", {"person": "p1", "factors": ["pt:Card", "Vein"]})
    until("taken", lambda: any("AccessTaken" in e["topic"] for e in envelopes(listener)))
    granted = next(e for e in envelopes(listener) if "AccessGranted" in e["topic"])
    assert granted["v"] == 1 and granted["data"]["Door"] == "d3" and granted["data"]["Card"] == "04a1b2c3d4e501", granted
    assert granted["data"]["Factors"] == ["pt:Card", "Vein"] and granted["data"]["Reader"] == "d3-in", granted
    bench.post("/doors/d3/passages", {"card": "DEADBEEF"})
    until("denied", lambda: any(e["data"].get("Reason") == "CredentialNotFound" for e in envelopes(listener)))
    until("closed", lambda: not next(d for d in bench.state()["doors"] if d["id"] == "d3")["open"])
    seqs = list(dict.fromkeys(int(e["seq"]) for e in envelopes(listener)))  # what nobody acknowledges comes again after 10 s
    assert seqs == list(range(1, len(seqs) + 1)), seqs


def backlog(bench):
    return next(d for d in bench.state()["devices"] if d["id"] == "dc1")["backlog"]


def acknowledge(bench, **numbers):
    site = "demo"
    epoch = next(d for d in bench.state()["devices"] if d["id"] == "dc1")["epoch"]
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(bench.mqtt_port), "-q", "1", "-t", f"sekisho/{site}/ack/dc1", "-m",
                    json.dumps({"epoch": epoch, **numbers})], check=True)


def check_acknowledge(bench, listener):
    """The broker's word is not enough: every event is kept until its own number was acknowledged, and comes again until then."""
    kept = backlog(bench)
    assert kept >= 6, kept
    acknowledge(bench, seq="2")
    until("one is done", lambda: backlog(bench) == kept - 1)
    until("the others come again", lambda: len([e for e in envelopes(listener) if e["seq"] == "3"]) >= 2)
    acknowledge(bench, **{"from": "1", "seq": str(kept)})
    until("all are done", lambda: backlog(bench) == 0)


def check_faults(bench, listener):
    before = len(envelopes(listener))
    bench.post("/devices/dc1", {"fault": "replay", "count": 2})
    until("replay", lambda: len(envelopes(listener)) >= before + 2)
    bench.post("/devices/dc1", {"fault": "gap"})
    bench.post("/doors/d2/passages", {"person": "visitor"})
    until("denied after the gap", lambda: any(e["data"].get("Reason") == "Unauthorized" for e in envelopes(listener)))
    numbers = sorted({int(e["seq"]) for e in envelopes(listener)})
    assert numbers[-1] - numbers[0] + 1 == len(numbers) + 1, numbers
    bench.post("/devices/th3", {"fault": "malformed"})

    def broken():
        try:
            json.loads(listener.on("demo/env/th3/state")[-1])
            return False
        except ValueError:
            return True
    until("malformed payload", broken)
    bench.post("/devices/th3", {"fault": "dead"})
    until("last will", lambda: "offline" in listener.on("demo/env/th3/status"))
    bench.post("/devices/th3", {"fault": "none"})
    until("birth again", lambda: listener.on("demo/env/th3/status")[-1] == "online")


def check_broker_away(bench):
    """Events that happen while the broker is away arrive once it is back, with their numbers."""
    bench.broker.terminate()
    bench.broker.wait(timeout=10)
    until("connection lost", lambda: not next(d for d in bench.state()["devices"] if d["id"] == "dc1")["connected"])
    bench.post("/doors/d2/passages", {"person": "expired"})
    until("kept", lambda: next(d for d in bench.state()["devices"] if d["id"] == "dc1")["backlog"] > 0)
    # the subscriber must be there before the device: a new broker keeps no session for it
    bench.post("/devices/dc1", {"fault": "dead"})
    bench.start_broker()
    listener = Listener(bench.mqtt_port)
    try:
        until("listener", lambda: listener.on("demo/env/th3/state"))
        bench.post("/devices/dc1", {"fault": "none"})
        until("late event", lambda: any(e["data"].get("Reason") == "CredentialExpired" for e in envelopes(listener)))
        acknowledge(bench, **{"from": "1", "seq": max((e["seq"] for e in envelopes(listener)), key=int)})
        until("acknowledged", lambda: backlog(bench) == 0)
    finally:
        listener.close()


def main():
    simulator, root = sys.argv[1:3]
    with Bench(simulator, root) as bench:
        listener = Listener(bench.mqtt_port)
        try:
            check_devices(bench, listener)
            check_doors(bench, listener)
            check_acknowledge(bench, listener)
            check_faults(bench, listener)
        finally:
            listener.close()
        check_broker_away(bench)
        bench.ended_well()
    print("births, states, envelopes, wills: all seen by mosquitto_sub")


if __name__ == "__main__":
    main()
