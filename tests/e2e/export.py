# SPDX-License-Identifier: Apache-2.0
"""Exports from the outside: every entry exactly once and as the API shows it, quoting, what is missing, names by role, the records
an export leaves, a client that leaves, one that stalls, and how many may run at once."""
import csv
import datetime
import http.client
import io
import json
import pathlib
import shutil
import subprocess
import sys
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, envelope, until  # noqa: E402

PATH = "/api/v1/entries/export"
PEOPLE = ("ref,name,furigana,kind,company,from,until,card,printed,zones,schedule\n"
          "E-1,秘密 花子,ヒミツ ハナコ,staff,みほん運用,2026-04-01,2099-03-31,04a1b2c3d4,0001,server,always\n"
          "E-2,\"=cmd|' /C calc'!A0\",,contractor,\"@みほん, 空調\",2026-04-01,2099-03-31,04a1b2c3d5,0002,server,always\n")
TAKEN = "tns1:AccessControl/AccessTaken/Credential"


def site():
    made = door_site()
    made["zones"].append({"id": "cage", "class": 3})
    made["doors"][0]["readers"] = [{"id": "r1", "direction": "entry", "address": 1}, {"id": "r2", "direction": "exit", "address": 2}]
    made["doors"].append({"id": "d2", "from": "server", "to": "cage", "controller": "dc1", "token": "d2",
                          "readers": [{"id": "r3", "direction": "entry", "address": 3}]})
    return made


