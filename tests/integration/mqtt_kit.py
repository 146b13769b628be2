# SPDX-License-Identifier: Apache-2.0
"""What the MQTT tests share: a site file, the runner as a child process, and envelopes."""
import json
import os
import subprocess
import tempfile
import threading

from fake_broker import wait_for

PROBE = {
    "profile": "t-probe", "kind": "environment", "protocol": "mqtt", "title": {"ja": "試験", "en": "Test"},
    "provenance": {"document": "test", "pages": "-", "status": "G", "note": ""},
    "mqtt": {"topic": "{base}/state", "qos": 1, "expire_after_ms": 60000,
             "birth": {"topic": "{base}/status", "online": "online", "offline": "offline"}},
    "points": [{"name": "env.room.temperature", "path": "t", "time_path": "ts", "range": [-40, 90]},
               {"name": "device.battery", "path": "battery", "states": {"ok": "ok", "1": "low"}}],
}
CONTROLLER = {
    "profile": "t-door", "kind": "door_controller", "protocol": "mqtt", "title": {"ja": "試験", "en": "Test"},
    "provenance": {"document": "test", "pages": "-", "status": "G", "note": ""},
    "mqtt": {"topic": "{base}/state", "qos": 1, "event_topic": "{base}/ev"},
    "points": [{"name": "device.firmware", "path": "firmware"}],
}


def site_files(folder, port, **link):
    """Writes a site with one probe and one door controller; gives the path of its file."""
    broker = {"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": port, "simulated": True, "version": "auto",
              "keepalive_s": 30, "session_expiry_s": 7200}
    broker.update(link)
    site = {
        "site": {"id": "test", "class": "test", "zone": "Asia/Tokyo", "title": {"ja": "試験", "en": "Test"}},
        "profile_path": ["."],
        "zones": [{"id": "outside", "class": 0, "title": {"ja": "外", "en": "Out"}},
                  {"id": "server", "class": 3, "title": {"ja": "内", "en": "In"}}],
        "links": [broker],
        "devices": [{"id": "th1", "profile": "t-probe", "link": "broker", "topic": "demo/th1"},
                    {"id": "dc1", "profile": "t-door", "link": "broker", "topic": "demo/dc1"}],
        "doors": [{"id": "d1", "from": "outside", "to": "server", "controller": "dc1", "token": "D1",
                   "readers": [{"id": "r1", "direction": "entry"}]}],
    }
    for profile in (PROBE, CONTROLLER):
        with open(os.path.join(folder, profile["profile"] + ".json"), "w", encoding="utf-8") as out:
            json.dump(profile, out)
    path = os.path.join(folder, "site.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(site, out)
    return path


def envelope(seq, epoch=7, **data):
    body = {"Door": "D1", "Reader": "r1", "Card": "04a2b3c4"}
    body.update(data)
    return json.dumps({"v": 1, "epoch": epoch, "seq": str(seq), "t": "2026-11-20T12:00:00.000001Z", "mono": 5,
                       "topic": "tns1:AccessControl/AccessGranted/Credential", "data": body}).encode()


class Runner:
    """run_mqtt as a child; its lines are parsed as they come."""

    def __init__(self, program, site, kind):
        self.child = subprocess.Popen([program, site, "broker", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, encoding="utf-8", errors="replace", bufsize=1)
        self.lines, self.errors = [], []
        self.threads = [threading.Thread(target=self.read_lines, daemon=True), threading.Thread(target=self.read_errors, daemon=True)]
        for thread in self.threads:
            thread.start()

    def read_lines(self):
        for line in self.child.stdout:
            self.lines.append(json.loads(line))

    def read_errors(self):
        for line in self.child.stderr:
            self.errors.append(line)

    def order(self, word):
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()

    def all(self, **wanted):
        return [line for line in list(self.lines) if isinstance(line, dict) and all(line.get(k) == v for k, v in wanted.items())]

    def wait(self, count=1, **wanted):
        def check():
            if self.child.poll() is not None and len(self.all(**wanted)) < count:
                raise AssertionError("the runner ended: %s %s" % (self.child.returncode, "".join(self.errors)))
            found = self.all(**wanted)
            return found if len(found) >= count else None
        return wait_for("%d x %r" % (count, wanted), check)

    def stop(self):
        """Ends it in order; gives its status."""
        try:
            self.order("stop")
        except (BrokenPipeError, ValueError):
            pass
        status = self.child.wait(timeout=30)
        for thread in self.threads:
            thread.join(timeout=10)
        if status != 0:
            raise AssertionError("the runner failed: %d\n%s" % (status, "".join(self.errors)))

    def kill(self):
        self.child.kill()
        self.child.wait(timeout=30)


class Bench:
    """One test: a folder that goes away, and children that end with it."""

    def __init__(self, program):
        self.program, self.runners = program, []
        self.folder = tempfile.TemporaryDirectory(prefix="sk-mqtt-")

    def run(self, site, kind):
        runner = Runner(self.program, site, kind)
        self.runners.append(runner)
        return runner

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for runner in self.runners:
            if runner.child.poll() is None:
                runner.kill()
        if value is not None:
            for runner in self.runners:
                print("--- runner:", *runner.lines[-15:], *runner.errors[-40:], sep="\n")
        self.folder.cleanup()
