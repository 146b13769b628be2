#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people type, from the outside: in the vault, proved by the log, shown to who may read it, erasable, and then found nowhere.
Usage: words.py BUILD_DIR CASE"""
import hashlib
import hmac
import pathlib
import sqlite3
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, envelope, until  # noqa: E402
from registers import VISIT, Desk, permit_fields, stamp, visit_fields  # noqa: E402
from rights import Api  # noqa: E402
from roster import GOOD, alarms, publish, roster, site  # noqa: E402

TAGS = {"reason": 0x0053, "comment": 0x0054}


def holding(house, *texts):
    """Files of the state directory, and logs of programs, that hold one of the texts."""
    return sorted({path.name for path in house.dir.rglob("*") if path.is_file()
                   for text in texts for data in [path.read_bytes()]
                   if text.encode() in data or text.encode("utf-16-le") in data or text.encode().hex().encode() in data.lower()})


def records(house, event, role="auditor"):
    return [r for r in house.all_items("/api/v1/records?limit=1000", role) if r["event"] == event]


def proves(body, name):
    words = struct.pack(">H", TAGS[name]) + body[name].encode()
    return hmac.new(bytes.fromhex(body[name + "_salt"]), words, hashlib.sha256).hexdigest() == body[name + "_commit"]


def verify(house):
    return subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)


def typed(build):
    reason, comment = "Tanaka Jiro phoned about it", "Suzuki Ichiro goes there"
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        api = Api(house)
        api.post("/people/p-1/update", "reception", company="A", reason=reason)
        until("the door session is subscribed", lambda: (publish(house, envelope(1, 1, Card="04ffffffff")), alarms(house))[1], 60)
        alarm = sorted(alarms(house).values(), key=lambda a: int(a["occurrence"]))[-1]["occurrence"]
        api.post(f"/alarms/{alarm}/acknowledge", "operator", occurrence=alarm, comment=comment)
        changed, acked = records(house, "person.updated")[0], records(house, "alarm.acknowledged")[0]
        assert changed["body"]["reason"] == reason and proves(changed["body"], "reason"), changed
        assert acked["body"]["comment"] == comment and proves(acked["body"], "comment"), acked
        assert set(holding(house, reason, comment)) <= {"vault.db", "vault.db-wal"}, holding(house, reason, comment)

        # too long is refused with the limit and the length, and nothing is recorded of it
        before = len(records(house, "person.updated"))
        problem = api.post("/people/p-1/update", "reception", 400, company="B", reason="a" * 1025)
        assert "reason" in problem["detail"] and "1024" in problem["detail"] and "1025" in problem["detail"], problem
        problem = house.command("alarm.comment", occurrence=alarm, comment="あ" * 342)
        assert problem["error"] == "parse" and "comment" in problem["detail"] and "1026" in problem["detail"], problem
        assert len(records(house, "person.updated")) == before
        longest = "い" * 341 + "x"
        api.post("/people/p-1/update", "reception", company="C", reason=longest)
        assert records(house, "person.updated")[0]["body"]["reason"] == longest

        # restart, erase, verify
        house.kill_collector()
        house.start_collector()
        assert records(house, "person.updated")[1]["body"]["reason"] == reason
        out = verify(house)
        assert out.returncode == 0 and "erased" in out.stdout, out
        commit = changed["body"]["reason_commit"]
        api.post(f"/words/{commit}/erase", "operator", 403, reason="r")
        api.post(f"/words/{commit}/erase", status=400)
        api.post(f"/words/{commit}/erase", reason="on request")
        api.post(f"/words/{commit}/erase", status=404, reason="on request")
        body = records(house, "person.updated")[1]["body"]
        assert body["reason"] is None and body["reason_commit"] == commit and "reason_salt" not in body, body
        assert not holding(house, reason), holding(house, reason)
        done = records(house, "op.command")[0]["body"]
        assert (done["command"], done["object"], done["reason"]) == ("words.erase", commit, "on request"), done
        assert verify(house).returncode == 0

        # a text that was changed behind our back is found
        house.stop("dashboard")
        house.stop("collector")
        with sqlite3.connect(house.state / "vault.db") as db:
            assert db.execute("UPDATE words SET text = 'Suzuki Ichiro went home' WHERE text = ?", (comment,)).rowcount == 1
        db.close()
        out = verify(house)
        assert out.returncode == 1 and "not what was typed" in out.stderr, (out.returncode, out.stdout, out.stderr)


def erased_person(build):
    """Somebody leaves and is erased: his name goes from his rows and from entries that refer to him; where it was typed is listed, and once a
    human being erased that too it is found in no file."""
    name, kana = "禁忌 三四郎", "キンキ サンシロウ"
    csv = GOOD + f"E-3,{name},{kana},contractor,みほん空調,2026-04-01,2099-03-31,04a1b2c3d6,PRINTED-3,server,always\n"
    with House(build, site()) as house:
        assert roster(house, csv).returncode == 0
        (house.dir / "people.csv").unlink()
        api, desk = Api(house), Desk(house)
        visit = visit_fields(person="p-3", name="禁忌　三四郎", furigana="きんき", host="p-1")
        desk.open("reception", "visits", visit)
        desk.open("reception", "visits", dict(visit, person=None, host="p-3", name="客 一郎", host_name=name, purpose="禁忌さんと打合せ"))
        desk.open("reception", "visits", dict(visit, person=None, host="p-1", name="禁忌三四郎"))  # of the same name; perhaps another
        desk.open("operator", "permits", permit_fields(worker_names=["下請 三郎", name], workers=["p-3"], applicant="p-3"))
        desk.open("operator", "keys", {"key": "K-1", "holder": "p-3", "holder_name": "禁忌", "purpose": "点検", "until": stamp(60)})
        api.post("/people/p-3/end", "reception", until="2026-04-02", reason="三四郎さん退職")
        assert len(holding(house, "三四郎")) > 0

        done = api.post("/people/p-3/erase", reason="保存期間満了")
        assert sorted(done["entries"]) == ["ky-1", "pm-1", "vs-1", "vs-2"], done
        places = sorted((r.get("entry"), r.get("field")) if "entry" in r else (r["kind"], "") for r in done["remains"])
        assert places == [("reason", ""), ("vs-2", "purpose"), ("vs-3", "name")] and done["remain_count"] == 3, done
        first, second = desk.look("reception", "visits", "vs-1"), desk.look("reception", "visits", "vs-2")
        assert first["erased"] and first["personal"] == {"host_name": VISIT["host_name"]} and first["fields"]["purpose"] == VISIT["purpose"], first
        assert second["personal"]["name"] == "客 一郎" and "host_name" not in second["personal"], second
        assert desk.look("reception", "permits", "pm-1")["personal"] == {"worker_names": ["下請 三郎"]}
        again = api.post("/words/find", text="三四郎")
        assert again["remain_count"] == 2 and again["entries"] == [], again
        api.post("/words/find", "operator", 403, text="三四郎")
        api.post("/words/find", status=400, text="三")

        for place in {r.get("words") or r["entry"] for r in done["remains"]}:
            api.post(f"/words/{place}/erase", reason="氏名の記載")
        third = desk.look("reception", "visits", "vs-3")
        assert third["erased"] and third["erased_fields"] == ["purpose"] and third["personal"] == {} and "purpose" not in third["fields"], third
        assert third["fields"]["company"] == VISIT["company"], third
        for text in ("禁忌", "三四郎", "キンキ", "サンシロウ", "きんき", "PRINTED-3"):
            assert not holding(house, text), (text, holding(house, text))
        house.kill_collector()
        house.start_collector()
        assert desk.look("reception", "visits", "vs-1")["personal"] == first["personal"]
        house.stop("dashboard")
        house.stop("collector")
        for text in ("禁忌", "三四郎", "キンキ", "サンシロウ", "きんき", "PRINTED-3"):
            assert not holding(house, text), (text, holding(house, text))
        out = verify(house)
        assert out.returncode == 0 and "erased in part 3" in out.stdout, out


if __name__ == "__main__":
    {"typed": typed, "erased_person": erased_person}[sys.argv[2]](sys.argv[1])