def publish(house, *messages):
    for text in messages:
        subprocess.run([shutil.which("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/ev", "-m", text],
                       check=True)


def fill(house):
    path = house.dir / "people.csv"
    path.write_text(PEOPLE)
    out = subprocess.run([house.build / "collector/cli/sekisho", "roster", "import", path, "--state", house.state, "--approver", "test-auditor",
                          "--office", "運用部", "--reason", "登録"],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
    publish(house, envelope(5, 1), envelope(5, 2, TAKEN), envelope(5, 3, Card="04a1b2c3d5"),
            envelope(5, 4, Door="d2", Reader="r3"), envelope(5, 7), envelope(5, 9), envelope(5, 8), envelope(6, 1))
    until("all are in the log", lambda: len(house.all_items("/api/v1/entries")) == 8)


def export(house, query="", role="auditor"):
    connection = house.connection()
    connection.request("GET", PATH + query, headers={"Authorization": "Bearer " + house.tokens[role]})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    connection.close()
    return answer.status, json.loads(text) if answer.getheader("Content-Type") == "application/problem+json" else text


def rows_of(text):
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert all(len(row) == len(rows[0]) for row in rows), "RFC 4180: as many fields in every row"
    assert text.replace("\r\n", "").find("\n") < 0 and text.endswith("\r\n")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def compare(row, item):
    """A row beside the same record as GET /entries shows it."""
    body = item["body"]
    expected = {"seq": item["seq"], "time_utc": item["time"], "event": item["event"], "door": item["door"], "zone": item["zone"],
                "controller": item["controller"], "epoch": item["epoch"], "ctrl_seq": item["ctrl_seq"],
                "controller_decision": item["controller_decision"], "our_decision": item["our_decision"], "direction": body.get("direction"),
                "controller_time_utc": body.get("t_ctrl"), "occurrence": body.get("occurrence_class"), "agreement": body.get("agreement"),
                "our_reasons": ";".join(body.get("our_reasons", [])), "reader": body.get("reader"), "online": str(item["online"]).lower(),
                "factors": ";".join(body.get("factors_claimed", [])), "simulated": str(item["simulated"]).lower()}
    for name, value in expected.items():
        assert row[name] == (value or ""), (name, row[name], value)
    utc = datetime.datetime.fromisoformat(item["time"])
    assert row["time_local"] + "+09:00" == utc.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo")).isoformat(timespec="microseconds"), row
    assert row["utc_offset"] == "UTC+09:00"


def whole_once(build):
    with House(build, site()) as house:
        fill(house)
        items = list(reversed(house.all_items("/api/v1/entries")))
        status, text = export(house)
        assert status == 200, text
        rows = rows_of(text)
        entries = [row for row in rows if row["row"] == "entry"]
        assert [row["seq"] for row in entries] == [item["seq"] for item in items]
        for row, item in zip(entries, items):
            compare(row, item)
        assert entries[2]["name"] == "'=cmd|' /C calc'!A0", entries[2]
        assert [(row["controller"], row["epoch"], row["detail"]) for row in rows if row["row"] == "controller"] == \
            [("dc1", "5", "seq 1-9, 2 missing, holes: 5-6"), ("dc1", "6", "complete seq 1-1")], rows[-3:]
        assert rows[-1]["row"] == "end" and rows[-1]["detail"].startswith("8 entries of site t (class test); "), rows[-1]
        assert rows[-1]["detail"].endswith("filter: none")
        assert text.startswith("row,seq,time_utc,") and export(house, "?bom=true")[1].startswith("\ufeffrow,")

        lines = [json.loads(line) for line in export(house, "?format=jsonl")[1].splitlines()]
        assert [{name: value or "" for name, value in line.items()} for line in lines][:-1] == \
            [dict(row, credential=row["credential"].lstrip("'"), name=row["name"].lstrip("'"), company=row["company"].lstrip("'"), **{
                flag: row[flag] == "true" or "" for flag in ("online", "simulated", "possible_duplicate")})
             if row["row"] == "entry" else row for row in rows][:-1]
        for query, seqs in (("?door=d2", ["4"]), ("?zone=server&door=d2", []), ("?zone=cage", ["4"]),
                            (f"?since={items[3]['time']}&until={items[6]['time']}", [i["ctrl_seq"] for i in items[3:6]])):
            rows = rows_of(export(house, query)[1])
            assert [row["ctrl_seq"] for row in rows if row["row"] == "entry"] == seqs, (query, rows)
            if "door" in query:  # complete or not is said of the controller, not of the filter
                assert "holes: 5-6" in [row for row in rows if row["row"] == "controller"][0]["detail"]
        for query in ("?door=moon", "?zone=moon", "?since=yesterday", "?format=bundle", "?format=xml", "?limit=3"):
            status, problem = export(house, query)
            assert status == 400, (query, status, problem)
        assert "bundle" in export(house, "?format=bundle")[1]["detail"]


def names_by_role(build):
    with House(build, site()) as house:
        fill(house)
        for role in ("reception", "approver", "tester", "vendor"):
            house.tokens[role] = house.make_token(role)
        for role, status in {"auditor": 200, "administrator": 200, "approver": 200, "operator": 200, "reception": 403, "viewer": 403,
                             "tester": 403, "vendor": 403}.items():
            assert export(house, role=role)[0] == status, role
        named, unnamed = (rows_of(export(house, role=role)[1]) for role in ("auditor", "operator"))
        assert (named[0]["person"], named[0]["name"], named[0]["company"]) == ("p-1", "秘密 花子", "みほん運用"), named[0]
        assert (named[2]["name"], named[2]["company"]) == ("'=cmd|' /C calc'!A0", "'@みほん, 空調"), named[2]
        assert all(row["name"] == row["company"] == "" for row in unnamed) and unnamed[0]["person"] == "p-1"

        # as they were: the label of then, not of now
        assert house.command("person.update", person="p-1", company="別会社")["ok"]
        publish(house, envelope(6, 2))
        until("one more", lambda: len(house.all_items("/api/v1/entries")) == 9)
        rows = [row for row in rows_of(export(house)[1]) if row["person"] == "p-1"]
        assert {row["company"] for row in rows[:-1]} == {"みほん運用"} and rows[-1]["company"] == "別会社", rows

        def seqs(query, role="auditor"):
            return [row["ctrl_seq"] for row in rows_of(export(house, query, role)[1]) if row["row"] == "entry"]
        assert seqs("?person=p-2") == ["3"] and seqs("?person=p-2", "operator") == ["3"]
        assert seqs("?company=%E5%88%A5%E4%BC%9A%E7%A4%BE") == ["2"]  # as it was then
        assert seqs("?company=%E3%81%BF%E3%81%BB%E3%82%93%E9%81%8B%E7%94%A8&door=d2") == ["4"]
        assert export(house, "?company=nobody")[0] == 404 and export(house, "?company=nobody&person=p-1")[0] == 400
        assert export(house, "?company=nobody", "operator")[0] == 403 and export(house, "?person=p-9")[0] == 404

        # what the log keeps of it: who, what, and how many rows, twice linked by its id
        connection = house.connection()
        connection.request("GET", PATH + "?door=d1&format=jsonl", headers={"Authorization": "Bearer " + house.tokens["operator"]})
        answer = connection.getresponse()
        count = sum(1 for line in answer.read().splitlines() if json.loads(line)["row"] == "entry")
        ident = answer.getheader("X-Sekisho-Export")
        assert 'filename="entries-t-' in answer.getheader("Content-Disposition"), answer.headers

        def records():
            found = [r for r in house.all_items("/api/v1/records?class=operator", "auditor") if r["body"].get("export") == ident]
            return found if len(found) == 2 else None
        ended, begun = until("both records", records)
        assert (begun["event"], begun["body"]["actor"], begun["body"]["detail"], begun["body"]["object"]) == \
            ("read.export", "test-operator", "door=d1", "entries jsonl"), begun
        assert begun["body"]["command"] == "entries.export" and begun["body"]["actor_address"] == "127.0.0.1"
        assert (ended["event"], ended["body"]["result"], ended["body"]["count"]) == ("read.export_ended", "whole", str(count)), ended
        objects = {r["body"]["object"] for r in house.all_items("/api/v1/records?class=operator", "auditor") if r["event"] == "read.export"}
        assert objects == {"entries csv with names", "entries csv", "entries jsonl"}, objects
        verify = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert verify.returncode == 0, verify.stdout + verify.stderr


def begin(house, role):
    """An export whose head was read, and nothing of its rows."""
    connection = house.connection()
    connection.request("GET", PATH, headers={"Authorization": "Bearer " + house.tokens[role]})
    return connection, connection.getresponse()


def ends(house):
    return [r["body"] for r in house.all_items("/api/v1/records?class=operator", "auditor") if r["event"] == "read.export_ended"]


def children(house):
    with open(f"/proc/{house.processes['collector'].pid}/task/{house.processes['collector'].pid}/children") as file:
        pids = file.read().split()
    return [pid for pid in pids if b"--export" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]


def runs(pid):
    """False also for one that ended and that nobody has waited for."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def big(house, count):
    house.stop("collector")
    subprocess.run([house.build / "tests/integration/make_log", house.state, str(count)], check=True)
    house.start_collector()
    until("the dashboard sees it", lambda: house.get("/api/v1/healthz", None)[0] == 200)


def cut_and_limits(build):
    with House(build, site()) as house:
        big(house, 60000)
        rows = rows_of(export(house)[1])
        assert rows[-1]["detail"].startswith("54000 entries") and len(rows) == 54001, rows[-1]

        held = [begin(house, "auditor") for _ in range(2)]
        assert [answer.status for _, answer in held] == [200, 200]
        refused = begin(house, "auditor")[1]  # two of one account
        assert refused.status == 503 and refused.getheader("Retry-After") and b"too many exports" in refused.read()
        held += [begin(house, "operator") for _ in range(2)]
        assert begin(house, "administrator")[1].status == 503  # four in all
        assert len(children(house)) == 4
        for pid in children(house):
            until("low priority", lambda pid=pid: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[16] == "10")
        held[0][1].close()
        held[0][0].close()  # the client leaves: the child ends, the place is free
        until("the child of who left ended", lambda: len(children(house)) == 3)
        cut = until("its end is recorded", lambda: [e for e in ends(house) if e["result"] == "cut: the reader left"])
        assert len(cut) == 1 and 0 < int(cut[0]["count"]) < 54000, cut
        assert begin_and_read(house, "administrator")[-1]["row"] == "end"

        # the child is killed: the client must not take what it has for the whole
        answer, pid = held[1][1], children(house)[0]
        subprocess.run(["kill", "-9", pid], check=True)
        until("recorded", lambda: [e for e in ends(house) if e["result"].startswith("failed")])
        broken = [not is_whole(answer) for _, answer in held[1:]]
        assert broken.count(True) == 1, broken
        # the log's writer is not held up, and dies with its children
        publish(house, envelope(5, 1))
        until("an entry", lambda: any(item["ctrl_seq"] == "1" for item in house.get("/api/v1/entries?limit=10")[1]["items"]))
        held = [begin(house, "auditor")]
        pids = until("it runs", lambda: children(house))
        house.kill_collector()
        until("the children end with their parent", lambda: not any(runs(pid) for pid in pids))
        assert not is_whole(held[0][1])


def begin_and_read(house, role):
    connection, answer = begin(house, role)
    assert answer.status == 200
    return rows_of(answer.read().decode())


def is_whole(answer):
    try:
        return rows_of(answer.read().decode())[-1]["row"] == "end"
    except (http.client.IncompleteRead, ConnectionError, OSError):
        return False


def stalled_client(build):
    with House(build, site()) as house:
        big(house, 60000)
        connection, answer = begin(house, "auditor")
        assert answer.status == 200
        until("a client that takes nothing is cut", lambda: not children(house), 90, 0.5)
        assert until("recorded", lambda: ends(house))[0]["result"] == "cut: the reader left"
        assert not is_whole(answer)
        connection.close()


if __name__ == "__main__":
    {f.__name__: f for f in (whole_once, names_by_role, cut_and_limits, stalled_client)}[sys.argv[2]](sys.argv[1])
