#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The collector as its neighbours see it: control socket, feed, restart, a log that cannot be written, a poller that dies.
Every case is a function test_*; all run against one build. Usage: collector.py BUILD_DIR [case ...]"""
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from house import House, door_site, envelope, until

RAISED, ACKED, RETURNED = 0x0401, 0x0402, 0x0403
CHECKPOINT = 0x0810


def room_site():
    """A temperature probe beside the door; alarms at once so that no test waits for a dwell time."""
    site = door_site()
    site["devices"].append({"id": "th1", "profile": "generic-th-mqtt", "link": "broker", "topic": "t/th1", "stale_ms": 600000,
                            "place": {"building": "本館", "room": "サーバ室"},
                            "points": {"env.room.temperature": {"limits": {
                                "LowerCritical": None, "LowerCaution": None, "RateOfChange": None, "UpperCaution": None,
                                "UpperCritical": {"Reading": 32, "HysteresisReading": 1, "severity": "critical"}}}}})
    return site


def publish(house, topic, text, *more):
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", topic, "-m", text, *more], check=True)


def temperature(house, value):
    publish(house, "t/th1/state", json.dumps({"t": value}))


def open_alarms(house):
    status, page = house.get("/api/v1/alarms")
    assert status == 200, page
    return page["items"]


def kinds(house):
    """Event kinds in the log, in order, read by sqlite3 alone."""
    database = sqlite3.connect(f"file:{house.state}/log.db?mode=ro", uri=True)
    rows = [int.from_bytes(row[0][21:23], "big") for row in database.execute("SELECT header FROM record ORDER BY seq")]
    database.close()
    return rows


def raise_alarm(house):
    until("the probe's session is up and its value arrives", lambda: (temperature(house, 40), open_alarms(house))[1])
    return open_alarms(house)[0]


class Control:
    """A raw control connection."""

    def __init__(self, house, hello=b'{"hello":"command","version":1}\n'):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        until("the queue of newcomers has room", lambda: self.connects(str(house.state / "control.sock")))
        self.socket.sendall(hello)
        self.file = self.socket.makefile("rb")

    def connects(self, path):
        try:
            self.socket.connect(path)
        except BlockingIOError:
            return False
        return True

    def ask(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.socket.close()


def test_bad_lines(house):
    rows = [(b"x\n", "parse"), (b'{"cmd":"status","cmd":"status"}\n', "parse"), (b'{"cmd":"no.such"}\n', "unsupported"),
            (b'{"cmd":7}\n', "unsupported"), (b"[]\n", "unsupported"), (b'{"cmd":"alarm.acknowledge","args":{"occurrence":"0"}}\n', "parse"),
            (b'{"cmd":"alarm.acknowledge","args":{"occurrence":"999"}}\n', "not_found"),
            (b'{"cmd":"alarm.comment","args":{"occurrence":"1"}}\n', "parse"),
            (b'{"cmd":"account.create","args":{"account":"x","roles":["emperor"]}}\n', "parse"),
            (b'{"cmd":"account.create","args":{"account":"x","roles":[]}}\n', "parse"),
            (b'{"cmd":"token.create","args":{"account":"nobody"}}\n', "not_found"),
            (b'{"cmd":"session.check","token":"skt_00"}\n', "unauthenticated"), (b'{"cmd":"session.open"}\n', "invalid")]
    control = Control(house)
    for line, error in rows:
        answer = control.ask(line)
        assert answer["ok"] is False and answer["error"] == error and answer["detail"], (line, answer)
    assert control.ask({"id": 7, "cmd": "status"})["id"] == 7
    control.close()
    for hello in (b"hello\n", b'{"hello":"feed","version":2}\n', b'{"hello":"x","version":1}\n'):
        stranger = Control(house, hello)
        assert b"protocol" in stranger.file.readline() and stranger.file.readline() == b""
        stranger.close()
    greedy = Control(house)
    try:
        greedy.socket.sendall(b"x" * 70000)
        assert greedy.file.readline() == b"", "a line beyond 64 KiB ends the connection"
    except (ConnectionResetError, BrokenPipeError):
        pass
    greedy.close()
    assert house.control_answers(house.state / "control.sock")


def test_idle_connections_shut_nobody_out(house):
    """Seventy idle connections of one process: the next command is answered, the stream goes on; a crowd that is at work is refused in
    words; who never greets is ended."""
    before = open_alarms(house)
    held = []
    for _ in range(70):
        try:
            held.append(Control(house))
        except OSError:  # refused already
            pass

    def newcomer():
        try:
            control = Control(house)
            answer = control.ask({"cmd": "status"})
            control.close()
            return answer["ok"]
        except (OSError, ValueError):
            return False
    until("a newcomer of the same process is served", newcomer)
    assert house.command("status")["ok"] and house.is_well() and open_alarms(house) == before
    crowd = []
    for _ in range(70):  # each one speaks at once, so none is idle
        try:
            control = Control(house)
            control.socket.sendall(b'{"cmd":"status"}\n')
            answer = json.loads(control.file.readline() or b'{"error":"gone"}')
        except OSError:
            answer = {"error": "gone"}
        crowd.append(answer.get("error", "served"))
    assert "served" in crowd and set(crowd) <= {"served", "busy", "gone"}, set(crowd)
    assert house.is_well() and open_alarms(house) == before, "the dashboard, another process, is served meanwhile"
    silent = socket.socket(socket.AF_UNIX)
    silent.settimeout(30)
    silent.connect(str(house.state / "control.sock"))
    assert silent.recv(1) == b"", "who never greets is ended"
    for control in held:
        control.close()


def test_roles_and_refusals(house):
    alarm = raise_alarm(house)
    viewer = {"cmd": "alarm.acknowledge", "token": house.tokens["viewer"], "args": {"occurrence": alarm["occurrence"]}, "address": "192.0.2.9"}
    control = Control(house)
    answer = control.ask(viewer)
    assert answer["error"] == "denied", answer
    control.close()
    denials = [r for r in house.all_items("/api/v1/records?limit=1000", "auditor") if r["event"] == "op.denied"]
    assert any(r["body"]["actor"] == "test-viewer" and r["body"]["command"] == "alarm.acknowledge" and r["body"]["actor_address"] == "192.0.2.9"
               for r in denials), denials
    status, problem = house.request("POST", f"/api/v1/alarms/{alarm['occurrence']}/acknowledge", "viewer", {"occurrence": alarm["occurrence"], "comment": ""})
    assert status == 403, problem


def test_acknowledge_once(house):
    alarm = raise_alarm(house)
    path = f"/api/v1/alarms/{alarm['occurrence']}/acknowledge"
    assert alarm["acked"] is None and alarm["acked_by"] is None, alarm
    for _ in range(2):  # idempotent
        status, answer = house.request("POST", path, "operator", {"occurrence": alarm["occurrence"], "comment": "現地確認中"})
        assert status == 200, answer
    assert answer["alarm"]["acked_by"] == "test-operator" and answer["alarm"]["acked"], answer
    assert kinds(house).count(ACKED) == 1
    remark = f"/api/v1/alarms/{alarm['occurrence']}/comment"
    status, answer = house.request("POST", remark, "auditor", {"comment": "当日の点検表を確認"})
    assert status == 200 and answer["alarm"]["acked_by"] == "test-operator", answer
    for path_, role, body, expected in [(remark, "viewer", {"comment": "x"}, 403), (remark, "operator", {}, 400), ("/api/v1/alarms/999/comment", "operator", {"comment": "x"}, 404)]:
        assert house.request("POST", path_, role, body)[0] == expected, (path_, role, body)
    assert "当日の点検表を確認" in str(house.all_items("/api/v1/records?limit=1000", "auditor")), "a remark is a record"
    until("it returns", lambda: (temperature(house, 20), not open_alarms(house))[1])
    status, answer = house.request("POST", path, "operator", {"occurrence": alarm["occurrence"], "comment": ""})
    assert status in (404, 409), (status, answer)
    assert raise_alarm(house)["occurrence"] != alarm["occurrence"], "a new life has a new number"


def test_feed_is_whole(house):
    feed = Control(house, b'{"hello":"feed","version":1}\n')
    lines, seen = [], []
    while not lines or lines[-1]["type"] != "snapshot_end":
        lines.append(json.loads(feed.file.readline()))
    assert lines[0]["type"] == "snapshot_begin" and lines[0]["site"]["id"] == "t"
    points = [line["id"] for line in lines if line["type"] == "point"]
    assert len(points) == len(set(points)) and "th1/env.room.temperature" in points
    for n in range(20):
        publish(house, "t/ctrl/dc1/ev", envelope(5, n + 1))
    while len([s for s in seen if s["event"] == "acc.granted"]) < 20:
        line = json.loads(feed.file.readline())
        if line["type"] == "record":
            seen.append(line["record"])
    numbers = [int(record["seq"]) for record in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
    assert numbers[0] == int(lines[0]["record"]) + 1, "changes begin where the snapshot ended"
    feed.close()


def test_restart_is_no_event(house):
    alarm = raise_alarm(house)
    before = kinds(house)
    for how in (signal.SIGTERM, signal.SIGKILL):
        house.stop("collector", how)
        house.start_collector()
        until("the dashboard has the feed again", lambda: house.is_well())
    now = open_alarms(house)
    assert [(a["occurrence"], a["raised"]) for a in now] == [(alarm["occurrence"], alarm["raised"])], now
    after = kinds(house)
    for kind in (RAISED, RETURNED, ACKED):
        assert after.count(kind) == before.count(kind), "a restart raised, returned or acknowledged something"
    assert 0x0803 not in after[len(before):], "a stop shorter than every staleness limit is no interruption"


def test_unfit_row(house):
    """A pending row that is none is left out and rings; the collector starts and collects."""
    alarm = raise_alarm(house)
    house.stop("collector")
    database = sqlite3.connect(house.state / "log.db")
    database.execute("INSERT INTO pending VALUES ('cond/th1/env.room.temperature/UpperCritical', x'FF0102')")
    database.commit()
    database.close()
    house.start_collector()
    until("the dashboard has the feed again", house.is_well)
    rows = until("it rings", lambda: [a for a in open_alarms(house) if a["source"] == "system:log.rows"])
    assert "cond/th1/" in str(rows[0]), rows
    assert alarm["occurrence"] in [a["occurrence"] for a in open_alarms(house)]
    until("values are taken", lambda: (temperature(house, 20), not [a for a in open_alarms(house) if a["source"].startswith("th1/") and a["active"]])[1])


def test_second_collector_is_refused(house):
    before = kinds(house)
    second = subprocess.run([house.build / "collector/sekisho-collector", "--site", house.dir / "site.json", "--state", house.state,
                             "--profiles", house.processes["collector"].args[6]], capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "cannot start" in second.stderr, second.stderr
    assert house.control_answers(house.state / "control.sock") and kinds(house)[:len(before)] == before


def test_touch_false_keeps_no_session_alive(house):
    """A stream that stays open checks its session again and again; only a person's own acts may renew the idle time."""
    control = Control(house)
    session = control.ask({"cmd": "session.open", "token": house.tokens["operator"]})["result"]["secret"]

    def idle_since():
        database = sqlite3.connect(f"file:{house.state}/vault.db?mode=ro", uri=True)
        [(used,)] = database.execute("SELECT used_us FROM secret WHERE kind = 'session'").fetchall()
        database.close()
        return used

    def check(**args):
        before = idle_since()
        answer = control.ask({"cmd": "session.check", "token": session, "args": args})
        assert answer["ok"] and answer["result"]["kind"] == "session", answer
        return idle_since() > before
    assert not check(touch=False)
    assert check(touch=True)
    assert not check(touch=False)
    assert check(), "without the argument a check renews"
    before = idle_since()
    answer = control.ask({"cmd": "alarm.comment", "token": session, "args": {"occurrence": "9", "comment": "x", "touch": False}})
    assert answer["error"] == "not_found" and idle_since() > before, "an act renews, whatever its arguments say"
    control.close()


