# SPDX-License-Identifier: Apache-2.0
"""Who is inside, who was: entries of one person and of one company as it was at the time, and a muster over HTTPS, also while the
log cannot be written and across kill -9."""
import pathlib
import resource
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, envelope, until  # noqa: E402
from roster import entry, ok, publish, site  # noqa: E402

TAKEN = "tns1:AccessControl/AccessTaken/Credential"
CARDS = ["04a1b2c3d%d" % i for i in range(6)]


def people(house, companies):
    for card, company in zip(CARDS, companies):
        person = ok(house.command("person.create", name="秘密 " + card, kind="staff", company=company))["person"]
        ok(house.command("credential.issue", person=person, card=card))


def walk(house, seq, who, reader="r1"):
    publish(house, envelope(5, seq, TAKEN, Card=CARDS[who], Reader=reader))
    return entry(house, seq)


def found(house, role="auditor", **filters):
    return [e["ctrl_seq"] for e in house.all_items("/api/v1/entries?" + urllib.parse.urlencode(filters), role) if e["event"] == "acc.taken"]


def entries_of_people(build):
    with House(build, site()) as house:
        people(house, ["みほん空調", "みほん電気", "みほん空調"])
        for seq, who in enumerate([0, 1, 2, 0], 1):
            walk(house, seq, who)
        ok(house.command("person.update", person="p-1", company="みほん電気"))  # he changes his employer
        walk(house, 5, 0)
        walk(house, 6, 2, "r2")
        assert found(house, person="p-1") == ["5", "4", "1"]
        assert found(house, person="p-1", limit=1) == ["5", "4", "1"], "pages by the record number"
        assert found(house, company="みほん空調") == ["6", "4", "3", "1"]
        assert found(house, company="みほん電気") == ["5", "2"]
        assert found(house, company="みほん空調", zone="outside") == ["6"]
        first = entry(house, 4)["time"]
        assert found(house, person="p-1", since=first) == ["5", "4"] and found(house, person="p-1", until=first) == ["1"]
        for role, query, status in [("operator", "person=p-1", 200), ("operator", "company=x", 403), ("auditor", "company=x", 404),
                                    ("auditor", "person=p-9", 404), ("auditor", "person=p-1&company=x", 400), ("viewer", "person=p-1", 403)]:
            got = house.get("/api/v1/entries?" + query, role)
            assert got[0] == status, (role, query, got)
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stdout + verify.stderr


def perhaps_inside(build):
    """A card was let through into class 3 and nobody knows whether he went: to set him outside two people are needed."""
    with House(build, site()) as house:
        people(house, ["みほん"])
        house.tokens["reception"] = house.make_token("reception")
        publish(house, envelope(5, 1, "tns1:AccessControl/AccessGranted/Credential", Card=CARDS[0]))
        entry(house, 1)
        where = house.get("/api/v1/occupancy", "auditor")[1]["items"]
        assert [(i["person"], i["zone"], i["perhaps"]) for i in where] == [("p-1", "server", True)], where
        for role, state in [("operator", "waits_for_second_person"), ("operator", "waits_for_second_person"), ("reception", "done")]:
            got = house.request("POST", "/api/v1/occupancy/p-1/correct", role, {"zone": "outside", "reason": "r"})
            assert got[0] == 200 and got[1]["state"] == state, (role, got)


def rows(house, role="operator"):
    return [(i["person"], i["state"]) for i in house.all_items("/api/v1/muster?limit=2", role)]


