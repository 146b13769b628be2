#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mbpoll (libmodbus, not ours) reads the simulator over TCP and, through a socat pty pair, over RTU."""
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_support import Bench, profile_point, until  # noqa: E402

MBPOLL_TABLE = {1: "0", 2: "1", 3: "4", 4: "3"}


def mbpoll(target, unit, function, address, count):
    command = ["mbpoll", "-0", "-1", "-q", "-o", "2", "-a", str(unit), "-t", MBPOLL_TABLE[function], "-r", str(address),
               "-c", str(count), *target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    values = [int(v) for v in re.findall(r"^\[\d+\]:\s+(-?\d+)", done.stdout, re.M)]
    return values, done.stdout + done.stderr


def check_tcp(bench, root):
    target = ["-m", "tcp", "-p", str(bench.modbus_port), "127.0.0.1"]
    function, address, scale, _ = profile_point(root, "generic-ups", "battery.charge")
    for wanted in (12.0, 88.0):
        bench.post("/points", {"id": "ups1/battery.charge", "value": wanted})
        values, said = mbpoll(target, 1, function, address, 1)
        assert len(values) == 1 and abs(values[0] * scale - wanted) < 1e-6, (wanted, values, said)
    values, said = mbpoll(target, 2, function, address, 1)
    assert values and abs(values[0] * scale - 100.0) < 1e-6, said  # the other unit is its own
    function, address, _, _ = profile_point(root, "generic-meter", "meter.frequency")
    values, said = mbpoll(target, 6, function, address, 2)
    hertz = struct.unpack(">f", struct.pack(">HH", *[v & 0xFFFF for v in values]))[0]
    assert 49.5 < hertz < 50.5, (hertz, said)
    values, said = mbpoll(target, 1, 3, 60000, 1)
    assert not values and "Illegal data address" in said, said
    values, said = mbpoll(target, 99, 3, 0, 1)
    assert not values and ("Target device failed to respond" in said or "Gateway" in said or "target" in said.lower()), said


def check_bits(bench, root):
    function, address, _, _ = profile_point(root, "generic-contact-io", "contact.2.state")
    target = ["-m", "tcp", "-p", str(bench.modbus_port), "127.0.0.2"]
    bench.post("/points", {"id": "io1/contact.2.state", "value": "alarm"})
    values, said = mbpoll(target, 41, function, address, 1)
    assert values == [1], said


def check_rtu(simulator, root):
    directory_bench = Bench(simulator, root, broker=False)
    ours = os.path.join(directory_bench.directory, "a")
    theirs = os.path.join(directory_bench.directory, "b")
    socat = subprocess.Popen(["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"],
                             stderr=subprocess.DEVNULL)
    try:
        until("pty pair", lambda: os.path.exists(ours) and os.path.exists(theirs))
        directory_bench.site_text = """{"site": {"id": "rtu", "class": "test", "zone": "UTC"},
          "links": [{"id": "bus", "protocol": "modbus-rtu", "serial": "%s", "baud": 19200, "parity": "N", "simulated": true}],
          "devices": [{"id": "ups1", "profile": "generic-ups", "link": "bus", "unit": 7}]}""" % ours
        with directory_bench as bench:
            function, address, scale, _ = profile_point(root, "generic-ups", "battery.charge")
            target = ["-m", "rtu", "-b", "19200", "-P", "none", theirs]
            bench.post("/points", {"id": "ups1/battery.charge", "value": 41})
            values, said = mbpoll(target, 7, function, address, 1)
            assert values and abs(values[0] * scale - 41) < 1e-6, said
            bench.post("/devices/ups1", {"fault": "bad_crc", "count": 1})
            values, said = mbpoll(target, 7, function, address, 1)
            assert not values, "a bad checksum was believed: " + said
            values, said = mbpoll(target, 7, function, address, 1)
            assert values, said
            values, said = mbpoll(target, 8, function, address, 1)
            assert not values, "another unit of the bus answered: " + said
            bench.ended_well()
    finally:
        socat.terminate()
        socat.wait(timeout=10)


def main():
    simulator, root = sys.argv[1:3]
    with Bench(simulator, root) as bench:
        check_tcp(bench, root)
        check_bits(bench, root)
        bench.ended_well()
    check_rtu(simulator, root)
    print("mbpoll reads what the plant says, over TCP and RTU")


if __name__ == "__main__":
    main()
