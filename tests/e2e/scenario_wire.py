#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scenario of sim/scenarios on real wires: broker, simulator, collector and dashboard as programs; what the scenario expects is
judged from GET /alarms and GET /records alone, against the wall clock at which it began. One line per expectation.

An expectation is met when its transition's own time lies in the window that the scenario gives for virtual time, plus what real
wires need: one poll period of its device and two seconds. A build with sanitizers is judged on order and outcome only: the
upper bound becomes a deadline for the wait. Long scenarios are skipped (77) unless SK_TEST_FULL=1.
Usage: scenario_wire.py BUILD_DIR SCENARIO"""
import datetime
import json
import pathlib
import re
import sys
import time

from demo_house import DemoHouse
from house import ROOT, full, until

WIRE_S, SANITIZER_S, LONG_S, DEFAULT_PERIOD_MS = 2.0, 60.0, 120.0, 1000
EARLY_S = 0.05  # two readings of one clock, in two processes


def is_sanitized(build):
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text()
    return any(f"{option}:BOOL=ON" in cache for option in ("SK_SANITIZE", "SK_TSAN"))


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()


class Periods:
    """How often the device behind a source is read: a point, a device, a door (by its controller) or "*"."""

    def __init__(self, text):
        comments = r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/'
        site = json.loads(re.sub(comments, lambda match: match.group(1) or "", text, flags=re.S))
        self.devices = {device["id"]: device.get("period_ms", DEFAULT_PERIOD_MS) / 1000 for device in site["devices"]}
        self.doors = {door["id"]: self.devices[door["controller"]] for door in site["doors"]}

    def of(self, expect):
        source = expect.get("source", "door:" + expect.get("door", ""))
        if source.startswith("door:"):
            return self.doors.get(source[5:], max(self.doors.values()))
        return self.devices[source.split("/")[0]]


def source_fits(wanted, source, loose):
    """Exact; where nothing may be raised also "*", or a device for all its points."""
    return wanted == source or (loose and (wanted == "*" or source.startswith(wanted + "/")))


class Judge:
    """What the API told since the scenario began, and which expectations it meets."""

    def __init__(self, house, scenario, sanitized):
        self.house, self.sanitized = house, sanitized
        self.periods = Periods((house.dir / "site.json").read_text())
        self.duration = scenario["duration_s"]
        self.expected = [self.read(row) for row in scenario["expect"]]
        self.roll = [step for step in scenario["steps"] if "muster" in step]  # what people at the monitor do, not the plant
        self.seen = []     # (seconds, kind, source, condition or event, detail)
        self.met = {}      # index: sighting
        self.known = {record["seq"] for record in self.records()}
        self.before = {alarm["occurrence"] for alarm in self.alarms()}
        self.begin = None

    def read(self, row):
        kind = next(word for word in ("alarm", "no_alarm", "returned", "record", "no_record", "person") if word in row)
        expect = dict(row[kind], kind=kind, after=row.get("after_s", 0))
        if kind == "person":
            expect["within"] = expect["latest"] = self.duration
        elif not kind.startswith("no_"):
            expect["within"] = row.get("within_s", 0)
            expect["latest"] = expect["after"] + expect["within"] + (SANITIZER_S if self.sanitized else WIRE_S + self.periods.of(expect))
        return expect

    def records(self):
        return self.house.all_items("/api/v1/records?limit=1000", "auditor")

    def alarms(self):
        return self.house.all_items("/api/v1/alarms?state=all&limit=1000", "viewer")

    def call_the_roll(self):
        """The muster steps that are due."""
        while self.roll and time.time() - self.begin >= self.roll[0]["at_s"]:
            step = dict(self.roll.pop(0)["muster"])
            act = step.pop("act")
            status, answer = self.house.request("POST", "/api/v1/muster" + ("" if act == "start" else "/" + act), "operator", step)
            assert status == 200, (act, step, answer)

    def person(self, expect):
        """His row of the muster list, when it is what is expected and the last step is done."""
        rows = {} if self.roll else {row["person"]: row for row in self.house.all_items("/api/v1/muster?limit=1000", "operator")}
        row = rows.get(expect["id"], {"state": "absent", "confidence": ""})
        met = not self.roll and expect.get("muster") in (None, row["state"]) and expect.get("confidence") in (None, row["confidence"])
        return (time.time() - self.begin, "person", expect["id"], row["state"], row["confidence"]) if met else None

    def look(self):
        """Reads both lists; True when everything that must happen has happened."""
        self.seen = []
        self.call_the_roll()
        sources = {}
        for alarm in self.alarms():
            sources[alarm["occurrence"]] = alarm
            if alarm["occurrence"] not in self.before:
                self.seen.append((seconds(alarm["raised"]) - self.begin, "alarm", alarm["source"], alarm["condition"], alarm["detail"]))
                if alarm["returned"]:
                    self.seen.append((seconds(alarm["returned"]) - self.begin, "returned", alarm["source"], alarm["condition"], alarm["detail"]))
        for record in self.records():
            if record["seq"] not in self.known:
                self.seen.append((seconds(record["time"]) - self.begin, "record", record.get("door") or "", record["event"],
                                  str(record["body"].get("controller_reason", ""))))
        self.seen.sort()
        for index, expect in enumerate(self.expected):
            self.met[index] = self.person(expect) if expect["kind"] == "person" else next((one for one in self.seen if self.fits(expect, one)), None)
        return all(self.met[i] for i, e in enumerate(self.expected) if not e["kind"].startswith("no_"))

    def fits(self, expect, one):
        at, kind, source, name, detail = one
        if expect["kind"] == "no_alarm":
            return kind == "alarm" and source_fits(expect["source"], source, True) and expect.get("condition") in (None, name)
        if expect["kind"] == "no_record":
            return kind == "record" and name == expect["event"] and expect.get("door") in (None, source)
        if kind != expect["kind"] or not expect["after"] - EARLY_S <= at <= expect["latest"]:
            return False
        if kind == "record":
            return (name == expect["event"] and expect.get("door") in (None, source) and expect.get("reason") in (None, detail))
        return source_fits(expect["source"], source, False) and expect.get("condition") in (None, name)

    def watch(self):
        """Until all that must happen has happened, or can no longer; a scenario in which nothing may happen to its end."""
        latest = [expect["latest"] for expect in self.expected if "latest" in expect]
        try:
            until("all that is expected", lambda: self.look() and latest, max(latest, default=self.duration), 0.25)
        except AssertionError:
            self.look()

    def report(self, name):
        failures = 0
        for index, expect in enumerate(self.expected):
            one = self.met[index]
            held = (one is not None) == (not expect["kind"].startswith("no_"))
            failures += not held
            what = " ".join(str(expect[key]) for key in ("source", "event", "door", "condition", "reason", "id", "muster", "confidence") if key in expect)
            window = "" if expect["kind"].startswith("no_") else f" [{expect['after']:g} s, +{expect['within']:g} s]"
            found = f": {one[2]} {one[3]} {one[4]} at {one[0]:.2f} s" if one else ""
            print(f"{'held  ' if held else 'FAILED'}  {expect['kind']:<8} {what}{window}{found}")
        if failures:
            for at, kind, source, word, detail in self.seen:
                print(f"  {at:8.2f} s  {kind:<8} {source} {word} {detail}")
        print(f"{name}: {failures} of {len(self.expected)} expectations failed", flush=True)
        return failures


def play(build, name):
    scenario = json.loads((ROOT / "sim/scenarios" / f"{name}.json").read_text())
    if "start" in scenario or "learned" in scenario:
        print(f"{name} needs weeks or a time of day: virtual time only")
        return 77
    if scenario["duration_s"] > LONG_S and not full():
        print(f"{name} plays {scenario['duration_s']} s; SK_TEST_FULL=1 plays it")
        return 77
    with DemoHouse(build) as house:
        house.until_quiet()
        judge = Judge(house, scenario, is_sanitized(build))
        judge.begin = time.time()
        house.simulate("/scenarios", {"name": name})
        late = time.time() - judge.begin
        assert late < 1 or judge.sanitized, f"the simulator took {late:.1f} s to answer"
        judge.watch()
        failures = judge.report(name)
        assert house.stop("collector") == 0, "the collector ended badly"
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(play(sys.argv[1], sys.argv[2]))