def test_log_cannot_be_written(house):
    raise_alarm(house)
    until("returned", lambda: (temperature(house, 20), not [a for a in open_alarms(house) if a["active"]])[1])
    pid = house.processes["collector"].pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # every write of a file fails from here
    temperature(house, 41)
    shown = until("the alarm is shown although it cannot be recorded",
                  lambda: [a for a in open_alarms(house) if a["active"] and a["recorded"] is False], 60)
    assert shown[0]["record"] is None
    database_kinds = kinds(house)
    publish(house, "t/ctrl/dc1/ev", envelope(6, 1))
    assert house.command("status")["result"]["writable"] is False
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    until("the alarm is recorded", lambda: [a for a in open_alarms(house) if a["active"] and a["recorded"]], 60)
    until("the door event was kept by its broker and is recorded now", lambda: 0x0101 in kinds(house)[len(database_kinds):], 60)
    assert kinds(house).count(0x0807) == 1, "one record names the interval"


def test_poller_dies(house):
    children = subprocess.run(["pgrep", "-P", str(house.processes["collector"].pid)], capture_output=True, text=True).stdout.split()
    assert len(children) == 2, children
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    until("the pollers are back", lambda: any(a["source"].startswith("system:poller:") and not a["active"] for a in house.all_items("/api/v1/alarms?state=all")), 60)
    until("events flow again", lambda: (publish(house, "t/ctrl/dc1/ev", envelope(9, 1)), 0x0101 in kinds(house))[1], 60)


