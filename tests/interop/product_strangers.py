#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole product with devices that others wrote, seen as a user sees them: python3-pymodbus over TCP and as an RTU slave behind a
socat pty pair, read with a profile that lies beside the site file; mosquitto_pub as a probe and as a door controller. Values, units
and qualities are those of GET /points/{device}/{point}; passages those of GET /entries. Usage: product_strangers.py BUILD_DIR"""
import json
import pathlib
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from house import House, door_site, envelope, until  # noqa: E402
from modbus_pymodbus import Server, devices, free_port, profile  # noqa: E402

# name: value, unit (UCUM), quality as the API shows them; the registers are those of pymodbus_server.py
SEEN = {
    "battery.charge": (100, "%", "good"),
    "battery.temperature": (-12.5, "Cel", "good"),
    "battery.1.voltage": (3000000000, "V", "good"),
    "battery.2.voltage": (-70000, "V", "good"),
    "battery.3.voltage": (1234567890123, "V", "good"),
    "battery.4.voltage": (-0.125, "V", "good"),
    "input.voltage": (230.5, "V", "good"),
    "input.frequency": (49.98, "Hz", "good"),
    "input.current": (43.21, "A", "good"),
    "device.model": ("Sekisho-1", "", "good"),
    "device.power": ("fault", "", "good"),
    "device.tamper": ("tamper", "", "good"),
    "breaker.state": ("closed", "", "good"),
    "battery.5.voltage": (None, "V", "not_connected"),  # the register holds the profile's sentinel
    "battery.6.voltage": (None, "V", "config_error"),   # the server has no such register
}


class Terminals:
    """Two ends of one serial line."""

    def __init__(self, directory):
        self.ours, self.theirs = directory / "tty-ours", directory / "tty-theirs"
        self.process = subprocess.Popen(["socat"] + [f"pty,raw,echo=0,link={end}" for end in (self.ours, self.theirs)])
        until("socat makes two terminals", lambda: self.ours.exists() and self.theirs.exists())

    def close(self):
        self.process.terminate()
        self.process.wait(20)


class StrangersHouse(House):
    """A house whose site names a gateway, a serial bus and a broker, and whose profile lies beside the site file."""

    def __init__(self, build):
        super().__init__(build, None)
        self.terminals = Terminals(self.dir)
        self.modbus_port = free_port(socket.AF_INET, "127.0.0.1")
        self.servers = []

    def write_site(self):
        (self.dir / "mine").mkdir()
        (self.dir / "mine/stranger.json").write_text(json.dumps(profile()))
        site = door_site(profile_path=["mine"])
        site["links"] += [{"id": "l1", "protocol": "modbus-tcp", "host": "127.0.0.1", "port": self.modbus_port},
                          {"id": "bus", "protocol": "modbus-rtu", "serial": str(self.terminals.ours), "baud": 19200, "parity": "N",
                           "data_bits": 8, "stop_bits": 1}]
        serial = dict(devices((1,))[0], id="serial1", link="bus")
        site["devices"] += devices((1, 2)) + [serial, {"id": "th1", "profile": "generic-th-mqtt", "link": "broker", "topic": "t/th1"}]
        self.site = site
        super().write_site()

    def start_broker(self):
        super().start_broker()
        self.publish("t/th1/state", '{"t":20.5}', "-r")  # before anybody of ours listens
        self.servers = [Server("tcp", "127.0.0.1", str(self.modbus_port)), Server("rtu", str(self.terminals.theirs))]

    def __exit__(self, *what):
        for server in self.servers:
            server.close()
        self.terminals.close()
        super().__exit__(*what)

    def publish(self, topic, text, *options):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.mqtt_port), "-q", "1", "-t", topic, "-m", text, *options],
                       check=True, timeout=30)

    def point(self, point):
        status, answer = self.get(f"/api/v1/points/{point}", "viewer")
        assert status == 200, (point, status, answer)
        return answer

    def entries(self):
        return self.all_items("/api/v1/entries?limit=1000", "auditor")

    def records(self, event, device):
        """Newest first."""
        return [r for r in self.all_items("/api/v1/records?limit=1000", "auditor") if r["event"] == event and r["body"].get("device") == device]


def same(value, wanted):
    if isinstance(wanted, (int, float)) and isinstance(value, (int, float)):
        return abs(value - wanted) <= 1e-5 * max(1, abs(wanted))
    return value == wanted


def check_registers(house, device, shift):
    for name, (value, unit, quality) in SEEN.items():
        wanted = value + shift / 10 if name == "battery.temperature" else value
        point = until(f"{device}/{name} was read", lambda: read_once(house, f"{device}/{name}"))
        assert (point["unit"], point["quality"]) == (unit, quality) and same(point["value"], wanted), (wanted, unit, quality, point)
        assert point["received"] and not point["stale"] and not point["simulated"], point


def read_once(house, name):
    point = house.point(name)
    return point if point["quality"] not in ("waiting_for_data", "comm_no_value") else None


def check_recovers(house):
    """The stranger's server goes and comes back on the same port: the value stays, the quality says how good it is."""
    house.servers[0].close()
    lost = until("the quality turns bad", lambda: bad_point(house, "u1/battery.charge"))
    assert lost["value"] == 100, ("the last value stays", lost)
    house.servers[0] = Server("tcp", "127.0.0.1", str(house.modbus_port))
    until("it is good again", lambda: house.point("u1/battery.charge")["quality"] == "good", 60)
    assert house.point("serial1/battery.charge")["quality"] == "good", "the other link never noticed"


