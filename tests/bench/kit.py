# SPDX-License-Identifier: Apache-2.0
"""What the rows share: a house with options of its own, CPU and memory of processes, the farm, a bare publisher, quantiles.

CPU is the scheduler's own count of nanoseconds (/proc/*/schedstat), the same ruler for ours and for every peer."""
import json
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from house import House, Stream, free_port, until  # noqa: E402,F401


class NotBuilt(Exception):
    """What the row measures does not exist in this tree yet."""


class NoPeer(Exception):
    """The peer's Debian package is not installed: the row cannot be measured here."""


def need_program(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        raise NoPeer(f"{name} is not installed")
    return path


def wait_s(seconds):
    threading.Event().wait(seconds)


def quantile(values, q):
    """The value that at most 1 - q of the values exceed; the greatest when there are too few to say."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def median(values):
    return statistics.median(values)


def cpu_s(pid):
    """Seconds on a core of all threads of a process that is alive."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e9


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def pss_mb(pid):
    """Proportional resident memory: what two processes share is counted once."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024


class BenchHouse(House):
    """A house without debug log, with profiles of the row's own and options of the dashboard that load tests need."""

    def __init__(self, build, site, profiles=(), dashboard_options=(), prepare=None, **more):
        self.profiles, self.dashboard_options, self.prepare = profiles, list(dashboard_options), prepare
        super().__init__(build, site, **more)

    def write_site(self):
        if self.profiles:
            self.site = dict(self.site, profile_path=["profiles"])
            (self.dir / "profiles").mkdir()
            for profile in self.profiles:
                (self.dir / "profiles" / (profile["profile"] + ".json")).write_text(json.dumps(profile))
        if self.prepare:
            self.prepare(self)
        super().write_site()

    def await_subscriptions(self):
        """Each row awaits what it measures."""

    def start(self, name, *command):
        command = [c for c in command if c != "--debug"]
        return super().start(name, *command, *(self.dashboard_options if name == "dashboard" else ()))

    def pids(self):
        """Collector and its pollers."""
        pid = self.processes["collector"].pid
        return [pid] + children(pid)

    def cpu_s(self):
        return sum(cpu_s(pid) for pid in self.pids())

    def cpu_over(self, seconds):
        """CPU seconds and wall seconds of a window."""
        before, begin = self.cpu_s(), time.monotonic()
        wait_s(seconds)
        return self.cpu_s() - before, time.monotonic() - begin

    def split(self):
        """CPU seconds so far, by part, for the note of a row."""
        pids = self.pids()
        parts = {"collector": cpu_s(pids[0]), "pollers": sum(cpu_s(pid) for pid in pids[1:])}
        if "dashboard" in self.processes:
            parts["dashboard"] = cpu_s(self.processes["dashboard"].pid)
        return parts


def site(links, devices, doors=(), zones=(), **more):
    base = {"site": {"id": "bench", "class": "test", "zone": "Asia/Tokyo", "title": {"ja": "計測", "en": "Bench"}},
            "log": {"checkpoint_s": 10, "checkpoint_records": 1000}, "zones": list(zones), "links": list(links), "devices": list(devices),
            "doors": list(doors)}
    base.update(more)
    return base


def modbus_profile(name, points, **modbus):
    base = {"address_base": 0, "function": 3, "max_registers": 125, "max_gap": 8, "timeout_ms": 300, "retries": 0, "late_reply_ms": 300}
    base.update(modbus)
    return {"profile": name, "kind": "meter", "protocol": "modbus", "title": {"ja": "計測", "en": "Bench"},
            "provenance": {"document": "written for the bench", "pages": "-", "status": "G", "note": ""}, "modbus": base, "points": points}


def mqtt_profile(name, points, qos):
    return {"profile": name, "kind": "environment", "protocol": "mqtt", "title": {"ja": "計測", "en": "Bench"},
            "provenance": {"document": "written for the bench", "pages": "-", "status": "G", "note": ""},
            "mqtt": {"topic": "{base}/state", "qos": qos, "expire_after_ms": 600000}, "points": points}


class Program:
    """A bench program that takes lines on stdin and answers with JSON lines on stdout."""

    def __init__(self, command, core=None):
        prefix = ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > 1 else []
        if not pathlib.Path(str(command[0])).exists():
            raise NotBuilt(f"{pathlib.Path(str(command[0])).name} is not built")
        self.process = subprocess.Popen(prefix + [str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.process.args} ended with {self.process.wait()}")
        return json.loads(line)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.say(line)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Farm(Program):
    """modbus_farm: every address 127.1.a.b on one port is a device of its own. `dead` per hundred never answer."""

    def __init__(self, build, dead_percent=0, core=None):
        self.port = free_port()
        super().__init__([build / "tests/bench/modbus_farm", self.port, dead_percent], core)
        assert self.answer()["ready"]

    @staticmethod
    def host(index):
        return f"127.1.{index // 250}.{index % 250 + 1}"

    def cycles_over(self, seconds):
        """Cycle statistics of the live devices over a window."""
        self.say("mark")
        self.answer()
        wait_s(seconds)
        return self.ask("report")


class Publisher:
    """A bare MQTT 3.1.1 publisher on one blocking socket: nothing between the moment it is asked and the send() of the packet."""

    def __init__(self, port, client="bench-publisher"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = client.encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
        self.socket.sendall(b"\x10" + self.length(len(body)) + body)
        answer = self.socket.recv(4)
        assert answer[:1] == b"\x20" and answer[3] == 0, answer

    @staticmethod
    def length(n):
        out = b""
        while True:
            n, byte = n >> 7, n & 0x7F
            out += bytes([byte | (0x80 if n else 0)])
            if not n:
                return out

    def publish(self, topic, text):
        """QoS 0; returns the wall time just before the packet left."""
        name, data = topic.encode(), text.encode()
        packet = b"\x30" + self.length(2 + len(name) + len(data)) + len(name).to_bytes(2, "big") + name + data
        at = time.time()
        self.socket.sendall(packet)
        return at

    def close(self):
        self.socket.close()


class AlarmWatch(Stream):
    """Waits for an alarm event of a source with active as wanted; says when it had arrived."""

    def arrival(self, source, active, after, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self.lock:
                events = self.events[-64:]
            for _, kind, data, at in events:
                if kind == "alarm" and data["source"] == source and data["active"] is active and at >= after:
                    return at
            wait_s(0.002)
        raise AssertionError(f"no alarm event of {source} with active {active} within {seconds} s")


def scratch():
    return tempfile.TemporaryDirectory(prefix="sekisho-bench-")


def chance(seed):
    return random.Random(seed)


def fill_log(build, state, count, kind):
    """Appends records to a log that nobody has open; {seconds, cpu_seconds} that it took. kind: years or month (bench_fill)."""
    program = build / "tests/bench/bench_fill"
    if not program.exists():
        raise NotBuilt("bench_fill is not built")
    out = subprocess.run([program, state, str(count), kind], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)
