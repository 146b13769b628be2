#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Doors from the outside: what GET /doors says while events come, are lost and the collector is killed; a counter surplus that is
inferred, shown, resolved by a person and recorded.  doors.py BUILD_DIR CASE"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, envelope, until  # noqa: E402

PHYS = "tns1:Door/State/DoorPhysicalState"


def publish(house, topic, *messages):
    for text in messages:
        subprocess.run([shutil.which("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", topic, "-m", text],
                       check=True)


def say(house, seq, topic=PHYS, **data):
    publish(house, "t/ctrl/dc1/ev", envelope(5, seq, topic, **data))


def door(house, role="viewer"):
    status, body = house.request("GET", "/api/v1/doors/d1", role)[:2]
    assert status == 200, (status, body)
    return body


def stands(house, physical, model, doubt="none"):
    def look():
        now = door(house)
        return (now["physical"]["state"], now["model"]["state"], now["doubt"]) == (physical, model, doubt) and now
    return until(f"{physical}, {model}, {doubt}", look)


def active(house, source):
    return [a for a in house.all_items("/api/v1/alarms", "viewer") if a["source"] == source]


def records(house, event):
    return [r for r in house.all_items("/api/v1/records?limit=1000", "auditor") if r["event"] == event]


def site():
    made = door_site()
    made["devices"].append({"id": "cam1", "profile": "generic-camera-mqtt", "link": "broker", "topic": "t/cam1"})
    made["devices"].append({"id": "pc1", "profile": "generic-people-counter", "link": "broker", "topic": "t/pc1"})
    made["doors"][0].update({"cameras": ["cam1"], "counter": "pc1", "rex": True, "resolve_time": "PT1H", "OpenTime": "PT1H", "ExtendedOpenTime": "PT1H"})
    return made


def states(build):
    with House(build, site()) as house:
        first = stands(house, "Unknown", "Unknown", "never")
        assert first["rex"] is True and first["cameras"] == ["cam1"] and first["counter"] == "pc1", first
        say(house, 1, State="Closed")
        closed = stands(house, "Closed", "Normal")
        assert closed["physical"]["source"] == "events" and closed["physical"]["since"], closed
        say(house, 2, State="Open")
        stands(house, "Open", "DoorForcedOpen")
        alarm = until("one alarm", lambda: active(house, "door:d1"))
        assert alarm[0]["detail"] == "DoorForcedOpen", alarm
        raised = until("the alarm's record", lambda: [r for r in records(house, "alarm.raised") if r["body"].get("object") == "door:d1"])
        assert raised[0]["body"]["cameras"] == "cam1", raised
        model = records(house, "door.model")
        assert model[-1]["body"]["model_state"] == "DoorForcedOpen" and model[-1]["body"]["cameras"] == "cam1", model
        say(house, 3, State="Closed")
        stands(house, "Closed", "Normal")
        house.kill_collector()
        house.start_collector()
        stands(house, "Closed", "Normal")  # a restart changes nothing
        say(house, 6, "tns1:AccessControl/Denied/Credential", Reason="Unauthorized")
        stands(house, "Unknown", "Unknown", "missing")
        say(house, 4, "tns1:AccessControl/AccessGranted/Credential")
        say(house, 5, State="Open")
        stands(house, "Open", "Normal")  # what was missing came: granted, then opened
        assert house.request("GET", "/api/v1/doors/nowhere", "viewer")[0] == 404
        listed = house.request("GET", "/api/v1/doors", "viewer")[1]
        assert [d["door"] for d in listed["items"]] == ["d1"] and listed["next"] is None, listed


def surplus(build):
    with House(build, site()) as house:
        def count(people):
            publish(house, "t/pc1/state", json.dumps({"count": people, "in": people, "out": 0, "inside": people, "tailgate": False, "fault": False}))
        count(10)
        until("the counter is heard", lambda: house.request("GET", "/api/v1/points/pc1/people.count.in", "viewer")[1].get("value") == 10)
        say(house, 1, "tns1:AccessControl/AccessGranted/Credential")
        say(house, 2, "tns1:AccessControl/AccessTaken/Credential")
        until("the passage is in the log", lambda: records(house, "acc.taken"))
        count(12)
        tail = until("it is inferred", lambda: records(house, "tail.inferred"), 60)[0]["body"]
        assert (tail["derivation"], tail["counted"], tail["passed"], tail["count"]) == ("people counter surplus", "2", "1", "1"), tail
        assert 0 < float(tail["confidence"]) < 1 and tail["lifecycle"] == "Inferred", tail
        assert door(house)["surplus"]["count"] == 1
        path, act = "/api/v1/doors/d1/resolve", {"cause": "joint_entry", "reason": "cam1 09:12"}
        assert house.request("POST", path, "viewer", act)[0] == 403
        assert house.request("POST", path, "operator", {"cause": "magic", "reason": "x"})[0] == 400
        status, body = house.request("POST", path, "operator", act)[:2]
        assert status == 200 and body["count"] == "1", (status, body)
        assert house.request("POST", path, "operator", act)[0] == 404
        done = until("it is recorded", lambda: records(house, "tail.resolved"))[0]["body"]
        assert done["state"] == "joint_entry" and done["actor"] == "test-operator" and done["reason"] == "cam1 09:12", done
        assert door(house)["surplus"]["count"] == 0 and not active(house, "door:d1/counter")


if __name__ == "__main__":
    {"states": states, "surplus": surplus}[sys.argv[2]](sys.argv[1])
