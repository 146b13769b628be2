# SPDX-License-Identifier: Apache-2.0
"""The event ring of a Modbus door controller: every event once and in order, through wrap-around, a restart of the reader, an
overtaken cursor, a new epoch and an entry that breaks the layout."""
import struct
import sys
import threading

from modbus_faults import Server
from modbus_kit import Run, profile_of, site_of

ENTRIES, WORDS, BASE, RING = 8, 24, 0, 100


class Controller:
    """Registers of a ring, written as README.md of drivers/modbus lays them out."""

    def __init__(self):
        self.lock = threading.Lock()
        self.epoch, self.head, self.tail = 7, 0, 0
        self.ring = [0] * (ENTRIES * WORDS)

    def put(self, event=0x0101, door=1, reader=1, credential=b"", decision=1, state=0, millis=250, length=None):
        with self.lock:
            seq = self.head
            entry = struct.pack(">QIHHHHHHHH", seq, 1700000000 + seq, millis, event, 0, door, reader, decision << 8 | state, 1,
                                len(credential) if length is None else length) + credential.ljust(16, b"\0") + b"\0" * 4
            at = seq % ENTRIES * WORDS
            self.ring[at:at + WORDS] = struct.unpack(">24H", entry)
            self.head += 1
            self.tail = max(self.tail, self.head - ENTRIES)

    def new_epoch(self, epoch):
        with self.lock:
            self.epoch, self.head, self.tail = epoch, 0, 0

    def register(self, address):
        words = struct.unpack(">6H", struct.pack(">III", self.epoch, self.head, self.tail))
        if BASE <= address < BASE + 6:
            return words[address - BASE]
        if RING <= address < RING + len(self.ring):
            return self.ring[address - RING]
        return 0


def site_for(port):
    doors = [{"id": "d1", "from": "out", "to": "in", "controller": "dc1", "address": 1,
              "readers": [{"id": "r1", "direction": "entry", "address": 1}, {"id": "r2", "direction": "exit", "address": 2}]}]
    zones = [{"id": "out", "class": 0}, {"id": "in", "class": 3}]
    device = {"id": "dc1", "profile": "dc", "link": "l1", "unit": 1, "period_ms": 200}
    return site_of({"protocol": "modbus-tcp", "host": "127.0.0.1", "port": port, "timeout_ms": 1000}, [device], doors, zones)


def profile():
    return profile_of("dc", [], {}, kind="door_controller",
                      ring={"function": 3, "epoch": BASE, "head": BASE + 2, "tail": BASE + 4, "ring": RING, "entries": ENTRIES,
                            "entry_words": WORDS})


def serve(controller):
    def fault(request):
        _, unit, function, address, count = request

        def act(connection, frame, server):
            with controller.lock:
                words = [controller.register(address + i) for i in range(count)]
            connection.sendall(frame[:9] + struct.pack(">%dH" % count, *words))
        return act
    return Server(fault)


def expect(run, epoch, seq):
    line = run.until(lambda l: "event" in l or "malformed" in l, "event %d of epoch %d" % (seq, epoch))
    assert "event" in line and (line["epoch"], line["seq"]) == (epoch, str(seq)), line
    return line


def main():
    runner, controller = sys.argv[1], Controller()
    server = serve(controller)
    controller.put(credential=b"\x04\xa1\xb2\xc3\xd4")
    controller.put(event=0x0204, decision=0, state=1, reader=0xFFFF)
    run = Run(runner, site_for(server.port), [profile()], events=True)
    first = expect(run, 7, 0)
    assert first["event"] == "acc.granted" and first["door"] == "d1" and first["reader"] == 0, first
    assert first["credential"] == "04a1b2c3d4" and first["decision"] == 1 and first["factors"] == 1, first
    assert first["t_ctrl_us"] == 1700000000250000 and first["duplicate"] is True, first
    second = expect(run, 7, 1)
    assert second["event"] == "door.phys" and second["state"] == 1 and second["reader"] == -1, second
    for seq in range(2, 30):  # more than three times round
        controller.put(reader=2)
        line = expect(run, 7, seq)
        assert line["reader"] == 1 and line["duplicate"] is False, line
    controller.put(event=0x7777, door=99)
    unknown = expect(run, 7, 30)
    assert unknown["event"] == "native.unknown" and unknown["door"] == "", unknown
    controller.put(length=17)
    controller.put()
    run.until(lambda l: l.get("malformed") == "ring entry 31", "the malformed entry")
    expect(run, 7, 32)
    run.stop()

    for _ in range(20):  # far past the ring while nobody reads: the reader begins at the tail
        controller.put()
    run = Run(runner, site_for(server.port), [profile()], events=True)
    for seq in range(45, 53):
        assert expect(run, 7, seq)["duplicate"] is True
    controller.new_epoch(8)
    controller.put()
    expect(run, 8, 0)
    run.stop()
    server.close()
    assert server.functions == {3}
    print("ok")


if __name__ == "__main__":
    main()
