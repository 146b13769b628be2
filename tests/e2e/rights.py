# SPDX-License-Identifier: Apache-2.0
"""Who may enter, from the outside: every act of the roster through the API, the controllers' own lists, lost cards, reviews."""
import json
import os
import pathlib
import socket
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, until  # noqa: E402
from roster import GOOD, ok, roster, site  # noqa: E402


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
        api.post("/doors/d1/rule", direction="entry", schedule="day", factors=["pt:Card", "PIN"])
        rules = {r["rule"]: r for r in api.get("/rules")["items"]}
        zone = [r for r in rules.values() if r.get("zone") == "server"][0]
        door = [r for r in rules.values() if r.get("door") == "d1"][0]
        assert (zone["passback"], zone["passback_s"]) == ("timed", 60) and door["factors"] == ["pt:Card", "PIN"], rules
        pages, cursor = [], ""
        while cursor is not None:  # pages of one, zones and doors in turn, nothing twice
            page = api.get("/rules?limit=1" + (f"&cursor={cursor}" if cursor else ""))
            pages, cursor = pages + [r["rule"] for r in page["items"]], page["next"]
        assert sorted(pages) == sorted(rules) and len(pages) == len(rules), pages
        before = api.get("/people/p-2")
        assert before["company"] == "みほん空調", before
        api.post("/people/p-2/update", "reception", company="みほん電気", reason="転籍")
        api.post("/people/p-2/end", "approver", until="2090-11-30")
        after = api.get("/people/p-2")
        assert (after["company"], after["until"], after["name"]) == ("みほん電気", "2090-11-30", "内緒, 次郎"), after
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
                           ("/zones/server/rule", "operator"), ("/doors/d1/rule", "reception"), ("/people/import", "reception")]:
            api.post(path, role, 403)
        for path, status, body in [("/people/p-9/end", 404, {"until": "2090-01-01"}), ("/people/p-1/end", 400, {}),
                                   ("/people/p-1/end", 400, {"person": "p-2", "until": "2090-01-01"}), ("/zones/moon/rule", 404, {"passback": "none"}),
                                   ("/zones/server/rule", 400, {"passback": "maybe"}), ("/doors/d9/rule", 404, {"direction": "entry", "schedule": "day"}),
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
        before = len(list(fds.iterdir()))
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
        until("no descriptor is left open", lambda: len(list(fds.iterdir())) == before)


CASES = (every_act, long_files)

if __name__ == "__main__":
    {f.__name__: f for f in CASES}[sys.argv[2]](sys.argv[1])
