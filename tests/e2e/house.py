# SPDX-License-Identifier: Apache-2.0
"""A whole Sekisho for black-box tests: broker, collector and dashboard on free ports in a temporary directory, ended by pid.

Everything waits on something observable with a deadline (`until`). Standard library only."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def full():
    """True in `./run test --full`: counts as the issue states them; else scaled."""
    return os.environ.get("SK_TEST_FULL") == "1"


given_ports = set()


def free_port():
    """A port nobody listens on, and never one that was given before: it may not be in use yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in given_ports:
            given_ports.add(port)
            return port


def until(what, condition, seconds=30, every=0.02):
    """Waits until condition() is truthy and returns it; fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        threading.Event().wait(every)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class House:
    """with House(build, site_dict) as house: ..."""

    def __init__(self, build, site, with_dashboard=True, broker=True):
        self.build = pathlib.Path(build)
        self.site = site
        self.with_dashboard = with_dashboard
        self.with_broker = broker
        self.processes = {}
        self.tokens = {}
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-test-"))
        self.state = self.dir / "state"
        self.mqtt_port = free_port()
        self.http_port = free_port()

    def __enter__(self):
        try:
            self.state.mkdir(mode=0o2750)
            self.write_site()
            if self.with_broker:
                self.start_broker()
            self.start_collector()
            if self.with_broker:
                self.await_subscriptions()
            if self.with_dashboard:
                for role in ("operator", "auditor", "viewer", "administrator"):
                    self.tokens[role] = self.make_token(role)
                self.start_dashboard()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        for name in reversed(list(self.processes)):
            self.stop(name)
        if kind is not None:
            for log in sorted(self.dir.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.dir, ignore_errors=True)

    def write_site(self):
        text = json.dumps(self.site).replace('"{{MQTT_PORT}}"', str(self.mqtt_port))
        (self.dir / "site.json").write_text(text)

    def start(self, name, *command):
        log = open(self.dir / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        return self.processes[name]

    def alive(self, name):
        if self.processes[name].poll() is not None:
            raise AssertionError(f"{name} ended with {self.processes[name].returncode}")
        return True

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def start_broker(self):
        conf = self.dir / "mosquitto.conf"
        conf.write_text(f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                        "max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n"
                        + "".join(f"log_type {kind}\n" for kind in ("error", "warning", "notice", "information", "subscribe")) + ("user root\n" if os.geteuid() == 0 else ""))
        self.start("mosquitto", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", conf)
        until("mosquitto listens", lambda: self.alive("mosquitto") and can_connect(self.mqtt_port))

    def start_collector(self):
        socket_path = self.state / "control.sock"
        self.start("collector", self.build / "collector/sekisho-collector", "--site", self.dir / "site.json", "--state", self.state,
                   "--profiles", ROOT / "schemas/profiles", "--debug")
        until("the collector answers", lambda: self.alive("collector") and self.control_answers(socket_path), 60)

    def await_subscriptions(self):
        """What is published before a session's first subscription is nobody's: the broker knows of no session that should have it."""
        links = {link["id"] for link in self.site.get("links", []) if link.get("protocol") == "mqtt" and link.get("port") == "{{MQTT_PORT}}"}
        doors = {door["controller"] for door in self.site.get("doors", [])}
        wanted = [(device["topic"], session) for device in self.site.get("devices", []) if device.get("link") in links and "topic" in device
                  for session in (("s", "ev") if device["id"] in doors else ("s",))]
        log = self.dir / "mosquitto.log"
        for topic, session in wanted:
            line = re.compile(rf"-{session} \d {re.escape(topic)}/")
            until(f"session {session} has subscribed to {topic}", lambda: line.search(log.read_text(errors="replace")))

    @staticmethod
    def control_answers(path):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(path))
                s.sendall(b'{"hello":"command","version":1}\n{"id":1,"cmd":"status"}\n')
                return b'"ok":true' in s.recv(4096)
        except OSError:
            return False

    def command(self, cmd, **args):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(str(self.state / "control.sock"))
            s.sendall(b'{"hello":"command","version":1}\n' + json.dumps({"cmd": cmd, "args": args}).encode() + b"\n")
            return json.loads(s.makefile().readline())

    def kill_collector(self):
        """kill -9; the pollers end with their parent."""
        process = self.processes.pop("collector")
        process.kill()
        process.wait()

    def make_token(self, role):
        out = subprocess.run([self.build / "collector/cli/sekisho", "account", "--state", self.state, "--account", f"test-{role}", "--roles", role],
                             capture_output=True, text=True)
        assert out.returncode == 0, out.stderr
        return out.stdout.strip()

    def start_dashboard(self):
        key, cert = self.dir / "key.pem", self.dir / "cert.pem"
        if not cert.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
                           check=True, capture_output=True)
            key.chmod(0o600)
        self.tls = ssl.create_default_context(cafile=str(cert))
        self.start("dashboard", self.build / "dashboard-api/sekisho-dashboard", "--state", self.state, "--listen", f"127.0.0.1:{self.http_port}",
                   "--cert", cert, "--key", key)
        until("the dashboard is well", lambda: self.alive("dashboard") and self.is_well())

    def is_well(self):
        try:
            return self.get("/api/v1/healthz", None)[0] == 200
        except OSError:
            return False

    def connection(self):
        return http.client.HTTPSConnection("127.0.0.1", self.http_port, context=self.tls, timeout=30)

    def request(self, method, path, role="operator", body=None, headers=None):
        connection = self.connection()
        headers = dict(headers or {})
        if role:
            headers["Authorization"] = "Bearer " + self.tokens[role]
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        kind = response.getheader("Content-Type", "")
        return response.status, json.loads(data) if "json" in kind and data else data

    def get(self, path, role="operator"):
        return self.request("GET", path, role)

    def all_items(self, path, role="operator"):
        items, next_cursor = [], None
        while True:
            status, page = self.get(path + (("&" if "?" in path else "?") + "cursor=" + next_cursor if next_cursor else ""), role)
            assert status == 200, (status, page)
            items += page["items"]
            next_cursor = page.get("next")
            if not next_cursor:
                return items


class Stream(threading.Thread):
    """One SSE reader on a thread: events as (id, event, data); reconnects with Last-Event-ID like a browser does."""

    def __init__(self, house, role="operator", path="/api/v1/events"):
        super().__init__(daemon=True)
        self.house, self.role, self.path = house, role, path
        self.events, self.lock, self.stopping, self.last_id = [], threading.Lock(), False, None
        self.connections = 0
        self.start()

    def run(self):
        while not self.stopping:
            try:
                self.read_once()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            threading.Event().wait(0.05)

    def read_once(self):
        connection = self.house.connection()
        headers = {"Authorization": "Bearer " + self.house.tokens[self.role], "Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", self.path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            return
        self.connections += 1
        event, data, event_id = "message", [], None
        while not self.stopping:
            line = response.readline()
            if not line:
                return
            line = line.decode().rstrip("\r\n")
            if line == "":
                if data:
                    with self.lock:
                        self.events.append((event_id, event, json.loads("\n".join(data)), time.time()))
                    if event_id is not None:
                        self.last_id = event_id
                event, data, event_id = "message", [], None
            elif line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].lstrip(" "))
            elif line.startswith("id:"):
                event_id = line[3:].strip()

    def seen(self, kind=None):
        with self.lock:
            return [e for e in self.events if kind is None or e[1] == kind]

    def stop(self):
        self.stopping = True


def door_site(**extra):
    """A site of one MQTT door controller with one door."""
    site = {"site": {"id": "t", "class": "test", "zone": "Asia/Tokyo", "title": {"ja": "試験", "en": "Test"}},
            "log": {"checkpoint_s": 1, "checkpoint_records": 1000},
            "zones": [{"id": "outside", "class": 0}, {"id": "server", "class": 3}],
            "links": [{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}],
            "devices": [{"id": "dc1", "profile": "door-controller-mqtt", "link": "broker", "topic": "t/ctrl/dc1"}],
            "doors": [{"id": "d1", "from": "outside", "to": "server", "controller": "dc1", "token": "d1",
                       "readers": [{"id": "r1", "direction": "entry", "address": 1}]}]}
    site.update(extra)
    return site


def envelope(epoch, seq, topic="tns1:AccessControl/AccessGranted/Credential", **data):
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%06dZ" % int(now % 1 * 1e6)
    body = {"Door": "d1", "Reader": "r1", "Card": "04a1b2c3d4", "Factors": ["pt:Card"]}
    body.update(data)
    return json.dumps({"v": 1, "epoch": epoch, "seq": str(seq), "t": stamp, "mono": int(time.monotonic() * 1000), "topic": topic, "data": body})
