#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`./run demo` as a new user meets it: two side by side, a clear error for a port in use, every role's token, a stranger's door event,
a scenario on real wires, nothing left after Ctrl-C, and a log that goes on with the next start. Usage: demo.py BUILD_DIR"""
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

from house import ROOT, envelope, free_port, until


def ignore_interrupts():
    """What a shell without job control does to a background command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Demo:
    def __init__(self, build, *arguments, home=None):
        self.home = home or pathlib.Path(tempfile.mkdtemp(prefix="sekisho demo-"))
        self.port = free_port()
        self.lines = []
        environment = dict(os.environ, SEKISHO_BUILD=str(build), SEKISHO_HOME=str(self.home), SEKISHO_PORT=str(self.port))
        self.process = subprocess.Popen([str(ROOT / "run"), "demo", *arguments], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                        preexec_fn=ignore_interrupts)
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def until_ready(self):
        def ready():
            assert self.process.poll() is None, "".join(self.lines)
            return any(line.startswith("ready ") for line in self.lines)
        until("the demo is ready", ready, 120)
        until("it says how to stop it, its last line", lambda: any(line.startswith("Ctrl-C") for line in self.lines))
        assert f"ready https://127.0.0.1:{self.port}\n" in self.lines, self.lines
        self.json = json.loads((self.home / "demo.json").read_text())
        self.tls = ssl.create_default_context(cafile=self.json["ca"])
        return self

    def get(self, path, role):
        request = urllib.request.Request(self.json["url"] + path, headers={"Authorization": "Bearer " + self.json["tokens"][role]})
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def simulator(self, path, body):
        request = urllib.request.Request(self.json["sim"] + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())

    def open_sources(self):
        return {alarm["source"]: alarm for alarm in self.get("/api/v1/alarms", "viewer")[1]["items"]}

    def interrupt(self):
        """Ctrl-C: to the script alone; it must end what it started."""
        pids = list(self.json["pids"].values())
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        left = [pid for pid in pids if pathlib.Path(f"/proc/{pid}/stat").exists() and "sekisho" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()]
        assert not left, f"still running after Ctrl-C: {left}"

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # the session is its own: nothing outlives a red test
                self.process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def check_face(demo):
    assert stat.S_IMODE((demo.home / "demo.json").stat().st_mode) == 0o600
    assert set(demo.json["tokens"]) == {"viewer", "operator", "reception", "approver", "auditor", "tester", "administrator", "vendor"}
    assert set(demo.json) >= {"url", "ca", "mqtt", "sim", "tokens", "pids"} and set(demo.json["mqtt"]) == {"host", "port"}
    for role in demo.json["tokens"]:
        line = next(line for line in demo.lines if line.startswith(f"token of {role}: "))
        assert pathlib.Path(shlex.split(line)[3]).read_text().strip() == demo.json["tokens"][role], line
        status, session = demo.get("/api/v1/session", role)
        assert status == 200 and session["roles"] == [role], (role, status, session)
    assert demo.get("/api/v1/records", "viewer")[0] == 403
    until("every link is up", lambda: all(p["value"] == "up" for p in demo.get("/api/v1/points?limit=1000", "viewer")[1]["items"]
                                          if p["name"] == "link.state"), 60)
    points = demo.get("/api/v1/points?limit=1000", "viewer")[1]["items"]
    assert len({p["device"] for p in points}) >= 12, "at least twelve devices"
    assert all(p["simulated"] for p in points if p["device"] == "ups1" and p["value"] is not None), "simulated samples carry their mark"


def check_strangers_event(demo):
    """A door event published with mosquitto_pub, by somebody who knows only demo.json and the envelope."""
    site = load_site(demo)
    controller = next(d for d in site["devices"] if d["profile"] == "door-controller-mqtt")
    door = next(d for d in site["doors"] if d["controller"] == controller["id"])
    message = envelope(4711, 1, Door=door.get("token", door["id"]), Reader=door["readers"][0]["id"])
    subprocess.run(["mosquitto_pub", "-h", demo.json["mqtt"]["host"], "-p", str(demo.json["mqtt"]["port"]), "-q", "1",
                    "-t", controller["topic"] + "/ev", "-m", message], check=True)
    until("the event is in /entries", lambda: any(e["epoch"] == "4711" and e["door"] == door["id"] for e in demo.get("/api/v1/entries?limit=50", "auditor")[1]["items"]))


def load_site(demo):
    """The site file without its comments."""
    text = (demo.home / "site.json").read_text()
    return json.loads(re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda m: m.group(1) or "", text, flags=re.S))


def check_scenario(demo):
    demo.simulator("/scenarios", {"name": "leak"})
    alarm = until("the leak is an alarm", lambda: next((a for s, a in demo.open_sources().items() if s.startswith("leak1/leak")), None), 60)
    assert alarm["state"] == "unacknowledged" and alarm["simulated"] and alarm["place"], alarm


def check_port_in_use(build, demo):
    environment = dict(os.environ, SEKISHO_BUILD=str(build), SEKISHO_HOME=str(demo.home) + "-x", SEKISHO_PORT=str(demo.port))
    second = subprocess.run([str(ROOT / "run"), "demo"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert second.returncode != 0 and f"port {demo.port}" in second.stderr and "in use" in second.stderr, second.stderr
    environment.update(SEKISHO_HOME=str(demo.home), SEKISHO_PORT=str(free_port()))
    third = subprocess.run([str(ROOT / "run"), "demo"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert third.returncode != 0 and "runs already" in third.stderr, third.stderr


def check_long_home(build):
    """The control socket's address has room for 108 bytes."""
    environment = dict(os.environ, SEKISHO_BUILD=str(build), SEKISHO_HOME="/nowhere/" + "x" * 80, SEKISHO_PORT=str(free_port()))
    run = subprocess.run([str(ROOT / "run"), "demo"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0 and "has 89 bytes" in run.stderr and "at most 88" in run.stderr, run.stderr


def verify(demo):
    """How many records `sekisho verify` finds intact."""
    run = subprocess.run([str(demo.home / "app/sekisho"), "verify", demo.json["state"]], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "result: intact" in run.stdout, run.stdout + run.stderr
    return int(re.search(r"^records: (\d+)$", run.stdout, re.M).group(1))


def check_log_goes_on(build, ended):
    """A second start with the same SEKISHO_HOME: same tokens, and the log grows."""
    before = verify(ended)
    again = Demo(build, home=ended.home)
    try:
        again.until_ready()
        assert again.json["tokens"] == ended.json["tokens"]
        again.interrupt()
        assert verify(again) > before, "the second start is in the log"
    finally:
        again.stop()


def main():
    build = sys.argv[1]
    first, second = Demo(build), Demo(build)
    try:
        first.until_ready()
        second.until_ready()
        check_face(first)
        check_strangers_event(first)
        check_scenario(first)
        assert not second.open_sources(), "the other demo is untouched"
        check_port_in_use(build, first)
        check_long_home(build)
        first.interrupt()
        assert second.get("/api/v1/healthz", "viewer")[0] == 200, "ending one demo leaves the other alone"
        second.interrupt()
        check_log_goes_on(build, second)
    except BaseException:
        for demo in (first, second):
            print("".join(demo.lines[-40:]), file=sys.stderr)
            for log in sorted((demo.home / "log").glob("*.log")):
                print(f"--- {log}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        raise
    finally:
        first.remove()
        second.remove()
    print("two demos side by side, every role, a stranger's event, a scenario, clear errors, nothing left, a log that goes on")


if __name__ == "__main__":
    main()
