#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator's control interface: what it tells, what it does, and that wrong requests get a clear error and change nothing."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sim_support import Bench, until  # noqa: E402

# name, method, path, body, status, error word, a piece of the sentence
REFUSED = [
    ("no such path", "GET", "/nothing", None, 404, "not_found", "README"),
    ("wrong method", "POST", "/state", {}, 405, "unsupported", "POST"),
    ("no JSON", "POST", "/points", b"{", 400, "parse", ""),
    ("twin keys", "POST", "/points", b'{"id":"a","id":"b"}', 400, "parse", ""),
    ("not an object", "POST", "/points", b"[]", 400, "parse", "object"),
    ("no id", "POST", "/points", {"value": 1}, 400, "parse", "id"),
    ("unknown key", "POST", "/points", {"id": "ups1/ups.load", "vlaue": 1}, 400, "parse", "vlaue"),
    ("unknown point", "POST", "/points", {"id": "ups9/ups.load", "value": 1}, 404, "not_found", "ups9"),
    ("unknown knob", "POST", "/points", {"id": "plant/moon", "value": 1}, 404, "not_found", "moon"),
    ("knob out of range", "POST", "/points", {"id": "plant/utility", "value": 7}, 400, "invalid", "0 to 1"),
    ("word for a number", "POST", "/points", {"id": "ups1/ups.load", "value": "x"}, 400, "invalid", "number"),
    ("unknown state", "POST", "/points", {"id": "ats1/ats.position", "value": "up"}, 400, "invalid", "up"),
    ("unknown device", "POST", "/devices/ups9", {"fault": "dead"}, 404, "not_found", "ups9"),
    ("unknown fault", "POST", "/devices/ups1", {"fault": "sad"}, 404, "not_found", "sad"),
    ("fault of another kind", "POST", "/devices/ups1", {"fault": "leak"}, 404, "not_found", "leak"),
    ("amount out of range", "POST", "/devices/leak1", {"fault": "leak", "amount": -1}, 400, "range", "amount"),
    ("unknown link", "POST", "/links/nope", {"fault": "dead"}, 404, "not_found", "nope"),
    ("unknown door", "POST", "/doors/d9/passages", {"person": "p1"}, 404, "not_found", "d9"),
    ("unknown person", "POST", "/doors/d1/passages", {"person": "nobody"}, 404, "not_found", "nobody"),
    ("bad card", "POST", "/doors/d1/passages", {"card": "xyz"}, 400, "invalid", "hex"),
    ("bad factor", "POST", "/doors/d1/passages", {"person": "p1", "factors": ["Smile"]}, 400, "parse", "Smile"),
    ("bad direction", "POST", "/doors/d1/passages", {"person": "p1", "direction": "up"}, 400, "parse", "direction"),
    ("unknown scenario", "POST", "/scenarios", {"name": "apocalypse"}, 404, "not_found", "apocalypse"),
    ("path as scenario", "POST", "/scenarios", {"name": "../demo/site"}, 404, "not_found", ""),
    ("too long", "POST", "/points", b" " * 70000, 413, "too_long", "65536"),
]


def main():
    simulator, root = sys.argv[1:3]
    with Bench(simulator, root, broker=False, extra=["--seed", "3", "--speed", "20", "--epoch", "77"]) as bench:
        before = bench.state()
        assert before["site"] == "demo" and before["epoch"] == 77 and before["scenario"] is None
        for name, method, path, body, status, word, piece in REFUSED:
            got, answer = bench.request(method, path, body)
            assert got == status and answer["error"] == word and piece in answer["detail"], (name, got, answer)
        got, answer = bench.request("POST", "/points", {"id": "plant/utility", "value": 0}, {"Origin": "http://example.test"})
        assert got == 403, answer
        after = bench.state()
        assert after["knobs"] == before["knobs"]
        assert not any(p["overridden"] for p in after["points"].values())
        assert all(d["fault"] == "none" and d["wire_fault"] == "none" for d in after["devices"])

        bench.post("/points", {"id": "ups1/ups.status", "value": "OB LB"})
        assert bench.state()["points"]["ups1/ups.status"] == {"value": ["OB", "LB"], "overridden": True, "simulated": True}
        bench.post("/points", {"id": "ups1/ups.status", "release": True})
        bench.post("/points", {"id": "th1/env.room.temperature", "value": None})
        assert bench.state()["points"]["th1/env.room.temperature"]["value"] is None

        names = {s["name"] for s in bench.request("GET", "/scenarios")[1]["items"]}
        assert {"utility-outage", "crac-failure", "leak", "forced-door", "dead-ups"} <= names, names
        bench.post("/scenarios", {"name": "leak"})
        assert bench.state()["scenario"]["name"] == "leak"
        got, answer = bench.request("POST", "/scenarios", {"name": "quiet"})
        assert got == 409 and answer["error"] == "busy", answer
        until("leak", lambda: bench.state()["points"]["leak1/leak.zone.state"]["value"] == "wet")
        until("the scenario's end", lambda: bench.state()["scenario"] is None)
        assert bench.state()["points"]["leak1/leak.zone.state"]["value"] == "dry"
        bench.ended_well()
    print("the control interface does what it says and refuses clearly")


if __name__ == "__main__":
    main()
