# SPDX-License-Identifier: Apache-2.0
"""Who may enter, from the outside: every act of the roster through the API, the controllers' own lists, lost cards, reviews."""
import json
import os
import pathlib
import socket
import sys
import subprocess
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, envelope, until  # noqa: E402
from roster import GOOD, alarms, entry, ok, publish, refused, roster, site  # noqa: E402


class Api:
    """Requests by role; the path is below /api/v1."""

    def __init__(self, house):
        self.house = house
        for role in ("reception", "approver"):
            house.tokens[role] = house.make_token(role)

    def post(self, path, role="administrator", status=200, **body):
        got = self.house.request("POST", "/api/v1" + path, role, body)
        assert got[0] == status, (path, role, body, got)
        return got[1]

    def get(self, path, role="auditor", status=200):
        got = self.house.get("/api/v1" + path, role)
        assert got[0] == status, (path, role, got)
        return got[1]


def every_act(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        days = [{"days": ["mon", "tue"], "from": "08:00", "to": "24:00"}]
        api.post("/schedules", schedule="day", ranges=days)
        shown = {s["schedule"]: s["ranges"] for s in api.get("/schedules")["items"]}
        assert shown["day"] == days and shown["always"][0]["to"] == "24:00", shown
        api.post("/zones/server/rule", passback="timed", passback_s=60)
        api.post("/zones/server/rule", people_min=2, together_s=45, occupancy_min=1, occupancy_max=9, papers="required", reason="細則")
        api.post("/ways", door="d1", walk_s=4)
        api.post("/ways", **{"from": "outside", "to": "server"}, walk_s=3)
        api.post("/doors/d1/rule", direction="entry", schedule="day", factors=["pt:Card", "PIN"])
        rules = {r["rule"]: r for r in api.get("/rules")["items"]}
        zone = [r for r in rules.values() if r.get("zone") == "server"][0]
        door = [r for r in rules.values() if r.get("door") == "d1" and "factors" in r][0]
        ways = {(r.get("door"), r["from"], r["to"], r["walk_s"]) for r in rules.values() if "walk_s" in r}
        assert ways >= {(None, "outside", "server", 3), ("d1", "outside", "server", 4)}, rules
        assert {k: zone[k] for k in ("people_min", "together_s", "occupancy_min", "occupancy_max", "papers")} == \
            {"people_min": 2, "together_s": 45, "occupancy_min": 1, "occupancy_max": 9, "papers": "required"}, "what a later rule does not say stays"
        assert (zone["passback"], zone["passback_s"]) == ("timed", 60) and door["factors"] == ["pt:Card", "PIN"], rules
        pages, cursor = [], ""
        while cursor is not None:  # pages of one, zones and doors in turn, nothing twice
            page = api.get("/rules?limit=1" + (f"&cursor={cursor}" if cursor else ""))
            pages, cursor = pages + [r["rule"] for r in page["items"]], page["next"]
        assert sorted(pages) == sorted(rules) and len(pages) == len(rules), pages
        before = api.get("/people/p-2")
        assert before["company"] == "みほん空調" and before["chain"] == [], before
        then = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".%06dZ" % int(time.time() % 1 * 1e6)
        for bad in ("元請", ["a > b"], [""], ["x"] * 9, [1]):
            api.post("/people/p-2/update", "reception", 400, chain=bad)
        api.post("/people/p-2/update", "reception", company="みほん電気", chain=["みほん建設", "みほん設備"], reason="転籍")
        api.post("/people/p-2/end", "approver", until="2090-11-30")
        after = api.get("/people/p-2")
        assert (after["company"], after["until"], after["name"]) == ("みほん電気", "2090-11-30", "内緒, 次郎"), after
        assert after["chain"] == ["みほん建設", "みほん設備"], "what is not named stays, through the change of his last day"
        api.post("/people/p-2/update", "reception", furigana=None, chain=None, until=None, company="")
        emptied = api.get("/people/p-2")
        assert not emptied.get("furigana") and not emptied["company"] and emptied["chain"] == [] and not emptied.get("until"), emptied
        assert (emptied["name"], emptied["kind"]) == ("内緒, 次郎", "contractor"), "what is not said stays"
        for bad in ({"name": None}, {"name": ""}, {"kind": None}):
            api.post("/people/p-2/update", "reception", 400, **bad)
        api.post("/people/p-2/end", "reception", 400, until=None)
        api.post("/people/p-2/update", "reception", company="みほん電気", chain=["みほん建設", "みほん設備"], until="2090-11-30")
        old = {p["person"]: p for p in api.get("/people?at=" + then)["items"]}
        assert (old["p-2"]["company"], old["p-2"]["chain"]) == ("みほん空調", []), "the company as it was at the time"
        api.post("/credentials/c-2/disable", "operator", because="pt:CredentialBlocked")
        assert api.get("/credentials/c-2")["because"] == "pt:CredentialBlocked"
        api.post("/credentials/c-2/disable", "operator", because="")
        api.post("/credentials/c-2/lose", "operator", reason="紛失届")
        assert api.get("/credentials/c-2")["because"] == "pt:CredentialLost"
        api.post("/credentials/c-2/return", "reception")
        api.post("/credentials/c-2/disable", "operator", 409, because="")
        api.post("/authorizations/a-2/revoke", "approver", reason="異動")
        api.post("/people/import", csv="ref\n1\n", approver="test-auditor", dry_run=True)
        for path, role in [("/people/p-2/update", "operator"), ("/people/p-2/end", "viewer"), ("/credentials/c-1/lose", "auditor"),
                           ("/credentials/c-1/return", "operator"), ("/authorizations/a-1/revoke", "reception"), ("/schedules", "approver"),
                           ("/zones/server/rule", "operator"), ("/doors/d1/rule", "reception"), ("/people/import", "reception"), ("/ways", "operator")]:
            api.post(path, role, 403)
        for path, status, body in [("/people/p-9/end", 404, {"until": "2090-01-01"}), ("/people/p-1/end", 400, {}),
                                   ("/people/p-1/end", 400, {"person": "p-2", "until": "2090-01-01"}), ("/zones/moon/rule", 404, {"passback": "none"}),
                                   ("/zones/server/rule", 400, {"passback": "maybe"}), ("/doors/d9/rule", 404, {"direction": "entry", "schedule": "day"}),
                                   ("/ways", 404, {"door": "d9", "walk_s": 1}), ("/ways", 400, {"door": "d1"}), ("/ways", 404, {"from": "server", "to": "server", "walk_s": 1}),
                                   ("/zones/server/rule", 400, {"people_min": 21}), ("/zones/server/rule", 400, {"papers": "maybe"}),
                                   ("/zones/server/rule", 400, {"occupancy_max": 1}),
                                   ("/credentials/c-9/lose", 404, {}), ("/authorizations/a-9/revoke", 404, {})]:
            api.post(path, status=status, **body)
        done = {(r["event"], r["body"].get("actor")) for r in house.all_items("/api/v1/records?class=roster", "auditor")}
        assert done >= {("person.ended", "test-approver"), ("credential.state", "test-reception"), ("schedule.put", "test-administrator"),
                        ("authorization.revoked", "test-approver"), ("door.rule", "test-administrator")}, done
        ok(house.command("status"))


def with_files(house, cmd, descriptors, **args):
    """A command whose long part is a descriptor that travels with the line."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(str(house.state / "control.sock"))
        s.sendall(b'{"hello":"command","version":1}\n')
        line = json.dumps({"cmd": cmd, "args": args}).encode() + b"\n"
        socket.send_fds(s, [line], descriptors)
        return json.loads(s.makefile().readline())


def with_text(house, cmd, text, **args):
    with tempfile.TemporaryFile(dir=house.dir) as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        return with_files(house, cmd, [file.fileno()], **args)


def long_files(build):
    head = GOOD.splitlines(keepends=True)[0]
    rows = "".join(f"E-{i},人 {i},ヒト,staff,みほん運用,2026-04-01,2099-03-31,{0x04a1000000 + i:010x},{i:04d},server,always\n" for i in range(2000))
    assert len((head + rows).encode()) > 120_000
    with House(build, site(), with_dashboard=False) as house:
        fds = pathlib.Path(f"/proc/{house.processes['collector'].pid}/fd")
        approver = {"approver": house.make_token("auditor") and "test-auditor"}

        def refused_as(answer, word):
            assert not answer["ok"] and answer["detail"].startswith("csv: ") and word in answer["detail"], answer

        out = roster(house, head + rows + "E-1,二人目,,staff,,,,,,,\n")
        assert out.returncode == 1 and "row 2002, ref:" in out.stdout, (out.stdout, out.stderr)
        assert ok(house.command("person.list"))["items"] == []
        read_end, write_end = os.pipe()
        refused_as(with_files(house, "roster.import", [read_end], **approver), "regular file")
        os.close(read_end)
        os.close(write_end)
        refused_as(with_text(house, "roster.import", b"x" * (4 << 20) + b"y", **approver), "4 MiB")
        refused_as(with_text(house, "roster.import", b"ref\0name", **approver), "NUL")
        refused_as(with_text(house, "roster.import", GOOD, csv=GOOD, **approver), "one of the two")
        refused_as(house.command("roster.import", **approver), "one of the two")
        with tempfile.TemporaryFile(dir=house.dir) as file:  # a command that wants none closes it, also when several come
            assert with_files(house, "status", [file.fileno()])["ok"] and with_files(house, "status", [file.fileno()] * 3)["ok"]
        out = roster(house, "\ufeff" + head + rows)
        assert out.returncode == 0 and "2000 rows, 0 mistakes: imported" in out.stdout, (out.stdout, out.stderr)
        assert ok(house.command("person.get", person="p-2000"))["name"] == "人 1999"
        house.command("status")

        def passed():  # unlinked temporary files, and the file of the command line
            return [link for link in (os.readlink(fd) for fd in fds.iterdir()) if link.endswith(("(deleted)", "people.csv"))]
        until("no descriptor that was passed is left open", lambda: passed() == [])


def ago(**parts):
    seconds = parts.get("s", 0) + 60 * parts.get("min", 0) + 3600 * parts.get("h", 0)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))


def take_list(house, text, **args):
    return ok(with_text(house, "list.import", text, controller="dc1", **args))


def kinds(house):
    return {d.get("credential", d["identifier_hmac"][:6]): d["difference"] for d in ok(house.command("list.differences"))["items"]}


LIST_BAD = [  # the row that is added, the field that must be named
    ("xyz,,,,\n", "card"), (",c-9,,,\n", "credential"), ("04a1b2c3d4,c-1,,,\n", "card"), (",,,,d1\n", "card"), ("04a1b2c3d4,,,,\n", "card"),
    ("aa,,2026-02-30,,\n", "from"), ("aa,,,tomorrow,\n", "until"), ("aa,,,,d9\n", "doors"), ("aa,,\n", ""),
]
LIST_HEAD = "card,credential,from,until,doors\n"


def controllers_lists(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        shown = api.get("/lists")["items"]
        assert [(i["controller"], i["taken"], i["stale"]) for i in shown] == [("dc1", None, True)], shown
        assert "list:dc1/stale" not in alarms(house), "a controller that never gave a list is shown as such and rings nothing"
        good = LIST_HEAD + "04a1b2c3d4,,,2099-03-31,d1\n,c-2,,,\n"
        for row, field in LIST_BAD:
            got = take_list(house, good + row)
            assert not got["stored"] and [(b["row"], b["field"]) for b in got["bad"]] == [(4, field)], (row, got)
        refused(with_text(house, "list.import", good, controller="d1"), "not_found")
        refused(with_text(house, "list.import", good, controller="dc1", taken=ago(h=-1)), "parse")
        assert take_list(house, good, dry_run=True)["stored"] is False
        assert take_list(house, LIST_HEAD)["bad_count"] == 1 and take_list(house, '{"rows":[]}')["bad_count"] == 1, "cut off, not empty"
        assert api.get("/lists")["items"][0]["received_lists"] == "0"

        # drawn up 30 h ago: stale at once; one unknown card, one with another end, one missing
        first = take_list(house, LIST_HEAD + "04a1b2c3d4,,,2030-03-31,d1\n0badcafe,,,,d1\n", taken=ago(h=30), reason="月次")
        assert first == {"rows": 2, "dry_run": False, "stored": True, "bad_count": 0, "bad": []}, first
        found = kinds(house)
        assert found.pop("c-1") == "differs" and found.pop("c-2") == "missing" and list(found.values()) == ["unknown"], found
        rung = until("stale and unknown ring", lambda: (a := alarms(house)) and {"list:dc1/stale", "list:dc1/unknown"} <= a.keys() and a)
        assert (rung["list:dc1/stale"]["severity"], rung["list:dc1/unknown"]["condition"]) == ("medium", "Access"), rung
        refused(with_text(house, "list.import", good, controller="dc1", taken=ago(h=31)), "conflict")

        # the next one is in order, as JSON; then a right ends and the card stands there still
        as_json = json.dumps({"rows": [{"card": "04a1b2c3d4", "until": "2099-03-31", "doors": ["d1"]}, {"credential": "c-2"}]})
        take_list(house, as_json, taken=ago(h=2))
        assert kinds(house) == {}
        until("both return", lambda: not any(a["active"] for s, a in alarms(house).items() if s.startswith("list:")))
        api.post("/authorizations/a-2/revoke", "approver", reason="異動")
        until("the roster's change is compared", lambda: kinds(house) == {"c-2": "still_permitted"})
        item = api.get("/differences?controller=dc1")["items"][0]
        assert item["person"] == "p-2" and item["name"] == "内緒, 次郎" and item["roster"]["permitted"] is False and item["since"], item
        assert "list:dc1/permitted" not in alarms(house), "not over its limit yet"

        # who could enter, by both: now, an hour ago, long before
        rows = {r["credential"]: r for r in api.get("/reports/access?zone=server")["items"]}
        assert (rows["c-1"]["compared"], rows["c-2"]["compared"]) == ("same", "controller_only"), rows
        assert rows["c-1"]["approver"] == "test-auditor" and rows["c-1"]["controllers"][0]["since"], rows
        old = api.get("/reports/access?zone=server&at=" + ago(h=29))
        assert [i for i in old["items"] if i["credential"] == "c-2"] == [] and len(old["unknown_cards"]) == 1, old
        assert api.get("/reports/access?zone=moon", status=404)
        assert api.get("/reports/access", status=400)

        before = (api.get("/lists"), api.get("/differences"), api.get("/lists/dc1/rows"))
        house.kill_collector()
        house.start_collector()
        after = until("the dashboard is back", lambda: house.is_well() and (api.get("/lists"), api.get("/differences"), api.get("/lists/dc1/rows")))
        assert before == after, (before, after)
        assert [r["credential"] for r in after[2]["items"]] and len(after[2]["items"]) == 2, after[2]
        assert len(api.get("/lists/dc1/rows?at=" + ago(h=29))["items"]) == 2
        path = house.dir / "list.csv"
        path.write_text(LIST_HEAD + ",c-1,,2099-03-31,d1\n,c-9,,,\n")
        cli = [house.build / "collector/cli/sekisho", "list"]
        said = {"capture_output": True, "text": True, "env": {"LANG": "C"}}
        out = subprocess.run([*cli, "import", "dc1", path, "--state", house.state, "--dry-run"], **said)
        assert out.returncode == 1 and "row 3, credential:" in out.stdout, (out.stdout, out.stderr)
        assert subprocess.run([*cli, "import", "dc1", "--state", house.state], **said).returncode == 2
        out = subprocess.run([*cli, "differences", "--controller", "dc1", "--state", house.state], **said)
        assert out.returncode == 0 and json.loads(out.stdout)["items"][0]["credential"] == "c-2", (out.stdout, out.stderr)
        path.write_text(LIST_HEAD + ",c-1,,2099-03-31,d1\n")
        out = subprocess.run([*cli, "import", "dc1", path, "--state", house.state], **said)
        assert out.returncode == 0 and "1 rows, 0 mistakes: imported" in out.stdout, (out.stdout, out.stderr)  # the revocation has arrived
        assert kinds(house) == {}
        shown = api.get("/lists")["items"][0]
        assert (shown["received_lists"], shown["rows"], shown["stale"]) == ("3", 1, False), shown
        records = [r for r in house.all_items("/api/v1/records?class=roster", "auditor") if r["event"].startswith("list.")]
        assert {r["event"] for r in records} == {"list.rows", "list.received", "list.compared"}, records
        assert all(r["controller"] == "dc1" for r in records), records
        house.stop("dashboard")
        house.stop("collector")
        stored = b"".join(path.read_bytes() for path in house.state.glob("log.db*"))
        assert b"04a1b2c3d4" not in stored and bytes.fromhex("04a1b2c3d4") not in stored and bytes.fromhex("0badcafe") not in stored
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stdout + verify.stderr


def lost_card(build):
    limits = {"roster": {"revoked_gone_min": 1, "lost_gone_min": 60}}
    with House(build, {**site(), **limits}) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        take_list(house, LIST_HEAD + ",c-1,,,d1\n,c-2,,,d1\n", taken=ago(h=3))
        assert "run" not in api.get("/credentials/c-1")
        api.post("/credentials/c-1/lose", "operator", 400, noticed=ago(min=1), told=ago(min=2))
        api.post("/credentials/c-1/lose", "operator", 400, told="yesterday")
        assert api.get("/credentials/c-1")["enabled"], "what is refused changes nothing"
        api.post("/credentials/c-1/find", "operator", 409)
        api.post("/credentials/c-1/lose", "operator", noticed=ago(h=2), told=ago(min=10), reason="電話")
        run = api.get("/credentials/c-1")["run"]
        assert run["noticed"] and run["told"] and run["suspended"] and run["late"] == "", run
        assert [(c["controller"], c["state"]) for c in run["controllers"]] == [("dc1", "no_newer_list")], run
        assert kinds(house) == {"c-1": "still_permitted"} or until("compared", lambda: kinds(house) == {"c-1": "still_permitted"})
        publish(house, envelope(5, 1))
        entry(house, 1)
        used = until("its use rings", lambda: alarms(house).get("card:c-1/used"))
        assert (used["severity"], used["detail"], used["active"]) == ("critical", "d1", False), used
        run = api.get("/credentials/c-1")["run"]
        assert run["used_after"] == "1" and run["first_used_after"] == run["last_used_after"], run
        take_list(house, LIST_HEAD + ",c-2,,,d1\n")
        run = api.get("/credentials/c-1")["run"]
        assert run["controllers"][0]["state"] == "gone" and run["controllers"][0]["gone"] > run["suspended"], run
        api.post("/credentials", "reception", 409, person="p-1", card="0badcafe", replaces="c-2")
        new = api.post("/credentials", "reception", person="p-1", card="0badcafe", replaces="c-1")["credential"]
        api.post("/credentials/c-1/find", "reception", reason="届いた")
        # told an hour and a half ago, and a list that is older than the loss: suspended too late, and no proof that it is gone
        api.post("/credentials/c-2/lose", "operator", told=ago(min=90))
        late = until("the limit rings", lambda: alarms(house).get("card:c-2/late"))
        assert late["detail"] == "suspended" and late["severity"] == "high", late
        before = (api.get("/credentials/c-1")["run"], api.get("/credentials/c-2")["run"])
        house.kill_collector()
        house.start_collector()
        until("the dashboard is back", house.is_well)
        assert before == (api.get("/credentials/c-1")["run"], api.get("/credentials/c-2")["run"])
        assert before[0]["replaced_by"] == new and before[0]["found"] and before[0]["over"] is None, before[0]
        api.post("/credentials/c-1/return", "reception")
        assert api.get("/credentials/c-1")["run"]["over"]
        api.post("/credentials/c-2/return", "reception")
        until("the alarm returns", lambda: not alarms(house)["card:c-2/late"]["active"])
        done = [r["event"] for r in house.all_items("/api/v1/records?class=roster", "auditor") if r["event"].startswith("card.")]
        assert sorted(done) == ["card.found", "card.gone", "card.lost", "card.lost", "card.replaced", "card.used"], done


def reviews(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        publish(house, envelope(5, 1, "tns1:AccessControl/AccessTaken/Credential"))
        entry(house, 1)
        unused = api.get("/unused?days=0")["items"]
        assert [u["authorization"] for u in unused] == ["a-2"], unused
        assert api.get("/unused?days=90")["items"] == [], "a right younger than that is not unused"
        api.post("/reviews", "approver", 400, due="2020-01-01")
        api.post("/reviews", "approver", 404, due="2099-01-01", zone="outside")
        api.post("/reviews", "reception", 403, due="2099-01-01")
        v = api.post("/reviews", "auditor", due="2099-01-01", zone="server", reason="上期")["review"]
        api.post("/people", name="後から", kind="staff")
        api.post("/authorizations", "approver", person="p-3", zone="server", schedule="always", applicant="test-reception", until="2099-03-31",
                 office="運用部", reason="担当")
        rows = api.get(f"/reviews/{v}/rows")["items"]
        assert [(r["authorization"], bool(r["last_used"]), r["needs_second"]) for r in rows] == [("a-1", True, True), ("a-2", False, True)], rows
        row = f"/reviews/{v}/rows/a-%d/%s"
        api.post(row % (1, "decide"), "approver", 400, decision="keep")
        api.post(row % (1, "decide"), "approver", 400, decision="approve-all", reason="x")
        api.post(row % (3, "decide"), "approver", 404, decision="keep", reason="later than the snapshot")
        api.post(row % (1, "decide"), "auditor", 403, decision="keep", reason="x")
        api.post("/people/p-1/update", "reception", ref="test-administrator")  # the holder of a-1 is the administrator
        api.post(row % (1, "decide"), "administrator", 409, decision="keep", reason="my own")
        api.post(row % (1, "decide"), "approver", decision="keep", reason="担当継続")
        api.post(row % (2, "decide"), "approver", decision="revoke", reason="未使用")
        assert api.get("/authorizations/a-2")["until"] <= time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * 2))
        assert api.get("/reports/access?zone=server")["items"][-1]["person"] != "p-2"
        api.post(f"/reviews/{v}/close", "auditor", 409)
        api.post(row % (1, "verify"), "approver", 409, decision="agree")
        api.post(row % (1, "verify"), "administrator", 409, decision="agree")  # is the holder
        api.post(row % (2, "verify"), "administrator", decision="disagree", reason="夜間に使う")
        api.post(row % (2, "decide"), "approver", decision="revoke", reason="夜間は別の権限")
        api.post(row % (2, "verify"), "administrator", decision="agree")
        assert [r["authorization"] for r in api.get(f"/reviews/{v}/rows?open=1")["items"]] == ["a-1"]
        house.tokens["second"] = subprocess.run([house.build / "collector/cli/sekisho", "account", "--state", house.state, "--account", "second",
                                                 "--roles", "approver"], capture_output=True, text=True, check=True).stdout.strip()
        assert api.post(row % (1, "verify"), "second", decision="agree")["open"] == 0
        before = (api.get(f"/reviews/{v}"), api.get(f"/reviews/{v}/rows"))
        house.kill_collector()
        house.start_collector()
        until("the dashboard is back", house.is_well)
        assert before == (api.get(f"/reviews/{v}"), api.get(f"/reviews/{v}/rows"))
        api.post(f"/reviews/{v}/close", "auditor")
        api.post(row % (1, "decide"), "approver", 409, decision="keep", reason="closed")
        shown = api.get("/reviews")["items"]
        assert [(r["rows"], r["decided"], r["revoked"], r["open"], r["overdue"]) for r in shown] == [(2, 2, 1, 0, False)], shown
        assert shown[0]["closed"] and shown[0]["median_row_s"] > 0, shown
        done = [r for r in house.all_items("/api/v1/records?class=roster", "auditor") if r["event"].startswith("review.")]
        assert [r["event"] for r in done].count("review.decided") == 3 and {r["body"]["entity_id"] for r in done} == {v}, done


def consents_lending_leaving(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        api.post("/people/p-1/biometrics", "reception", 400, factor="pt:Card", reference="r1", consent="2026-04-01")
        api.post("/people/p-1/biometrics", "reception", 400, factor="Vein", reference="指の静脈", consent="2026-04-01")
        api.post("/people/p-1/biometrics", "reception", 400, factor="Vein", reference="slot-12", consent="2099-04-01")
        api.post("/people/p-1/biometrics", "reception", 400, factor="Vein", reference="slot-12")
        b = api.post("/people/p-1/biometrics", "reception", factor="Vein", reference="slot-12", consent="2026-04-01")["biometric"]
        assert api.get("/people/p-1")["biometrics"] == [{"biometric": b, "factor": "Vein", "reference": "slot-12", "consent": "2026-04-01",
                                                         "withdrawn": None}]
        api.post(f"/biometrics/{b}/withdraw", "reception", reason="本人申出")
        api.post(f"/biometrics/{b}/withdraw", "reception", 409)
        assert api.get("/people/p-1")["biometrics"][0]["withdrawn"]

        yesterday = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
        api.post("/credentials", "reception", 400, person="p-1", card="0badcafe", temporary=True)
        card = api.post("/credentials", "reception", person="p-1", card="0badcafe", temporary=True, until=yesterday)["credential"]
        lent = until("it is over and not returned", lambda: alarms(house).get("card:temporary/overdue"))
        assert card in lent["detail"] and api.get("/credentials/" + card)["temporary"], lent
        api.post(f"/credentials/{card}/return", "reception")
        until("it came back", lambda: not alarms(house)["card:temporary/overdue"]["active"], 90)

        api.post("/people/p-2/erase", status=409, reason="退職")
        api.post("/people/p-2/erase", status=400)
        api.post("/people/p-2/end", "reception", until=yesterday)
        left = api.get("/leavers")["items"]
        assert [(i["person"], i["until"], i["not_returned"], i["open_authorizations"], i["used_after"]) for i in left] == \
            [("p-2", yesterday, ["c-2"], ["a-2"], False)], left
        api.post("/people/p-2/erase", reason="保存期間満了")
        gone = api.get("/people/p-2")
        assert "name" not in gone and gone["kind"] == "contractor" and "printed" not in api.get("/credentials/c-2"), gone
        api.post("/people/p-2/update", "reception", 404, company="みほん電気")
        house.stop("dashboard")
        house.stop("collector")
        stored = b"".join(path.read_bytes() for path in house.state.glob("vault.db*"))
        assert "ナイショ".encode() not in stored and "秘密".encode() in stored
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stdout + verify.stderr


def one_person_two_names(build):
    """Two accounts of one person are one wherever another person is asked for; a third account is another person."""
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api, cli = Api(house), house.build / "collector/cli/sekisho"

        def account(name, roles, *more):
            return subprocess.run([cli, "account", "--state", house.state, "--account", name, "--roles", roles, *more], capture_output=True, text=True)

        many = "operator,reception,approver"
        out = account("ghost", many, "--person", "p-9")
        assert out.returncode == 1 and "no such person" in out.stderr, out
        for name, tie in [("day", ["--person", "p-1"]), ("night", ["--person", "p-1"]), ("other", ["--person", "p-2"]), ("free", [])]:
            out = account(name, many, *tie)
            assert out.returncode == 0, out.stderr
            house.tokens[name] = out.stdout.strip()
        assert account("day", many, "--person", "p-2").returncode == 1  # is there already, and is another's
        assert [api.get("/session", name)["person"] for name in ("night", "other", "free")] == ["p-1", "p-2", ""]
        made = {r["body"]["object"]: r["body"].get("person") for r in house.all_items("/api/v1/records?class=operator", "auditor") if r["event"] == "acct.created"}
        assert (made["day"], made["night"], made["other"], made["free"]) == ("p-1", "p-1", "p-2", None), made

        def act(who, path, status=200, **fields):
            return api.post(path, who, status, fields=fields)

        soon, later = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in (0, 3600))
        permit = dict(purpose="x", company="c", zones=["server"], until=later)
        permit["from"] = soon

        def refused(path, *who, **fields):
            for name in who:
                act(name, path, 409, **fields)

        asked = act("day", "/permits", applicant="free", worker_names=["某"], **permit)["id"]
        named = act("free", "/permits", applicant="p-1", worker_names=["某"], **permit)["id"]
        about = act("free", "/permits", applicant="free", workers=["p-2", "p-1"], **permit)["id"]
        refused(f"/permits/{asked}/approved", "day", "night", "free", office="長")
        refused(f"/permits/{named}/approved", "day", "night", "free", office="長")
        refused(f"/permits/{about}/approved", "day", "night", "other", "free", office="長")
        for entry_id in (asked, named):
            act("other", f"/permits/{entry_id}/approved", office="長")
        act("approver", f"/permits/{about}/approved", office="長")
        short = api.post("/permits", "day", register="emergency", fields=dict(
            purpose="漏水", company="c", zones=["server"], workers=["p-2"], applicant="p-2", until=later, **{"from": soon}))["id"]
        refused(f"/permits/{short}/ratified", "day", "night", "other", office="長")
        act("free", f"/permits/{short}/ratified", office="長")

        grant = dict(person="p-2", zone="server", schedule="always", until="2099-03-31", office="長", reason="担当")
        api.post("/authorizations", "night", 409, applicant="day", **grant)
        api.post("/authorizations", "night", 409, applicant="p-1", **grant)
        api.post("/authorizations", "other", 409, applicant="day", **grant)  # his own right
        api.post("/authorizations", "night", applicant="free", **grant)

        move = dict(zone="server", reason="r")
        for name, state in [("day", "waits_for_second_person"), ("night", "waits_for_second_person"), ("free", "done")]:
            assert api.post("/occupancy/p-2/correct", name, **move)["state"] == state, name

        review = api.post("/reviews", "auditor", due="2099-01-01", zone="server", reason="上期")["review"]
        rows = api.get(f"/reviews/{review}/rows")["items"]
        of = {r["person"]: f"/reviews/{review}/rows/{r['authorization']}/" for r in rows}
        for name in ("day", "night"):
            api.post(of["p-1"] + "decide", name, 409, decision="keep", reason="own")
        api.post(of["p-2"] + "decide", "day", decision="keep", reason="要")
        for name in ("day", "night", "other"):
            api.post(of["p-2"] + "verify", name, 409, decision="agree")
        api.post(of["p-2"] + "verify", "free", decision="agree")


CASES = (every_act, long_files, controllers_lists, lost_card, reviews, consents_lending_leaving, one_person_two_names)

if __name__ == "__main__":
    {f.__name__: f for f in CASES}[sys.argv[2]](sys.argv[1])
