# SPDX-License-Identifier: Apache-2.0
"""Patrol rounds from the outside: a plan with times and a reader of tags over MQTT; a round that nobody makes rings, one that the
reader saw stands in the register, one at the desk is made up."""
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, until  # noqa: E402
from registers import Desk, add_people  # noqa: E402


def clock(minutes):
    return time.strftime("%H:%M", time.gmtime(time.time() + 9 * 3600 + 60 * minutes))


def publish(house, tag):
    text = json.dumps({"tag": tag, "ts": int(time.time() * 1000), "round": "night", "missed": 0, "sos": False, "battery": "ok"})
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/patrol1/state", "-m", text], check=True)


def rounds(build):
    site = door_site()
    site["devices"].append({"id": "patrol1", "profile": "generic-patrol-mqtt", "link": "broker", "topic": "t/patrol1"})
    with House(build, site) as house:
        add_people(house)
        desk = Desk(house)
        plan = {"title": "夜間巡回", "checkpoints": ["サーバ室", "電気室"], "times": [clock(0)], "tolerance_min": 30, "from": "2020-01-01", "until": "2099-12-31"}
        desk.refused("operator", "patrols", dict(plan, times=["8:30", "24:00"]), "times", register="patrol_plan")
        by_reader = desk.open("operator", "patrols", dict(plan, reader="patrol1", times=[clock(1)]), register="patrol_plan")["id"]
        # a moment counts from when its plan was approved, so this one lies ahead, within the tolerance
        desk.act("approver", "patrols", by_reader, "approved", {"office": "課長"})

        def listed(plan_id):
            status, page = house.get("/api/v1/rounds", "operator")
            assert status == 200, page
            return [item for item in page["items"] if item["plan"] == plan_id]
        now = next(item for item in listed(by_reader) if item["state"] == "due")
        assert now["round"] is None and now["missing"] == ["サーバ室", "電気室"], now
        until("the reader speaks", lambda: publish(house, "サーバ室") or any(i["state"] == "running" for i in listed(by_reader)), every=0.5)
        publish(house, "電気室")
        until("the round is whole", lambda: any(i["state"] == "done" for i in listed(by_reader)))
        done = next(i for i in listed(by_reader) if i["state"] == "done")
        entry = desk.look("operator", "patrols", done["round"])
        assert entry["state"] == "done" and done["missing"] == [], entry
        # nobody makes this one: its tolerance is nothing, its time the next full minute, which only a full run waits for
        missed = desk.open("operator", "patrols", dict(plan, times=[clock(1)], tolerance_min=0), register="patrol_plan")["id"]
        desk.act("approver", "patrols", missed, "approved", {"office": "課長"})
        if os.environ.get("SK_TEST_FULL") == "1":
            until("the missed round rings", lambda: any("patrol.missed" in a["source"] for a in house.get("/api/v1/alarms", "operator")[1]["items"]),
                  seconds=150, every=1)
            assert any(i["state"] == "missed" for i in listed(missed))
        item = listed(missed)[0]
        made = desk.open("operator", "patrols", {"plan": missed, "due": item["due"], "by": "test-operator"}, register="patrol")["id"]
        desk.act("operator", "patrols", made, "cancelled", {"substitute": "カメラで確認"}, reason="巡回員急病")
        assert next(i for i in listed(missed) if i["due"] == item["due"])["state"] == "substituted"
        assert house.get("/api/v1/rounds?since=2020-01-01T00:00:00Z", "operator")[0] == 400
        house.tokens["viewer"] = house.make_token("viewer")
        assert house.get("/api/v1/rounds", "viewer")[0] == 403
        shown = subprocess.run([house.build / "collector/cli/sekisho", "list", "rounds", "--state", house.state], capture_output=True, text=True, env={"LANG": "C"})
        assert shown.returncode == 0 and "substituted" in shown.stdout, shown


if __name__ == "__main__":
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]))