def bad_point(house, name):
    point = house.point(name)
    return point if point["quality"] != "good" else None


def check_probe(house):
    """A value that was retained is uncertain until a live one comes; a payload that nobody understands keeps the last value."""
    kept = until("the retained value", lambda: read_once(house, "th1/env.room.temperature"))
    assert (kept["value"], kept["unit"], kept["quality"]) == (20.5, "Cel", "last_usable_value"), kept
    until("a live value is good", lambda: (house.publish("t/th1/state", '{"t":21.5,"battery":"ok"}'),
                                           house.point("th1/env.room.temperature"))[1]["quality"] == "good")
    assert house.point("th1/env.room.temperature")["value"] == 21.5
    assert house.point("th1/device.battery")["value"] == "ok"
    before = house.point("link.broker/mqtt.malformed")["value"] or 0
    house.publish("t/th1/state", "{not json")
    until("it is counted", lambda: (house.point("link.broker/mqtt.malformed")["value"] or 0) > before)
    assert house.point("th1/env.room.temperature")["value"] == 21.5
    until("it is in the log", lambda: house.records("ctrl.malformed", "th1"))


def entry_of(house, **wanted):
    return next((e for e in house.entries() if all(e.get(key) == value for key, value in wanted.items())), None)


def check_door(house):
    topic = "t/ctrl/dc1/ev"
    until("the door session is subscribed", lambda: (house.publish(topic, envelope(20, 1)), entry_of(house, epoch="20"))[1])
    house.publish(topic, envelope(21, 1, topic="tns1:AccessControl/Denied/Credential", Reason="Unauthorized"))
    denied = until("a denial with epoch and sequence", lambda: entry_of(house, epoch="21", ctrl_seq="1"))
    assert (denied["event"], denied["door"], denied["zone"], denied["controller"]) == ("acc.denied", "d1", "server", "dc1"), denied
    assert denied["controller_decision"] == "denied" and denied["our_decision"] == "unknown" and denied["online"] and not denied["simulated"]
    body = denied["body"]
    assert (body["reader"], body["direction"], body["controller_reason"], body["factors_claimed"]) == ("r1", "entry", "Unauthorized", ["pt:Card"]), body
    for field in ("t_ctrl", "skew_us", "identifier_hmac", "controller_mono_ms"):
        assert field in body, (field, body)

    bare = json.loads(envelope(0, 0))
    del bare["epoch"], bare["seq"]
    count = len(house.entries())
    house.publish(topic, json.dumps(bare))
    plain = until("an event without numbers", lambda: next((e for e in house.entries()[:-count] if e["event"] == "acc.granted"), None))
    assert plain["door"] == "d1" and plain["epoch"] in (None, "0") and plain["controller_decision"] == "granted", plain

    house.publish(topic, envelope(21, 2, topic="tns1:Vendor/SelfTest", Battery="weak"))
    unknown = until("an event of a topic nobody knows", lambda: entry_of(house, epoch="21", ctrl_seq="2"))
    assert unknown["event"] == "native.unknown" and unknown["body"]["topic"] == "tns1:…15", unknown
    kept = verbatim(unknown["body"]["native"])
    assert '"topic":"tns1:…15"' in kept and '"…7":"…4"' in kept and "weak" not in kept, kept
    return topic


def verbatim(native):
    """Bytes are shown as hex."""
    return bytes.fromhex(native).decode()


def counted(records, count):
    return records if len(records) == count else None


def check_malformed(house, topic):
    rows = {"no JSON": ('{"v":1,"epoch":', '{"length":15}'), "another version": ('{"v":9,"epoch":21,"seq":"3"}',) * 2,
            "half a number": ('{"v":1,"epoch":21}',) * 2}
    for count, (name, (text, kept)) in enumerate(rows.items(), 1):
        house.publish(topic, text)
        records = until(f"{name} is a record", lambda: counted(house.records("ctrl.malformed", "dc1"), count))
        newest = records[0]
        assert newest["class"] == "system" and newest["body"]["device"] == "dc1", newest
        assert verbatim(newest["body"]["native"]) == kept and "expected" in newest["body"]["detail"], newest
    house.publish(topic, envelope(21, 3))
    assert until("the next good event passes", lambda: entry_of(house, epoch="21", ctrl_seq="3"))["event"] == "acc.granted"
    gaps = [r for r in house.all_items("/api/v1/records?limit=1000", "auditor") if r["event"] == "ctrl.gap"]
    assert not gaps, ("what could not be read took no number", gaps)


def check_nothing_leaks(house):
    text = json.dumps(house.all_items("/api/v1/records?limit=1000", "auditor"))
    assert "04a1b2c3d4" not in text.lower(), "a card's number is in no record as it was read"


def main():
    build = sys.argv[1]
    with StrangersHouse(build) as house:
        for device, shift in (("u1", 0), ("u2", 7), ("serial1", 0)):
            check_registers(house, device, shift)
            print(f"ok {device}: {len(SEEN)} points of a stranger's registers", flush=True)
        assert house.point("link.bus/link.crc_errors")["value"] == 0 and house.point("link.bus/link.state")["value"] == "up"
        check_probe(house)
        print("ok a probe by mosquitto_pub", flush=True)
        check_malformed(house, check_door(house))
        check_nothing_leaks(house)
        print("ok door events by mosquitto_pub: with and without numbers, unknown, malformed", flush=True)
        check_recovers(house)
        assert house.stop("collector") == 0, "the collector ended badly"
        print("ok a server that went and came back")


if __name__ == "__main__":
    main()
