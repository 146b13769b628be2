# SPDX-License-Identifier: Apache-2.0
"""A stranger's device: python3-pymodbus over TCP (two units, IPv4 and IPv6) and as an RTU slave behind a pty pair; values checked."""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
from modbus_kit import DEADLINE_S, Run, profile_of, site_of  # noqa: E402

POINTS = [
    {"name": "battery.charge", "address": 0, "type": "u16", "pow2": 9},
    {"name": "battery.temperature", "address": 1, "type": "s16", "scale": 0.1},
    {"name": "battery.1.voltage", "address": 2, "type": "u32"},
    {"name": "battery.2.voltage", "address": 4, "type": "s32"},
    {"name": "input.voltage", "address": 6, "type": "f32"},
    {"name": "battery.3.voltage", "address": 8, "type": "u64"},
    {"name": "battery.4.voltage", "address": 12, "type": "f64"},
    {"name": "device.model", "address": 16, "type": "string", "count": 5},
    {"name": "battery.5.voltage", "address": 21, "type": "u16",
     "sentinels": [{"raw": "0xFFFF", "quality": "not_connected", "reason": "sentinel"}]},
    {"name": "device.power", "address": 22, "type": "u16", "states": {"1": "ok", "2": "fault"}},
    {"name": "device.tamper", "address": 23, "type": "bits16", "bit": 3, "states": {"0": "normal", "1": "tamper"}},
    {"name": "input.frequency", "address": 24, "type": "f32", "order": "CDAB"},
    {"name": "breaker.state", "function": 2, "address": 2, "type": "bit", "states": {"0": "open", "1": "closed"}},
    {"name": "input.current", "function": 4, "address": 1, "type": "u16", "scale": 0.01},
    {"name": "battery.6.voltage", "address": 400, "type": "u16"},
]


def expected(offset):
    good = "good"
    return {
        "battery.charge": (100, good), "battery.temperature": ((-125 + offset) / 10, good),
        "battery.1.voltage": (3000000000, good), "battery.2.voltage": (-70000, good), "input.voltage": (230.5, good),
        "battery.3.voltage": (1234567890123, good), "battery.4.voltage": (-0.125, good), "device.model": ("Sekisho-1", good),
        "battery.5.voltage": (0, "not_connected"), "device.power": (1, good), "device.tamper": (1, good),
        "input.frequency": (49.98, good), "breaker.state": (1, good), "input.current": (43.21, good),
        "battery.6.voltage": (0, "config_error"),  # the server has no such register
    }


def check(run, device, offset):
    for name, (value, quality) in expected(offset).items():
        point = "%s/%s" % (device, name)
        run.until(lambda l: l.get("point") == point, point)
        line = run.of(point)[-1]
        assert line["quality"] == quality, line
        if isinstance(value, str):
            assert line["value"] == value, line
        else:
            assert abs(line["value"] - value) <= 1e-5 * max(1, abs(value)), (line, value)


class Server:
    def __init__(self, *arguments):
        command = [sys.executable, os.path.join(HERE, "pymodbus_server.py")] + list(arguments)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", "pymodbus does not serve: %r" % (arguments,)

    def close(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


def free_port(family, host):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def devices(units):
    return [{"id": "u%d" % u, "profile": "stranger", "link": "l1", "unit": u, "period_ms": 500} for u in units]


def profile():
    return profile_of("stranger", POINTS, {"timeout_ms": 1000, "max_gap": 4, "between_requests_ms": 5})


def tcp(runner, family, host):
    port = free_port(family, host)
    server = Server("tcp", host, str(port))
    site = site_of({"protocol": "modbus-tcp", "host": host, "port": port}, devices((1, 2)))
    run = Run(runner, site, [profile()])
    check(run, "u1", 0)
    check(run, "u2", 7)
    run.stop()
    server.close()


def rtu(runner):
    with tempfile.TemporaryDirectory() as directory:
        ends = [os.path.join(directory, name) for name in ("ours", "theirs")]
        socat = subprocess.Popen(["socat"] + ["pty,raw,echo=0,link=" + end for end in ends])
        deadline = time.monotonic() + DEADLINE_S
        while not all(os.path.exists(end) for end in ends):
            assert time.monotonic() < deadline, "socat made no terminals"
            threading.Event().wait(0.01)
        server = Server("rtu", ends[1])
        link = {"protocol": "modbus-rtu", "serial": ends[0], "baud": 19200, "parity": "N", "data_bits": 8, "stop_bits": 1}
        run = Run(runner, site_of(link, devices((1,))), [profile()])
        check(run, "u1", 0)
        assert run.of("u1/battery.charge")[-1]["value"] == 100
        run.stop()
        server.close()
        socat.terminate()
        socat.wait(DEADLINE_S)


def main():
    runner = sys.argv[1]
    tcp(runner, socket.AF_INET, "127.0.0.1")
    print("ok tcp", flush=True)
    tcp(runner, socket.AF_INET6, "::1")
    print("ok tcp, IPv6", flush=True)
    rtu(runner)
    print("ok rtu", flush=True)


if __name__ == "__main__":
    main()
