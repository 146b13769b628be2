# SPDX-License-Identifier: Apache-2.0
"""What the Modbus black-box tests share: a site file, the driver's runner, and frames written from the specification.

The frames are built here from the Modbus documents, never with the code under test.
"""
import json
import os
import queue
import struct
import subprocess
import tempfile
import threading
import time

DEADLINE_S = 60


class Run:
    """run_modbus on one link; its lines as dictionaries."""

    def __init__(self, runner, site, profiles, link="l1", events=False):
        self.directory = tempfile.TemporaryDirectory()
        root = self.directory.name
        os.mkdir(os.path.join(root, "profiles"))
        for profile in profiles:
            with open(os.path.join(root, "profiles", profile["profile"] + ".json"), "w") as file:
                json.dump(profile, file)
        self.site = os.path.join(root, "site.json")
        with open(self.site, "w") as file:
            json.dump(site, file)
        command = [runner, self.site, link] + (["--events"] if events else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def until(self, condition, what):
        """Collects lines until condition(line) is true; returns that line."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError("never seen: " + what)
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                continue
            if line is None:
                raise AssertionError("the runner ended while waiting for: " + what)
            self.seen.append(line)
            if condition(line):
                return line

    def of(self, point):
        return [line for line in self.seen if line.get("point") == point]

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(DEADLINE_S)
        self.reader.join(DEADLINE_S)
        while True:
            line = self.lines.get_nowait() if not self.lines.empty() else None
            if line is None:
                break
            self.seen.append(line)
        self.directory.cleanup()
        assert status == 0, "the runner ended with status %d" % status


def site_of(link, devices, doors=(), zones=()):
    return {"site": {"id": "t", "class": "test", "zone": "Asia/Tokyo", "title": {"ja": "試験", "en": "Test"}},
            "profile_path": ["profiles"], "zones": list(zones), "links": [dict({"id": "l1"}, **link)],
            "devices": devices, "doors": list(doors)}


def profile_of(name, points, modbus=None, **more):
    base = {"address_base": 0, "function": 3, "max_registers": 125, "max_gap": 8, "timeout_ms": 200, "retries": 0,
            "late_reply_ms": 300}
    base.update(modbus or {})
    return dict({"profile": name, "kind": "meter", "protocol": "modbus", "title": {"ja": "試験", "en": "Test"},
                 "provenance": {"document": "written for this test", "pages": "-", "status": "G", "note": ""},
                 "modbus": base, "points": points}, **more)


def crc16(data):
    """Modbus over Serial Line V1.02, 6.2.2."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def reply_pdu(function, address, count, register):
    """The answer to a read; register(address) gives the value of each register or bit."""
    if function in (1, 2):
        data = bytearray((count + 7) // 8)
        for i in range(count):
            data[i // 8] |= (register(address + i) & 1) << (i % 8)
    else:
        data = b"".join(struct.pack(">H", register(address + i) & 0xFFFF) for i in range(count))
    return bytes([function, len(data)]) + bytes(data)
