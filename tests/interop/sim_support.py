# SPDX-License-Identifier: Apache-2.0
"""Starts a broker and the simulator on free ports for the tests beside this file, and ends only what it started.

Usage: with Bench(simulator, root) as bench: bench.post("/points", {...}); bench.state(); bench.modbus_port ...
Nothing sleeps for a result: until() polls an observable with a deadline."""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

LOOPBACKS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]


def free_port(hosts=("127.0.0.1",)):
    """A port that is free on every one of the hosts at this moment."""
    for _ in range(100):
        held = []
        try:
            first = socket.socket()
            held.append(first)
            first.bind((hosts[0], 0))
            port = first.getsockname()[1]
            for host in hosts[1:]:
                other = socket.socket()
                held.append(other)
                other.bind((host, port))
            return port
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise RuntimeError("no free port")


def until(what, probe, seconds=30.0):
    """Polls probe() until it gives something true; that is returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("not in time: " + what)
        time.sleep(0.02)


def profile_point(root, profile, name):
    """Function, address, scale of a point as the profile file says."""
    with open(os.path.join(root, "schemas/profiles", profile + ".json"), encoding="utf-8") as file:
        data = json.load(file)
    point = next(p for p in data["points"] if p["name"] == name)
    manners = data.get("modbus", {})
    scale = point.get("scale", 1.0)
    if "pow10" in point:
        scale = 10.0 ** -point["pow10"]
    if "pow2" in point:
        scale = 2.0 ** -point["pow2"]
    return (point.get("function", manners.get("function", 3)), point["address"] - manners.get("address_base", 0), scale, point)


class Bench:
    def __init__(self, simulator, root, broker=True, site=None, extra=()):
        self.simulator, self.root, self.extra = simulator, root, list(extra)
        self.directory = tempfile.mkdtemp(prefix="sekisho-sim-")
        self.modbus_port = free_port(LOOPBACKS)
        self.mqtt_port = free_port()
        self.processes = []
        self.with_broker, self.site_text = broker, site
        self.control = None

    def __enter__(self):
        try:
            if self.with_broker:
                self.start_broker()
            self.start_simulator()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait(timeout=20)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start_broker(self):
        path = os.path.join(self.directory, "mosquitto.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        broker = subprocess.Popen([mosquitto, "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(broker)
        self.broker = broker

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.mqtt_port)) == 0
        until("broker listens", answers)

    def start_simulator(self):
        path = os.path.join(self.directory, "site.json")
        text = self.site_text
        if text is None:
            with open(os.path.join(self.root, "sim/demo/site.json"), encoding="utf-8") as file:
                text = file.read()
        text = text.replace("{{MODBUS_PORT}}", str(self.modbus_port)).replace("{{MQTT_PORT}}", str(self.mqtt_port))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        process = subprocess.Popen([self.simulator, "--site", path, "--profiles", os.path.join(self.root, "schemas/profiles"),
                                    *self.extra], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        self.process = process
        line = process.stdout.readline()
        match = re.match(r"ready (\{.*\})$", line.strip())
        if not match:
            raise AssertionError("simulator said: " + line)
        self.ready = json.loads(match.group(1))
        self.control = int(self.ready["control"].rsplit(":", 1)[1])

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=20)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer

    def post(self, path, body):
        status, answer = self.request("POST", path, body)
        assert status == 200, (path, body, status, answer)
        return answer

    def state(self):
        status, answer = self.request("GET", "/state")
        assert status == 200
        return answer

    def ended_well(self):
        """Ends the simulator; its sanitizers must have had nothing to say."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        assert code == 0, f"simulator ended with {code}"
