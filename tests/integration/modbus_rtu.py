# SPDX-License-Identifier: Apache-2.0
"""Modbus RTU over a pty pair: values, a damaged checksum, a foreign unit, and a late reply that must not shift anything.

The slave is written from Modbus over Serial Line V1.02; socat makes the pair of terminals.
"""
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty

from modbus_kit import DEADLINE_S, Run, crc16, profile_of, reply_pdu, site_of

TIMEOUT_MS, LATE_REPLY_MS = 300, 600
COLUMNS = (0, 1, 100, 101)


def value_of(unit, address):
    return unit * 1000 + address


class Slave:
    """Answers on one end of the pair; fault(function, address) may return a function of the frame -> list of (wait_s, bytes)."""

    def __init__(self, directory, fault):
        ends = [os.path.join(directory, name) for name in ("ours", "theirs")]
        self.socat = subprocess.Popen(["socat"] + ["pty,raw,echo=0,link=" + end for end in ends])
        deadline = time.monotonic() + DEADLINE_S
        while not all(os.path.exists(end) for end in ends):
            if time.monotonic() > deadline:
                raise AssertionError("socat made no terminals")
            self.socat.poll()
            threading.Event().wait(0.01)
        self.path = ends[0]
        self.fd = os.open(ends[1], os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.fault, self.requests, self.ended = fault, 0, threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        data = b""
        while not self.ended.is_set():
            try:
                more = os.read(self.fd, 256)
            except OSError:
                return
            data += more
            while len(data) >= 8:
                frame, data = data[:8], data[8:]
                if crc16(frame[:6]) == frame[6:]:
                    self.answer(*struct.unpack(">BBHH", frame[:6]))

    def answer(self, unit, function, address, count):
        pdu = bytes([unit]) + reply_pdu(function, address, count, lambda a: value_of(unit, a))
        frame = pdu + crc16(pdu)
        self.requests += 1
        act = self.fault(function, address)
        for wait_s, piece in act(frame) if act else [(0, frame)]:
            self.ended.wait(wait_s)
            os.write(self.fd, piece)

    def close(self):
        self.ended.set()
        self.socat.terminate()
        self.socat.wait(DEADLINE_S)
        os.close(self.fd)


def run_row(runner, name, act, lost, reason, crc_errors, retries=0):
    seen = {"second": 0}

    def fault(function, address):
        if function != 3 or address < 100:
            return None
        seen["second"] += 1
        return act if seen["second"] == 3 else None
    with tempfile.TemporaryDirectory() as directory:
        slave = Slave(directory, fault)
        link = {"protocol": "modbus-rtu", "serial": slave.path, "baud": 19200, "parity": "E", "data_bits": 8, "stop_bits": 1,
                "timeout_ms": TIMEOUT_MS}
        device = {"id": "u1", "profile": "p", "link": "l1", "unit": 1, "period_ms": 500}
        points = [{"name": "battery.%d.voltage" % (a + 1), "address": a, "type": "u16"} for a in COLUMNS]
        points += [{"name": "breaker.state", "function": 2, "address": 101, "type": "bit",
                    "states": {"0": "open", "1": "closed"}}]
        modbus = {"timeout_ms": TIMEOUT_MS, "late_reply_ms": LATE_REPLY_MS, "retries": retries, "between_requests_ms": 5}
        run = Run(runner, site_of(link, [device]), [profile_of("p", points, modbus)])
        left = [7]

        def good(line):
            left[0] -= line.get("point") == "u1/battery.101.voltage" and line["quality"] == "good"
            return left[0] == 0
        run.until(good, name + ": seven good reads")
        run.until(lambda l: l.get("point") == "link.l1/link.crc_errors", "a health report")
        run.stop()
        slave.close()
    values = [l for l in run.seen if "battery." in l.get("point", "")]
    for line in values:
        if line["quality"] == "good":
            address = int(line["point"].split(".")[1]) - 1
            assert line["value"] == value_of(1, address), "%s: shifted: %r" % (name, line)
    bad = [l for l in values if l["quality"] != "good"]
    assert len(bad) == lost and all(l["reason"] == reason for l in bad), "%s: %r" % (name, bad)
    counted = run.of("link.l1/link.crc_errors")[-1]["value"]
    assert counted == crc_errors, "%s: %r CRC errors" % (name, counted)
    states = run.of("u1/breaker.state")
    assert states and all(l["quality"] == "good" for l in states)


def damage(frame):
    return [(0, frame[:4] + bytes([frame[4] ^ 1]) + frame[5:])]


def main():
    runner = sys.argv[1]
    late_s = (TIMEOUT_MS + LATE_REPLY_MS * 0.5) / 1000
    two = 2  # both points of the second block
    run_row(runner, "plain", None, 0, "", 0)
    run_row(runner, "damaged", damage, two, "crc", 1)
    run_row(runner, "damaged, asked again", damage, 0, "", 1, retries=1)
    run_row(runner, "late, below late_reply_ms", lambda f: [(late_s, f)], two, "timeout", 0)
    run_row(runner, "silent once", lambda f: [], two, "timeout", 0)
    run_row(runner, "another unit answers", lambda f: [(0, bytes([7]) + f[1:-2] + crc16(bytes([7]) + f[1:-2]))], two, "frame", 0)
    run_row(runner, "torn within the time-out", lambda f: [(0, f[:4]), (0.05, f[4:])], 0, "", 0)
    print("ok")


if __name__ == "__main__":
    main()