def stall_site():
    """Two probes that must speak every two seconds."""
    site = room_site()
    probe = site["devices"][-1]
    probe.update(stale_ms=2000, comm_lost={"after_ms": 2000})
    site["devices"].append(dict(json.loads(json.dumps(probe)), id="th2", topic="t/th2"))
    return site


def comm_lost(house):
    return {a["source"] for a in open_alarms(house) if a["condition"] == "CommLost" and a["active"]}


def test_silent_device_rings(house):
    """A probe that spoke and falls silent rings CommLost after its own comm_lost time, though its profile's values live for a minute;
    its neighbour on the same link goes on and rings nothing."""
    def speak(topic):
        publish(house, topic, json.dumps({"t": 20 + time.monotonic() % 1}))
    until("both probes are heard and nothing is wrong", lambda: (speak("t/th1/state"), speak("t/th2/state"), not comm_lost(house))[2])
    until("the first one's silence rings", lambda: (speak("t/th2/state"), "th1" in comm_lost(house))[1], 20, 0.2)
    assert comm_lost(house) == {"th1"}, comm_lost(house)
    until("it speaks again", lambda: (speak("t/th1/state"), speak("t/th2/state"), not comm_lost(house))[2], 20, 0.2)


def test_stalled_poller_is_named(house):
    """The poller stands still, the collector and the devices do not: one alarm says so, none blames a device; afterwards a silence
    that is one rings, and a poller that never runs again is replaced."""
    def speak():
        for topic in ("t/th1/state", "t/th2/state"):
            publish(house, topic, json.dumps({"t": 20 + time.monotonic() % 1}))
    until("both probes are heard", lambda: (speak(), not [a for a in open_alarms(house) if a["active"]] and len(
        [p for p in house.all_items("/api/v1/points") if p["id"] in ("th1/env.room.temperature", "th2/env.room.temperature") and p["quality"] == "good"]) == 2)[1], 30, 0.2)
    before = {a["occurrence"] for a in house.all_items("/api/v1/alarms?state=all")}
    children = [int(c) for c in subprocess.run(["pgrep", "-P", str(house.processes["collector"].pid)], capture_output=True, text=True).stdout.split()]
    assert len(children) == 2, children
    for child in children:
        os.kill(child, signal.SIGSTOP)

    def named():
        return {a["source"] for a in open_alarms(house) if a["active"] and a["source"].startswith("system:poller.stalled:")}
    until("the pollers are named", lambda: (speak(), len(named()) == 2)[1], 20, 0.2)
    end = time.monotonic() + 6
    while time.monotonic() < end:
        speak()
        threading.Event().wait(0.2)
    assert not comm_lost(house), "a poller of ours stands still, no device fell silent"
    stale = [p["quality"] for p in house.all_items("/api/v1/points") if p["id"] == "th1/env.room.temperature"]
    assert stale != ["good"], "what is not watched is not good"
    for child in children:
        os.kill(child, signal.SIGCONT)
    until("they run again", lambda: (speak(), not named())[1], 20, 0.2)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        speak()
        threading.Event().wait(0.2)
    blamed = [(a["source"], a["condition"]) for a in house.all_items("/api/v1/alarms?state=all")
              if a["occurrence"] not in before and not a["source"].startswith("system:poller")]
    assert not blamed, blamed
    until("a silence that is one still rings", lambda: comm_lost(house) == {"th1", "th2"}, 20)
    os.kill(children[1], signal.SIGSTOP)
    until("one that never runs again is replaced", lambda: not os.path.exists(f"/proc/{children[1]}"), 60)
    until("and watched again", lambda: (speak(), not comm_lost(house))[1], 60, 0.2)


