# SPDX-License-Identifier: Apache-2.0
"""Who may enter, asked by people who misspell, ask at night, plan ahead and forget to say why."""
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, until  # noqa: E402
from rights import Api  # noqa: E402
from roster import GOOD, alarms, ok, roster, site  # noqa: E402

RIGHT = {"zone": "server", "applicant": "test-reception", "office": "運用部", "until": "2199-03-31", "reason": "保守担当"}


def tomorrow_at(hour_local):
    """That hour of the day after tomorrow in Tokyo, as UTC."""
    day = datetime.datetime.utcnow().replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=2)
    return (day + datetime.timedelta(hours=hour_local - 9)).strftime("%Y-%m-%dT%H:%M:%SZ")


def hours(build):
    """Who could enter zone Z at time T: a right by day says so at night, and of two rights the one that lets him in is named."""
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        week = ["mon", "tue", "wed", "thu", "fri"]
        api.post("/schedules", schedule="day", ranges=[{"days": week + ["sat", "sun", "holiday"], "from": "08:00", "to": "18:00"}], reason="昼")
        api.post("/schedules", schedule="week", ranges=[{"days": week, "from": "00:00", "to": "24:00"}], reason="平日")
        person = api.post("/people", name="昼 専用", kind="staff", reason="入社")["person"]
        card = api.post("/credentials", person=person, card="04dd01", reason="発行")["credential"]
        api.post("/authorizations", "approver", person=person, schedule="day", **RIGHT)
        api.post("/authorizations", "approver", person="p-1", schedule="day", **RIGHT)
        for hour, by_day in ((11, "open"), (3, "closed")):
            rows = {r["credential"]: r for r in api.get("/reports/access?zone=server&at=" + tomorrow_at(hour))["items"]}
            assert rows[card]["hours"] == by_day and rows[card]["schedule"] == "day", (hour, rows[card])
            assert rows["c-1"]["hours"] == "open", (hour, rows["c-1"])
            assert hour == 11 or rows["c-1"]["schedule"] == "always", rows["c-1"]
            assert rows["c-1"]["compared"] == "no_list", "no controller ever gave a list"
            of = {a["schedule"]: a["hours"] for a in api.get("/authorizations?person=p-1&zone=server&at=" + tomorrow_at(hour))["items"]}
            assert of == {"always": "open", "day": by_day}, (hour, of)
        api.post("/authorizations/a-3/revoke", "approver", reason="異動")
        api.post("/authorizations", "approver", person=person, schedule="week", **RIGHT)
        far = {r["credential"]: r for r in api.get("/reports/access?zone=server&at=2060-06-02T02:00:00Z")["items"]}
        assert far[card]["hours"] == "unknown", far[card]
        assert api.get("/authorizations?person=p-1")["items"][0]["hours"] is None


MISSPELT = [  # command, arguments, the name nobody knows
    ("person.create", {"name": "名", "kind": "staff", "untill": "2026-11-21"}, "untill"),
    ("person.update", {"person": "p-1", "compny": "x"}, "compny"),
    ("credential.issue", {"person": "p-1", "card": "04dd02", "temporry": True}, "temporry"),
    ("credential.lose", {"credential": "c-1", "notice": "2026-11-20T00:00:00Z"}, "notice"),
    ("authorization.grant", {"person": "p-1", "schedule": "always", "untill": "2026-11-21", "approver": "test-auditor", **RIGHT}, "untill"),
    ("zone.rule", {"zone": "server", "peopel_min": 2}, "peopel_min"),
    ("door.rule", {"door": "d1", "direction": "entry", "schedule": "always", "factor": ["PIN"]}, "factor"),
    ("schedule.put", {"schedule": "x", "ranges": [{"days": ["mon"], "from": "08:00", "to": "09:00"}], "until": "2027-01-01"}, "until"),
    ("occupancy.correct", {"person": "p-1", "zone": "server", "reason": "x", "at": "2026-11-20T00:00:00Z"}, "at"),
]


