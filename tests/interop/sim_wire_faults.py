#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each fault of the wire does on the socket what its name says, once when counted, and the connection is well afterwards."""
import os
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_support import Bench  # noqa: E402


class Wire:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.tid = 0

    def ask(self, unit=6, pdu=bytes([4, 0, 100, 0, 2])):
        self.tid += 1
        self.socket.sendall(struct.pack(">HHHB", self.tid, 0, len(pdu) + 1, unit) + pdu)

    def take(self, count, seconds=10.0):
        self.socket.settimeout(seconds)
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                return data
            data += more
        return data

    def answer(self, seconds=10.0):
        head = self.take(7, seconds)
        if len(head) < 7:
            return None
        tid, protocol, length, unit = struct.unpack(">HHHB", head)
        return tid, unit, self.take(length - 1, seconds)

    def silent(self, seconds=0.3):
        try:
            self.take(1, seconds)
        except socket.timeout:
            return True
        return False


def well(wire):
    wire.ask()
    tid, unit, pdu = wire.answer()
    assert (tid, unit, pdu[0], pdu[1]) == (wire.tid, 6, 4, 4), (tid, unit, pdu)
    return pdu


def fail(bench, fault, **more):
    bench.post("/devices/meter1", {"fault": fault, "count": 1, **more})


def main():
    simulator, root = sys.argv[1:3]
    with Bench(simulator, root, broker=False) as bench:
        wire = Wire(bench.modbus_port)
        well(wire)
        for fault in ("dead", "drop"):
            fail(bench, fault)
            wire.ask()
            assert wire.silent(), fault
            well(wire)
        fail(bench, "delay", ms=400)
        start = time.monotonic()
        wire.ask()
        tid, _, _ = wire.answer()
        assert tid == wire.tid and time.monotonic() - start >= 0.4
        fail(bench, "wrong_tid")
        wire.ask()
        assert wire.answer()[0] != wire.tid
        fail(bench, "wrong_unit")
        wire.ask()
        assert wire.answer()[1] != 6
        fail(bench, "exception", code=6)
        wire.ask()
        assert wire.answer()[2] == bytes([0x84, 6])
        well(wire)
        fail(bench, "torn", ms=300)
        wire.ask()
        first = wire.socket.recv(100)
        assert 0 < len(first) < 13, first
        assert len(first + wire.take(13 - len(first))) == 13
        fail(bench, "slow", ms=5)
        wire.ask()
        assert len(wire.socket.recv(100)) < 13
        wire.socket.close()
        wire = Wire(bench.modbus_port)
        fail(bench, "garbage")
        wire.ask()
        assert wire.take(13)[2:4] != b"\0\0"
        fail(bench, "close")
        wire.ask()
        assert wire.take(1) == b"", "connection should have been closed"
        wire = Wire(bench.modbus_port)
        well(wire)
        # what is no Modbus is closed, and others are not hurt
        rude = Wire(bench.modbus_port)
        rude.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert rude.take(1) == b""
        # requests in one segment and one request in single bytes
        wire.socket.sendall(b"".join(struct.pack(">HHHB", n, 0, 6, 6) + bytes([4, 0, 100, 0, 1]) for n in (901, 902, 903)))
        assert [wire.answer()[0] for _ in range(3)] == [901, 902, 903]
        for byte in struct.pack(">HHHB", 904, 0, 6, 6) + bytes([4, 0, 100, 0, 1]):
            wire.socket.sendall(bytes([byte]))
        assert wire.answer()[0] == 904
        # a whole link
        bench.post("/links/gw1", {"fault": "dead"})
        wire.ask()
        assert wire.silent()
        bench.post("/links/gw1", {"fault": "none"})
        well(wire)
        bench.ended_well()
    print("every fault of the wire shows, and goes")


if __name__ == "__main__":
    main()
