#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The history from the wire to the API: samples over MQTT are read back, survive kill -9 up to the last flush, and a history that
cannot be kept stops nothing. Every case is a function test_*. Usage: history.py BUILD_DIR [case ...]"""
import fcntl
import json
import pathlib
import sys
import threading

from collector import open_alarms, publish, room_site
from house import House, until

POINT = "/api/v1/points/th1/env.room.temperature/history"


def site():
    return {**room_site(), "history": {"flush_s": 1, "raw_days": 3, "disk_budget_mb": 100}}


def send(house, value):
    publish(house, "t/th1/state", json.dumps({"t": value}))


def items(house, query="resolution=raw&limit=1000"):
    status, page = house.get(POINT + "?" + query)
    return page["items"] if status == 200 else []


def values(house):
    return [item["last"] for item in items(house) if item["quality"] == "good"]


def settle(house, value):
    """Sends a value until the API shows it as the newest of the history."""
    def shown():
        if values(house)[-1:] == [value]:
            return True
        send(house, value)
        return False
    until(f"{value} is in the history", shown, 60, 0.2)


def test_read_back(build):
    with House(build, site()) as house:
        status, problem = house.get(POINT)
        assert status in (404, 503), (status, problem)
        for value in (20.5, 21.25, 22.0):
            settle(house, value)
        got = values(house)
        assert [v for i, v in enumerate(got) if i == 0 or got[i - 1] != v] == [20.5, 21.25, 22.0], got
        status, page = house.get(POINT + "?resolution=1m")
        assert status == 200 and page["resolution"] == "1m" and page["damaged"] == 0, page
        assert min(i["min"] for i in page["items"] if i["min"] is not None) == 20.5, page
        assert max(i["max"] for i in page["items"] if i["max"] is not None) == 22.0, page
        assert abs(sum(page["coverage"].values()) - 1) < 1e-3, page["coverage"]
        status, page = house.get(POINT + "?resolution=raw&limit=1")
        assert len(page["items"]) == 1 and page["next"], page
        status, rest = house.get(POINT + "?resolution=raw&limit=1000&from=" + page["next"])
        assert rest["items"][0]["time"] == page["next"] and rest["next"] is None, rest
        for query in ("resolution=2m", "from=yesterday", "limit=0", "what=1", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"):
            assert house.get(POINT + "?" + query)[0] == 400, query
        assert house.get("/api/v1/points/th1/no.such/history")[0] == 404
        assert house.get(POINT, None)[0] == 401


def test_kill9(build):
    with House(build, site()) as house:
        settle(house, 19.5)
        for round_ in range(3):
            value = 20 + round_
            settle(house, value)  # shown, so it was flushed
            threading.Event().wait(2.1)  # who asks is kept for 2 s: asked anew now, it outlives the collector for the next question
            before = items(house)
            house.kill_collector()
            after = items(house)  # the reader goes on without the writer
            assert after[:len(before)] == before, (len(before), len(after))
            house.start_collector()
            kept = items(house)
            assert kept[:len(before)] == before, (len(before), len(kept))
            times = [item["time"] for item in kept]
            assert times == sorted(set(times)), "a time twice"


def test_history_is_given_up_first(build):
    """Another process holds the history: the collector runs, alarms rise, and one of them says so."""
    house = House(build, site())
    house.state.mkdir(mode=0o2750)
    house.write_site()
    with open(house.state / "history.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            house.start_broker()
            house.start_collector()
            house.tokens["operator"] = house.make_token("operator")
            house.start_dashboard()
            until("the alarm of the probe rises", lambda: (send(house, 40), any("th1" in json.dumps(a) for a in open_alarms(house)))[1], 60)
            assert any("history" in json.dumps(alarm) for alarm in open_alarms(house)), open_alarms(house)
        finally:
            house.__exit__(*sys.exc_info())


def main():
    build, wanted = pathlib.Path(sys.argv[1]), sys.argv[2:]
    for name, case in list(globals().items()):
        if name.startswith("test_") and (not wanted or name[5:] in wanted):
            case(build)
            print("ok", name[5:], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