def test_stall_is_no_alarm(house):
    """Stopped for seven seconds while the probes went on speaking: what waited is taken before anybody's silence is judged."""
    def speak_for(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for topic in ("t/th1/state", "t/th2/state"):
                publish(house, topic, json.dumps({"t": 20 + time.monotonic() % 1}))
            threading.Event().wait(0.2)

    def values():
        speak_for(0.1)
        return [p for p in house.all_items("/api/v1/points") if p["id"] in ("th1/env.room.temperature", "th2/env.room.temperature") and p["quality"] == "good"]
    until("both probes are heard", lambda: len(values()) == 2)
    until("nothing is wrong", lambda: (speak_for(0.1), not [a for a in open_alarms(house) if a["active"]])[1])
    before = kinds(house)
    pid = house.processes["collector"].pid
    os.kill(pid, signal.SIGSTOP)
    speak_for(7)
    os.kill(pid, signal.SIGCONT)
    speak_for(3)
    after = kinds(house)[len(before):]
    assert RAISED not in after and RETURNED not in after, [hex(kind) for kind in after]
    assert after.count(0x0803) == 1, "it says that it did not run"
    until("a silence that is one still rings", lambda: [a for a in open_alarms(house) if a["active"]])


def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("test_")}
    for name in wanted or cases:
        with House(build, stall_site() if name in ("stall_is_no_alarm", "silent_device_rings", "stalled_poller_is_named") else room_site()) as house:
            cases[name](house)
            assert house.stop("collector") == 0, "the collector ended badly"
            # a checkpoint that is due when it stops covers the stop, so its own record stands behind it
            assert [kind for kind in kinds(house) if kind != CHECKPOINT][-1] == 0x0802, "the last record says that it stopped"
        print(f"{name}: ok", flush=True)


if __name__ == "__main__":
    main()
