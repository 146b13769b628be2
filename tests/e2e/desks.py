# SPDX-License-Identifier: Apache-2.0
"""Registers that have no scenario of their own, used as a desk would use them, by API and by CSV: the yearly stock-take, requests for
lists, planned load, emergency modes, watch and handover; who may do what, what rings, what a list shows."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, until  # noqa: E402
from registers import Desk, add_people, cli, stamp, today  # noqa: E402


def rings(house):
    return {alarm["source"] for alarm in house.get("/api/v1/alarms", "operator")[1]["items"] if alarm["active"]}


def csv(house, register, text, rows):
    path = house.dir / f"{register}.csv"
    path.write_text(text)
    dry = cli(house, "import", register, path, "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    done = cli(house, "import", register, path)
    assert done.returncode == 0 and str(rows) in done.stdout, done.stdout + done.stderr


def entries(house, path, register, **filters):
    query = "&".join([f"register={register}", *(f"{k}={v}" for k, v in filters.items())])
    status, page = house.get(f"/api/v1/{path}?{query}", "operator")
    assert status == 200, page
    return page["items"]


def the_yearly_stocktake(build):
    with House(build, door_site()) as house:
        add_people(house)
        desk = Desk(house)
        csv(house, "item", "asset,kind,serial,zone,owner,storage\nA-1,server,S-1,server,own,true\nA-2,network,S-2,server,own,false\n"
                           "A-3,storage,S-3,server,client,true\n", 3)
        items = entries(house, "inventory", "item")[::-1]  # newest first
        assert [i["fields"]["asset"] for i in items] == ["A-1", "A-2", "A-3"], items
        desk.act("operator", "inventory", items[2]["id"], "seen")  # before it began: that was another count
        count = desk.open("operator", "inventory", {"scope": "全機器", "kind": "inventory", "by": "p-2", "due": today()}, register="stocktake")["id"]
        for item in items[:2]:
            desk.act("operator", "inventory", item["id"], "seen")
        shown = desk.look("operator", "inventory", count)
        # what is on the books, what was seen since it began, what was not: the desk does not count by hand
        assert shown["count"] == {"on_books": 3, "seen": 2, "not_seen": [items[2]["id"]]}, shown
        # closing before counting, or by who counted, is refused
        desk.act("approver", "inventory", count, "closed", {"findings": "なし"}, status=400)
        desk.act("operator", "inventory", count, "counted", {"expected": 3, "counted": 2, "missing": ["A-3"]})
        desk.act("operator", "inventory", count, "closed", {"findings": "A-3 は修理先"}, status=403)
        desk.act("approver", "inventory", count, "closed", {"findings": "A-3 は修理先と確認"})
        assert desk.look("operator", "inventory", count)["state"] == "closed"
        assert entries(house, "inventory", "stocktake")[0]["fields"]["missing"] == ["A-3"]
        # one that is not done by its day rings
        desk.open("operator", "inventory", {"scope": "鍵", "kind": "keys", "by": "p-1", "due": "2020-04-01"}, register="stocktake")
        until("the stock-take that is late rings", lambda: any("stocktake.overdue" in s for s in rings(house)))


def a_list_is_asked_for(build):
    with House(build, door_site()) as house:
        add_people(house)
        desk = Desk(house)
        desk.refused("operator", "requests", {"asked_by": "監査室"}, "scope", "due", "applicant", register="list_request")
        asked = desk.open("operator", "requests", {"asked_by": "監査室", "audit": True, "scope": "入退室記録 3月", "from": stamp(-86400), "until": stamp(0),
                                                    "due": stamp(3600), "applicant": "test-operator"}, register="list_request")["id"]
        desk.act("operator", "requests", asked, "delivered", {"recipient": "監査 花子"}, status=409)
        desk.act("operator", "requests", asked, "approved", {"office": "課長"}, status=403)
        desk.act("approver", "requests", asked, "approved", {"office": "課長"})
        desk.act("operator", "requests", asked, "delivered", {}, status=400)
        desk.act("operator", "requests", asked, "delivered", {"recipient": "監査 花子", "sha256": "ab" * 32, "encrypted": True, "export": "ex-1"})
        shown = desk.look("approver", "requests", asked)
        assert shown["state"] == "delivered" and shown["personal"]["recipient"] == "監査 花子" and shown["fields"]["delivered_at"], shown
        assert "personal" not in desk.look("operator", "requests", asked)  # names only for who may read people
        csv(house, "list_request", "asked_by,scope,due,applicant\n総務省,名簿一式,2020-04-01T00:00:00Z,test-operator\n", 1)
        until("one that is late rings", lambda: any("list_request.overdue" in s for s in rings(house)))
        assert [e["state"] for e in entries(house, "requests", "list_request")].count("requested") == 1


def a_load_is_planned(build):
    with House(build, door_site()) as house:
        add_people(house)
        desk = Desk(house)
        desk.refused("operator", "requests", {"kw": -1, "date": "2027-02-30", "zone": "nowhere", "applicant": "test-operator"}, "kw", "date", "zone",
                     register="planned_load")
        load = desk.open("operator", "requests", {"kw": 12.5, "date": "2027-03-01", "zone": "server", "racks": ["R1"], "feed": "A", "client": "みほん商事",
                                                  "applicant": "test-operator"}, register="planned_load")["id"]
        desk.act("operator", "requests", load, "connected", {}, status=409)
        desk.act("approver", "requests", load, "approved", {"office": "電気主任技術者"})
        desk.act("operator", "requests", load, "amended", dict(kw=20, date="2027-03-01", zone="server", applicant="test-operator"))
        assert desk.look("operator", "requests", load)["state"] == "requested"  # what was approved was another load
        desk.act("approver", "requests", load, "approved", {"office": "電気主任技術者"})
        desk.act("operator", "requests", load, "connected", {"kw": 18})
        shown = desk.look("operator", "requests", load)
        assert shown["state"] == "done" and shown["fields"]["kw"] == 18, shown
        csv(house, "planned_load", "kw,date,zone,applicant,racks\n5,2027-04-01,server,test-operator,R2;R3\n7,2027-05-01,server,test-operator,R4\n", 2)
        assert sum(e["fields"]["kw"] for e in entries(house, "requests", "planned_load") if e["state"] == "requested") == 12


def a_mode_is_declared(build):
    with House(build, door_site()) as house:
        add_people(house)
        desk = Desk(house)
        desk.refused("operator", "watch", {"kind": "flood", "until": stamp(60), "cause": "試験", "approver": "nobody"}, "kind", "approver", register="mode")
        mode = desk.open("operator", "watch", {"kind": "drill", "until": stamp(3600), "zones": ["server"], "cause": "消防訓練",
                                               "approver": "test-approver"}, register="mode")["id"]
        assert desk.look("operator", "watch", mode)["fields"]["from"]
        desk.act("operator", "watch", mode, "extended", {"until": stamp(7200)}, status=400)  # without a reason
        desk.act("operator", "watch", mode, "extended", {"until": stamp(-60)}, status=400, reason="長引く")  # before it began
        desk.act("operator", "watch", mode, "extended", {"until": stamp(7200)}, reason="長引く")
        desk.act("operator", "watch", mode, "ended", {"findings": "避難 6 分"})
        assert desk.look("operator", "watch", mode)["state"] == "ended"
        late = desk.open("operator", "watch", {"kind": "fire_release", "from": stamp(-7200), "until": stamp(-60), "doors": ["d1"], "cause": "誤報",
                                               "approver": "test-approver"}, register="mode")["id"]
        until("a mode that nobody ended rings", lambda: any("mode.overdue" in s for s in rings(house)))
        desk.act("operator", "watch", late, "ended", {})
        until("and returns", lambda: not any("mode.overdue" in s for s in rings(house)))


def a_watch_is_handed_over(build):
    with House(build, door_site()) as house:
        add_people(house)
        desk = Desk(house)
        csv(house, "watch", f"from,until,watchers,post\n{stamp(-3600)},{stamp(3600)},p-1;p-2,monitoring\n{stamp(3600)},{stamp(9000)},p-2,monitoring\n", 2)
        first = entries(house, "watch", "watch")[-1]["id"]
        until("a watch that did not begin rings", lambda: any("watch.not_begun" in s for s in rings(house)))
        desk.act("operator", "watch", first, "begun")
        until("and returns", lambda: not any("watch.not_begun" in s for s in rings(house)))
        given = desk.open("operator", "watch", {"from": "test-operator", "to": "test-reception", "matters": "CRAC2 点検中", "watch": first,
                                                "keys": ["K-1"], "open_alarms": 0}, register="handover")["id"]
        desk.act("operator", "watch", given, "taken", status=409)  # who gave it does not take it
        desk.act("reception", "watch", given, "taken")
        desk.act("operator", "watch", first, "ended", {"note": "異常なし"})
        assert desk.look("operator", "watch", first)["state"] == "ended" and desk.look("operator", "watch", given)["state"] == "done"
        bad = house.dir / "bad.csv"
        bad.write_text(f"from,until,watchers,post\n{stamp(0)},{stamp(-60)},p-9,pantry\n")
        before = len(entries(house, "watch", "watch"))
        out = cli(house, "import", "watch", bad)
        assert out.returncode == 1 and all(word in out.stdout + out.stderr for word in ("until", "watchers", "post")), out
        assert len(entries(house, "watch", "watch")) == before


if __name__ == "__main__":
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]))