def muster(build):
    with House(build, site()) as house:
        people(house, ["みほん"] * 4)
        for seq, who in enumerate([0, 1, 2, 3], 1):
            walk(house, seq, who)
        walk(house, 5, 3, "r2")
        page = house.get("/api/v1/occupancy", "auditor")[1]
        assert [(i["person"], i["zone"], i["confidence"], i["name"][:2]) for i in page["items"]] == \
            [("p-%d" % n, "server", "high", "秘密") for n in (1, 2, 3)], page
        assert page["zones"][1]["count"] == 3 and page["zones"][1]["certainty"] == "complete", page
        assert rows(house) == [("p-1", None), ("p-2", None), ("p-3", None)]
        assert "name" not in house.get("/api/v1/muster")[1]["items"][0], "an operator sees no names without a muster"
        house.tokens["reception"] = house.make_token("reception")
        for role, method, path, body, status in [
                ("viewer", "GET", "/api/v1/muster", None, 403), ("auditor", "POST", "/api/v1/muster", {}, 403),
                ("operator", "POST", "/api/v1/muster/seen", {"person": "p-1"}, 409), ("operator", "POST", "/api/v1/muster", {"drill": True}, 200),
                ("operator", "POST", "/api/v1/muster", {}, 409), ("operator", "POST", "/api/v1/muster/seen", {"person": "p-2"}, 200),
                ("operator", "POST", "/api/v1/muster/seen", {"person": "p-77"}, 404), ("operator", "POST", "/api/v1/muster/seen", {}, 400),
                ("viewer", "POST", "/api/v1/muster/seen", {"person": "p-1"}, 403), ("operator", "POST", "/api/v1/muster/end", {}, 409),
                ("operator", "POST", "/api/v1/occupancy/p-1/correct", {"zone": "outside"}, 400),
                ("operator", "POST", "/api/v1/occupancy/p-1/correct", {"zone": "outside", "reason": "r"}, 200)]:
            got = house.request(method, path, role, body)
            assert got[0] == status, (role, method, path, got)
        listed = house.get("/api/v1/muster")[1]
        assert listed["items"][0]["name"].startswith("秘密") and listed["muster"]["missing"] == 2 and listed["muster"]["drill"], listed
        assert (house.state / "muster.txt").stat().st_mode & 0o777 == 0o640
        sheet = (house.state / "muster.txt").read_text()
        assert "[ ] p-1" in sheet and "秘密" not in sheet, sheet
        before = rows(house)
        assert before == [("p-1", "missing"), ("p-3", "missing"), ("p-2", "seen")], before
        house.kill_collector()
        house.start_collector()
        assert until("the list after kill -9", lambda: house.get("/api/v1/muster")[0] == 200) and rows(house) == before
        assert house.request("POST", "/api/v1/occupancy/p-1/correct", "reception", {"zone": "outside", "reason": "r"})[1]["state"] == \
            "waits_for_second_person", "what waited for a second person is asked again after a restart"
        assert house.request("POST", "/api/v1/occupancy/p-1/correct", "operator", {"zone": "outside", "reason": "r"})[1]["state"] == "done"
        assert rows(house) == [("p-3", "missing"), ("p-1", "left"), ("p-2", "seen")], rows(house)
        events = [e["event"] for e in house.all_items("/api/v1/entries", "auditor")]
        assert {"muster.started", "muster.seen", "occ.asked", "occ.corrected"} <= set(events), events


def muster_without_a_disk(build):
    """From the alarm to the roll: the disk refuses every write, and the roll is called all the same."""
    with House(build, site()) as house:
        people(house, ["みほん"] * 3)
        for seq, who in enumerate([0, 1, 2], 1):
            walk(house, seq, who)
        pid = house.processes["collector"].pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        started = house.request("POST", "/api/v1/muster", "operator", {})
        assert started[0] == 200 and started[1]["recorded"] is False, started
        seen = house.request("POST", "/api/v1/muster/seen", "operator", {"person": "p-2"})
        assert seen[0] == 200 and seen[1]["recorded"] is False, seen
        page = house.get("/api/v1/muster")[1]
        assert page["muster"]["unrecorded"] == 1 and not page["muster"]["recorded"], page
        assert [(i["person"], i["state"], i["recorded"]) for i in page["items"]] == \
            [("p-1", "missing", True), ("p-3", "missing", True), ("p-2", "seen", False)], page
        assert not [e for e in house.all_items("/api/v1/entries", "auditor") if e["event"].startswith("muster.")]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until("all of it is recorded", lambda: house.get("/api/v1/muster")[1]["muster"]["unrecorded"] == 0)
        events = [(e["event"], e["body"].get("person")) for e in house.all_items("/api/v1/entries", "auditor") if e["event"].startswith("muster.")]
        assert events == [("muster.seen", "p-2"), ("muster.started", None)], events
        house.kill_collector()
        house.start_collector()
        assert rows(house) == [("p-1", "missing"), ("p-3", "missing"), ("p-2", "seen")]


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def visit(house, name, badge=None):
    """Asked for, approved and received, as the desk does it."""
    fields = {"name": name, "company": "みほん商事", "kind": "visitor", "purpose": "見学", "host": "p-1", "host_name": "秘密 案内", "host_company": "みほん運用",
              "date": stamp(9 * 3600)[:10], "from": stamp(-60), "until": stamp(3600), "zones": ["server"], "escort": "p-1"}
    made = house.request("POST", "/api/v1/visits", "reception", {"register": "visit", "act": "requested", "fields": fields})
    assert made[0] == 200, made
    entry = made[1]["id"]
    acts = [("approver", "approved", {"office": "総務課長"}), ("reception", "arrived", {"identity": "licence", "identity_by": "test-reception"}),
            ("operator", "screened", {"screening": "ok", "screened_by": "p-1"})]
    acts += [("reception", "badge_out", {"badge": badge})] if badge else []
    for role, act, fields in acts:
        got = house.request("POST", f"/api/v1/visits/{entry}/{act}", role, {"fields": fields})
        assert got[0] == 200, (act, got)
    return entry


