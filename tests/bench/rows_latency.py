# SPDX-License-Identifier: Apache-2.0
"""From a change at the device to the browser's event of its alarm: whole house, real wires, TLS stream; and the gateway's periods.

The moment of a change is taken before the register is set, or before send() of the publication; arrival when the reader thread has
the whole event. Both clocks are this process's own, and its own delays count against us."""
import json
import socket
import struct
import subprocess
import threading
import time

from kit import ROOT, AlarmWatch, BenchHouse, NotBuilt, Publisher, chance, median, modbus_profile, mqtt_profile, quantile, site, until, wait_s

PERIOD_MS = 1000
LIMIT = {"UpperCritical": {"Reading": 30, "HysteresisReading": 1, "severity": "critical"}}
LOW, HIGH = 20, 40


class Registers(threading.Thread):
    """A Modbus TCP device on one connection at a time per thread; written from the specification, one register."""

    def __init__(self):
        super().__init__(daemon=True)
        self.value = LOW
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                request = connection.recv(12, socket.MSG_WAITALL)
                if len(request) < 12:
                    return
                count = struct.unpack(">H", request[10:12])[0]
                data = struct.pack(">H", self.value) * count
                connection.sendall(request[:4] + struct.pack(">HBBB", 3 + len(data), request[6], request[7], len(data)) + data)
        except OSError:
            return
        finally:
            connection.close()

    def close(self):
        self.listener.close()


def flank(watch, source, change, high):
    """One change and its event; seconds between."""
    at = change(HIGH if high else LOW)
    return watch.arrival(source, high, at) - at


def modbus_latency(build, quick):
    """Devices on links of their own, each changing at random moments: the phase against its poll is even."""
    count, seconds = 8, 12 if quick else 40
    devices = [Registers() for _ in range(count)]
    profile = modbus_profile("p", [{"name": "battery.temperature", "address": 0, "type": "u16", "limits": LIMIT}])
    links = [{"id": f"l{i}", "protocol": "modbus-tcp", "host": "127.0.0.1", "port": d.port, "simulated": True} for i, d in enumerate(devices)]
    machines = [{"id": f"d{i}", "profile": "p", "link": f"l{i}", "unit": 1, "period_ms": PERIOD_MS} for i in range(count)]
    taken, failures = [], []

    def toggle(watch, i, end):
        random, source = chance(i), f"d{i}/battery.temperature"

        def change(value):
            at = time.time()
            devices[i].value = value
            return at
        try:
            high = True
            while time.monotonic() < end:
                wait_s(random.uniform(0, PERIOD_MS / 1000))
                taken.append(flank(watch, source, change, high))
                high = not high
        except AssertionError as error:
            failures.append(str(error))
    try:
        with BenchHouse(build, site(links, machines), [profile], broker=False) as house:
            watch = AlarmWatch(house)
            until("every device was read", lambda: sum(p["quality"] == "good" for p in house.all_items("/api/v1/points")
                                                       if p["name"] == "battery.temperature") == count)
            until("the stream is open", lambda: watch.connections)
            end = time.monotonic() + seconds
            threads = [threading.Thread(target=toggle, args=(watch, i, end)) for i in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            watch.stop()
    finally:
        for device in devices:
            device.close()
    assert not failures, failures[0]
    p99 = quantile(taken, 0.99) * 1000
    return {"modbus": dict(ours=round(p99, 1), peer=PERIOD_MS, value=round(p99 - PERIOD_MS, 1),
                           note=f"{len(taken)} changes, p50 {median(taken) * 1000:.0f} ms, max {max(taken) * 1000:.0f} ms")}


def mqtt_house(build):
    machines = [{"id": "th", "profile": "p", "link": "broker", "topic": "bench/th"}]
    links = [{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}]
    return BenchHouse(build, site(links, machines), [mqtt_profile("p", [{"name": "env.room.temperature", "path": "t", "limits": LIMIT}], 1)])


def mqtt_flanks(build, seconds, gap, seed, taken):
    """Changes published one after another, each after its predecessor's event and a pause; into `taken`."""
    random, source = chance(seed), "th/env.room.temperature"
    with mqtt_house(build) as house:
        watch, publisher = AlarmWatch(house), Publisher(house.mqtt_port)

        def change(value):
            return publisher.publish("bench/th/state", json.dumps({"t": value}))
        until("the stream is open", lambda: watch.connections)
        until("values arrive", lambda: (change(LOW), house.get("/api/v1/points/th/env.room.temperature")[1].get("value") == LOW)[1])
        high, end = True, time.monotonic() + seconds
        while time.monotonic() < end:
            wait_s(random.uniform(*gap))
            taken.append(flank(watch, source, change, high))
            high = not high
        publisher.close()
        watch.stop()


def mqtt_result(taken):
    p99 = quantile(taken, 0.99) * 1000
    return dict(ours=round(p99, 2), peer=None, value=round(p99, 2),
                note=f"{len(taken)} changes, p50 {median(taken) * 1000:.1f} ms, max {max(taken) * 1000:.1f} ms")


def mqtt_latency(build, quick):
    taken = []
    mqtt_flanks(build, 8 if quick else 25, (0.02, 0.1), 1, taken)
    return {"mqtt": mqtt_result(taken)}


def mqtt_sparse_latency(build, quick):
    """Several houses side by side, so that events which are rare in each are many enough for a p99."""
    taken, houses = [], 2 if quick else 4
    threads = [threading.Thread(target=mqtt_flanks, args=(build, 9 if quick else 45, (1.5, 1.6), i, taken)) for i in range(houses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken, "no house measured anything"
    return {"sparse": mqtt_result(taken)}


def gateway(build, quick):
    runner = build / "tests/integration/run_modbus"
    if not runner.exists():
        raise NotBuilt("tests/integration/run_modbus")
    out = subprocess.run(["/usr/bin/python3", ROOT / "tests/bench/bench_modbus_gateway", runner, "12" if quick else "45"],
                         capture_output=True, text=True, check=True)
    got = json.loads(out.stdout.splitlines()[-1])
    assert not got["unread_units"], got
    return {"gateway": dict(ours=got["p99_ms"], peer=got["nominal_ms"], value=got["p99_over_nominal"],
                            note=f"{got['periods']} periods, p50 {got['p50_ms']} ms, max {got['max_ms']} ms")}