def misspelt(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        before = ok(house.command("person.list"))["roster_version"]
        for command, args, name in MISSPELT:
            answer = house.command(command, **args)
            assert not answer["ok"] and answer["error"] == "parse" and f"unknown member '{name}'" in answer["detail"], (command, answer)
        assert ok(house.command("person.list"))["roster_version"] == before, "nothing of it was stored"


def class_3(build):
    """The register of class 3 holds a period, who approved under which office, and why."""
    with House(build, site()) as house:
        for name, other in [("until", ("2099-03-31,04a1b2c3d4", ",04a1b2c3d4"))]:
            out = roster(house, GOOD.replace(*other))
            assert out.returncode == 1 and f"row 2, {name}: must be given for a zone of class 3" in out.stdout, (name, out.stdout)
        out = roster(house, GOOD, "--reason", "")
        assert out.returncode == 1 and "row 3, reason: must be given" in out.stdout, out.stdout
        assert ok(house.command("person.list"))["items"] == []
        assert roster(house, GOOD).returncode == 0
        for name in ("until", "office", "reason"):
            right = {"person": "p-1", "schedule": "always", "approver": "test-auditor", **RIGHT, "applicant": "p-2"}
            del right[name]
            answer = house.command("authorization.grant", **right)
            assert not answer["ok"] and answer["detail"] == f"{name}: must be given for a zone of class 3", answer
        ok(house.command("authorization.grant", person="p-1", schedule="always", zone="outside", applicant="p-2", approver="test-auditor"))


def planned(build):
    """What counts from a later day counts from that day: not in today's lists, and not by another change of today."""
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        later = (datetime.datetime.utcnow() + datetime.timedelta(days=30)).strftime("%Y-%m-%d")
        api.post("/people/p-1/update", company="移籍先", effective=later, reason="異動予定")
        api.post("/occupancy/p-1/correct", "operator", zone="server", reason="目視")
        api.post("/occupancy/p-1/correct", "reception", zone="server", reason="目視")
        inside = house.get("/api/v1/occupancy", "auditor")[1]["items"]
        assert [p["company"] for p in inside] == ["みほん運用"], inside
        api.post("/people/p-1/update", chain=["元請"], reason="訂正")
        assert (api.get("/people/p-1")["company"], api.get("/people/p-1")["chain"]) == ("みほん運用", ["元請"]), api.get("/people/p-1")
        then = {p["person"]: p["company"] for p in api.get(f"/people?at={later}T12:00:00Z")["items"]}
        assert then["p-1"] == "移籍先", then
        api.post("/credentials/c-1/return", "reception", effective=later, reason="返却予定")
        assert api.get("/credentials/c-1")["enabled"] is True
        api.post("/credentials/c-1/lose", "reception", reason="今日紛失")  # a card that will be returned can be lost before
        assert api.get("/credentials/c-1")["because"] == "pt:CredentialLost"


def ended(build):
    """A revoked right says when; nothing new is given to somebody who has left; a lost card is found before it is enabled."""
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        assert api.get("/authorizations/a-1")["ends"] == "2099-03-31T15:00:00.000000Z"
        api.post("/authorizations/a-1/revoke", "approver", reason="異動")
        ends = api.get("/authorizations/a-1")["ends"]
        assert ends[:13] in {(datetime.datetime.utcnow() - datetime.timedelta(minutes=m)).strftime("%Y-%m-%dT%H") for m in (0, 5)}, ends
        api.post("/credentials/c-2/lose", "reception", reason="紛失")
        assert "credential.find" in api.post("/credentials/c-2/disable", "reception", 409, because="")["detail"]
        api.post("/credentials/c-2/find", "reception", reason="発見")
        api.post("/credentials/c-2/disable", "reception", because="", reason="確認済み")
        yesterday = (datetime.datetime.utcnow() + datetime.timedelta(hours=9) - datetime.timedelta(days=1)).strftime("%Y-%m-%d")
        api.post("/people/p-2/end", "reception", until=yesterday, reason="退職")
        assert "has left" in api.post("/credentials", "reception", 409, person="p-2", card="04dd09")["detail"]
        assert "has left" in api.post("/authorizations", "approver", 409, person="p-2", schedule="always", **RIGHT)["detail"]


def lost_secrets(build):
    """A key or vault made anew beside a roster rings; a first start does not, nor does the next one."""
    with House(build, site()) as house:
        assert not [s for s in alarms(house) if s in ("system:site.key", "system:vault")]
        assert roster(house, GOOD).returncode == 0
        for name, source in (("site.key", "system:site.key"), ("vault.db", "system:vault")):
            assert house.stop("collector") == 0
            for path in house.state.glob(name + "*"):
                path.unlink()
            house.start_collector()
            if name == "vault.db":  # the accounts are gone with it
                house.tokens["operator"] = house.make_token("operator")
            rings = until(source, lambda: house.is_well() and alarms(house).get(source))
            assert rings["severity"] == "critical" and rings["acknowledged"] is False and "made anew" in rings["detail"], rings
        assert house.stop("collector") == 0
        house.start_collector()
        kept = until("the dashboard is back", lambda: house.is_well() and alarms(house))
        assert kept["system:vault"]["acknowledged"] is False and len(house.all_items("/api/v1/alarms")) == 2, kept


if __name__ == "__main__":
    globals()[sys.argv[2]](sys.argv[1])
    print("ok")