def lead(house, entry, direction, count=1):
    fields = {"visit": entry, "escort": "p-1", "door": "d1", "direction": direction, "count": count}
    got = house.request("POST", "/api/v1/visits", "reception", {"register": "joint", "act": "recorded", "fields": fields})
    assert got[0] == 200, got


def guests(house, role="operator"):
    page = house.get("/api/v1/muster?limit=1", role)[1]
    rows = [(g["visit"], g.get("state"), g.get("missing"), g["people"]) for g in page["guests"]]
    return rows, {k: v for k, v in page["muster"]["guests"].items() if v} if page.get("muster") else None


def guests_on_the_roll(build):
    """Strangers in the building are on the list, by name, and are ticked off like everybody: also without a disk, across kill -9."""
    with House(build, site()) as house:
        house.tokens.update({role: house.make_token(role) for role in ("reception", "approver")})
        people(house, ["みほん"])
        walk(house, 1, 0)
        three = visit(house, "来客 三太郎", "V001")
        lead(house, three, "in", 3)
        page = house.get("/api/v1/muster")[1]
        assert page["zones"][1]["guests"] == 3 and page["zones"][1]["count"] == 4, page
        assert page["guests"][0]["door"] == "d1" and page["guests"][0]["confidence"] == "high" and "name" not in page["guests"][0], page
        assert house.request("POST", "/api/v1/muster", "operator", {"reason": "火災"})[0] == 200
        by_desk = visit(house, "来客 受付", "V002")  # while the roll is called; no door ever saw him
        assert guests(house) == ([(three, "missing", 3, 3), (by_desk, "missing", 1, 1)], {"listed": 4, "missing": 4}), guests(house)
        first, second = house.get("/api/v1/muster")[1]["guests"]
        assert first["name"] == "来客 三太郎" and first["host_name"] == "秘密 案内" and first["escort"] == "p-1" and first["badge"] == "V001", first
        assert second["zone"] is None and second["confidence"] == "low" and second["doubts"] == ["desk_only"] and second["how"] == "desk", second
        assert house.get("/api/v1/muster", "viewer")[0] == 403
        for body, status in [({"visit": three, "people": 2}, 200), ({"visit": "vs-99"}, 404), ({"visit": three, "people": 99}, 400),
                             ({"visit": three, "person": "p-1"}, 400), ({"person": "p-1"}, 200)]:
            assert house.request("POST", "/api/v1/muster/seen", "operator", body)[0] == status, body
        assert guests(house)[0][0] == (three, "missing", 1, 3)
        refused = house.request("POST", "/api/v1/muster/end", "operator", {})
        assert refused[0] == 409 and "2 guests" in refused[1]["detail"], refused
        sheet = house.state / "muster.txt"
        assert "来客" not in sheet.read_text() and three in sheet.read_text(), sheet.read_text()
        pid = house.processes["collector"].pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        seen = house.request("POST", "/api/v1/muster/seen", "operator", {"visit": by_desk})
        assert seen[0] == 200 and seen[1]["recorded"] is False, seen
        assert guests(house) == ([(three, "missing", 1, 3), (by_desk, "seen", 0, 1)], {"listed": 4, "seen": 3, "missing": 1, "unrecorded": 1}), guests(house)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until("it is recorded", lambda: "unrecorded" not in guests(house)[1])
        before = guests(house)
        house.kill_collector()
        house.start_collector()
        assert until("the list after kill -9", lambda: house.get("/api/v1/muster")[0] == 200) and guests(house) == before, guests(house)
        lead(house, three, "out", 3)
        assert guests(house) == ([(three, "left", 0, 3), (by_desk, "seen", 0, 1)], {"listed": 4, "left": 1, "seen": 3}), guests(house)
        assert house.request("POST", "/api/v1/muster/end", "operator", {})[0] == 200
        records = [e for e in house.all_items("/api/v1/records?limit=1000", "auditor") if e["event"].startswith("muster.")]
        ticked = [(e["body"]["visit"], e["body"]["guests"]) for e in records if "visit" in e["body"]]
        assert sorted(ticked) == [(three, 2), (by_desk, 1)], ticked
        ended = next(e["body"] for e in records if e["event"] == "muster.ended")
        assert (ended["guests_listed"], ended["guests_seen"], ended["guests_missing"]) == (4, 3, 0), ended
        assert not [e for e in records if "来客" in str(e)], "no name in the log"
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stdout + verify.stderr


if __name__ == "__main__":
    {f.__name__: f for f in (entries_of_people, perhaps_inside, muster, muster_without_a_disk, guests_on_the_roll)}[sys.argv[2]](sys.argv[1])
