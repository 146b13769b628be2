#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the built dashboard share: the program, its certificate, requests, raw bytes and streams, a collector made for the
test (`fake_collector.py`), and the product's own tables of roles and routes, read from the source. Scripts that import this are called
with BINARY SOURCE_DIRECTORY."""
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_collector import FakeCollector  # noqa: E402

BINARY, SOURCE = (sys.argv[1], sys.argv[2]) if len(sys.argv) > 2 else (None, None)
DEADLINE_S = 20


def until(check, what):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.02)  # between two looks at an observable
    raise AssertionError("not within %d s: %s" % (DEADLINE_S, what))


def make_certificate(directory):
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
                    cert], check=True, capture_output=True)
    os.chmod(key, 0o600)
    return cert, key


class Dashboard:
    def __init__(self, state, cert, key, *more):
        self.process = subprocess.Popen([BINARY, "--state", state, "--listen", "127.0.0.1:0", "--cert", cert, "--key", key, *more],
                                        stderr=subprocess.PIPE, text=True)
        self.port, self.log = None, []
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"on port (\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        if self.port is None:
            raise AssertionError("the dashboard did not start: " + "".join(self.log))
        os.set_blocking(self.process.stderr.fileno(), False)
        self.tls = ssl.create_default_context(cafile=cert)

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=DEADLINE_S)
        rest = self.process.stderr.read() or ""
        self.process.stderr.close()
        return code, "".join(self.log) + rest

    def call(self, method, path, token=None, body=None, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=DEADLINE_S)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            fields["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        connection.request(method, path, body=body, headers=fields)
        answer = connection.getresponse()
        answer.data = answer.read()
        connection.close()
        return answer

    def raw(self, data):
        """Sends bytes, reads to the end of the connection (or of one answer); returns the status, 0 when there was none."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
        with self.tls.wrap_socket(plain, server_hostname="localhost") as wire:
            got = b""
            try:
                wire.sendall(data)
                while True:
                    piece = wire.recv(65536)
                    if not piece:
                        break
                    got += piece
                    head, split, tail = got.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    if split and length and len(tail) >= int(length.group(1)) and b"close" not in head.lower():
                        break
            except (ssl.SSLError, ConnectionError):
                pass
            found = re.match(rb"HTTP/1\.1 (\d+)", got)
            self.blocks = len(re.findall(rb"HTTP/1\.1 \d+ [^\r\n]*\r\n", got))  # header blocks of the last raw()
            closed = not got or b"connection: close" in got.lower()
            return int(found.group(1)) if found else 0, closed


class Stream:
    """One SSE reader on its own connection."""

    def __init__(self, dashboard, path="/api/v1/events", **headers):
        self.connection = http.client.HTTPSConnection("127.0.0.1", dashboard.port, context=dashboard.tls, timeout=DEADLINE_S)
        self.connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.answer = self.connection.getresponse()

    def next(self):
        event = {}
        while True:
            line = self.answer.readline().decode()
            if line == "":
                return None
            if line == "\n":
                if "event" in event:
                    event["data"] = json.loads(event["data"])
                    return event
                event = {}
                continue
            name, _, value = line.rstrip("\n").partition(": ")
            event[name] = value

    def wait(self, name, check=lambda data: True):
        while True:
            event = self.next()
            if event is None:
                raise AssertionError("the stream ended while waiting for " + name)
            if event["event"] == name and check(event["data"]):
                return event

    def close(self):
        self.connection.close()


class Base(unittest.TestCase):
    more = ("--connections-per-address", "200")

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.state = cls.directory.name
        cls.cert, cls.key = make_certificate(cls.state)
        cls.collector = FakeCollector(cls.state)
        cls.tokens = {role: cls.collector.add_token("acc-" + role, [role]) for role in roles()}
        cls.collector.start()
        cls.collector.point("ups1/battery.charge", 98.5)
        cls.collector.point("ups1/ups.status", ["OL"], kind="flags", unit="")
        cls.collector.point("crac2/hvac.unit.running", "on", quality="comm_last_value", kind="state", unit="")
        cls.collector.alarm(12)
        cls.dashboard = Dashboard(cls.state, cls.cert, cls.key, *cls.more)
        until(lambda: cls.dashboard.call("GET", "/healthz").status == 200, "healthz is 200")

    @classmethod
    def tearDownClass(cls):
        code, log = cls.dashboard.stop()
        cls.collector.stop()
        cls.directory.cleanup()
        if code != 0 or "ERROR:" in log or "runtime error" in log:
            raise AssertionError("the dashboard ended with %d:\n%s" % (code, log))
        if "skt_" in log:
            raise AssertionError("a secret is in the log:\n" + log)


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def roles():
    return re.findall(r'^X\(SK_ROLE_\w+,\s*\d+, "(\w+)"', read("schemas/vocab/roles.def"), re.M)


def permissions():
    """act -> set of roles, from the one table."""
    text = read("schemas/vocab/permissions.def")
    rows = {}
    for act, mask in re.findall(r'^P\("([\w.]+)",\s*([^\n]*)\)$', text, re.M):
        rows[act] = set(roles()) if "R_ALL" in mask else {name.lower() for name in re.findall(r"R\((\w+)\)", mask)}
    return rows


def routes():
    found = re.findall(r'^R\("(\w+)",\s+"([^"]+)",\s+(PUBLIC|"[^"]+"),', read("dashboard-api/routes.def"), re.M)
    return [(method, path, None if act == "PUBLIC" else act.strip('"')) for method, path, act in found]


def fill(path):
    path = path.replace("{device}", "ups1").replace("{point}", "battery.charge").replace("{id}", "12")
    return re.sub(r"\{\w+\}", "x-1", path)


def run():
    """The tests of the script that was started."""
    warnings.simplefilter("ignore")
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2, warnings="ignore")
