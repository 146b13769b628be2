#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scenario of sim/scenarios on real wires: broker, simulator, collector and dashboard as programs; what the scenario expects is
judged from GET /alarms and GET /records alone, against the wall clock at which it began. One line per expectation. What people do
at the monitor (muster, desk) is done through the API, each with an account of the role that the step names.

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

WIRE_S, SANITIZER_S, LONG_S, DEFAULT_PERIOD_MS = 2.0, 60.0, 90.0, 1000
EARLY_S = 0.5  # the steps begin when the simulator has the order, the clock here when it has answered


def is_sanitized(build):
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text()
    return any(f"{option}:BOOL=ON" in cache for option in ("SK_SANITIZE", "SK_TSAN"))


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()


class Desk:
    """The muster and desk steps, done as people do them: over the API, with an account of the role."""

    STATUS = {"parse": 400, "denied": 403, "not_found": 404, "conflict": 409}

    def __init__(self, house, steps):
        self.house, self.begin = house, None
        self.steps = [step for step in steps if "muster" in step or "desk" in step]
        table = (ROOT / "schemas/vocab/registers.def").read_text()
        rows = re.findall(r'^R\(\w+, *\d+, "(\w+)", *"(\w+)", *"(\w+)"', table, re.M)
        self.path_of_name = {name: path for name, path, _ in rows}
        self.path_of_prefix = {prefix: path for _, path, prefix in rows}
        for role in {step["desk"]["by"] for step in self.steps if "desk" in step} - set(house.tokens):
            house.tokens[role] = house.make_token(role)

    def moment(self, text):
        if text == "@today":  # of the demo's site, Asia/Tokyo
            return time.strftime("%Y-%m-%d", time.gmtime(self.begin + 9 * 3600))
        if isinstance(text, str) and text.startswith("@"):
            return datetime.datetime.fromtimestamp(self.begin + int(text[1:]), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return text

    def request_of(self, step):
        """Path, role, body and the status that must come."""
        if "muster" in step:
            body = dict(step["muster"])
            act = body.pop("act")
            return "muster" + ("" if act == "start" else "/" + act), "operator", body, 200
        desk = step["desk"]
        fields = {name: self.moment(value) for name, value in desk.get("fields", {}).items()}
        status = self.STATUS[desk["refused"]] if "refused" in desk else 200
        if desk["act"] == "zone.rule":
            return f"zones/{fields.pop('zone')}/rule", desk["by"], dict(fields, reason=desk.get("reason", "")), status
        register, act = desk["act"].split(".")
        body = {"fields": fields, "reason": desk.get("reason", "")}
        if "entry" in desk:
            return f"{self.path_of_prefix[desk['entry'].split('-')[0]]}/{desk['entry']}/{act}", desk["by"], body, status
        return self.path_of_name[register], desk["by"], dict(body, register=register, act=act), status

    def do_what_is_due(self):
        while self.steps and time.time() - self.begin >= self.steps[0]["at_s"]:
            path, role, body, status = self.request_of(self.steps.pop(0))
            answer = self.house.request("POST", "/api/v1/" + path, role, body)
            assert answer[0] == status, (role, path, body, status, answer)


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
        self.desk = Desk(house, scenario["steps"])
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
        elif kind.startswith("no_"):  # what must not come is not given more time
            expect["latest"] = expect["after"] + row["within_s"] if "within_s" in row else float("inf")
        else:
            expect["within"] = row.get("within_s", 0)
            expect["latest"] = expect["after"] + expect["within"] + (SANITIZER_S if self.sanitized else WIRE_S + self.periods.of(expect))
        return expect

    def records(self):
        return self.house.all_items("/api/v1/records?limit=1000", "auditor")

    def alarms(self):
        return self.house.all_items("/api/v1/alarms?state=all&limit=1000", "viewer")

    def person(self, expect):
        """His row of the muster list (guests stand there by their visit), when it is what is expected and the last step is done."""
        page = {} if self.desk.steps else self.house.get("/api/v1/muster?limit=1000", "operator")[1]
        rows = {row.get("visit", row.get("person")): row for row in page.get("items", []) + page.get("guests", [])}
        row = rows.get(expect["id"], {"state": "absent", "confidence": ""})
        met = not self.desk.steps and expect.get("muster") in (None, row["state"]) and expect.get("confidence") in (None, row["confidence"])
        return (time.time() - self.begin, "person", expect["id"], row["state"], row["confidence"]) if met else None

    def look(self):
        """Reads both lists; True when everything that must happen has happened."""
        self.seen = []
        self.desk.do_what_is_due()
        sources = {}
        for alarm in self.alarms():
            sources[alarm["occurrence"]] = alarm
            if alarm["occurrence"] not in self.before:
                self.seen.append((seconds(alarm["raised"]) - self.begin, "alarm", alarm["source"], alarm["condition"], alarm["detail"], {}))
                if alarm["returned"]:
                    self.seen.append((seconds(alarm["returned"]) - self.begin, "returned", alarm["source"], alarm["condition"], alarm["detail"], {}))
        for record in self.records():
            if record["seq"] not in self.known:
                self.seen.append((seconds(record["time"]) - self.begin, "record", record.get("door") or "", record["event"],
                                  str(record["body"].get("controller_reason", "")), record["body"]))
        self.seen.sort(key=lambda one: one[:5])
        for index, expect in enumerate(self.expected):
            self.met[index] = self.person(expect) if expect["kind"] == "person" else next((one for one in self.seen if self.fits(expect, one)), None)
        return not self.desk.steps and all(self.met[i] for i, e in enumerate(self.expected) if not e["kind"].startswith("no_"))

    def fits(self, expect, one):
        at, kind, source, name, detail, body = one
        never = expect["kind"].startswith("no_")
        if kind != expect["kind"].removeprefix("no_") or not expect["after"] - EARLY_S <= at <= expect["latest"]:
            return False
        if kind == "record":
            return (name == expect["event"] and expect.get("door") in (None, source) and expect.get("reason") in (None, detail)
                    and expect.get("entry") in (None, body.get("entity_id")) and expect.get("agreement") in (None, body.get("agreement"))
                    and expect.get("our_reason") in (None, *body.get("our_reasons", [])))
        return source_fits(expect["source"], source, never) and expect.get("condition") in (None, name)

    def watch(self):
        """Until all that must happen has happened, or can no longer; a scenario in which nothing may happen to its end."""
        latest = [expect["latest"] for expect in self.expected if not expect["kind"].startswith("no_")]
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
            what = " ".join(str(expect[key]) for key in ("source", "event", "door", "condition", "reason", "entry", "our_reason", "agreement", "id", "muster", "confidence") if key in expect)
            window = "" if expect["kind"].startswith("no_") else f" [{expect['after']:g} s, +{expect['within']:g} s]"
            found = f": {one[2]} {one[3]} {one[4]} at {one[0]:.2f} s" if one else ""
            print(f"{'held  ' if held else 'FAILED'}  {expect['kind']:<8} {what}{window}{found}")
        if failures:
            for at, kind, source, word, detail, body in self.seen:
                print(f"  {at:8.2f} s  {kind:<8} {source} {word} {detail} {body.get('entity_id', '')} {body.get('our_reasons', '')} {body.get('agreement', '')}")
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
        judge.begin = judge.desk.begin = time.time()
        house.simulate("/scenarios", {"name": name})
        late = time.time() - judge.begin
        assert late < 1 or judge.sanitized, f"the simulator took {late:.1f} s to answer"
        judge.watch()
        failures = judge.report(name)
        assert house.stop("collector") == 0, "the collector ended badly"
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(play(sys.argv[1], sys.argv[2]))
