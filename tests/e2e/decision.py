# SPDX-License-Identifier: Apache-2.0
"""The second decision on real wires where it looks beyond the card: two people or none, papers, emergency modes; what comes late is a
record of its own; granted-but-unauthorised rings highest, denied-but-authorised has a list."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, envelope, until  # noqa: E402
from registers import Desk, permit_fields, stamp  # noqa: E402
from roster import GOOD, alarms, entry, ok, publish, refused, roster, site  # noqa: E402

TAKEN = "tns1:AccessControl/AccessTaken/Credential"
DENIED = "tns1:AccessControl/Denied/Credential"
OTHER = {"Card": "04a1b2c3d5"}


def entries(house, agreement):
    return house.all_items("/api/v1/entries?agreement=" + agreement, "auditor")


def supplement(house, name):
    def find():
        found = [e for e in house.all_items("/api/v1/entries", "auditor") if e["event"] == "acc.supplement" and e["body"]["supplements"] == name]
        return found[0] if found else None
    return until(f"a supplement to {name}", find)


def two_person(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        for bad in ({"people_min": -1}, {"people_min": 21}, {"together_s": 3601}, {"together_s": "soon"}, {"occupancy_max": 1, "people_min": 2},
                    {"papers": "perhaps"}, {"passback": "sometimes"}):
            refused(house.command("zone.rule", zone="server", **bad), "parse")
        refused(house.command("zone.rule", zone="moon", people_min=2), "not_found")
        for bad, word in (({"door": "d9", "walk_s": 3}, "not_found"), ({"door": "d1"}, "parse"), ({"door": "d1", "walk_s": 21601}, "parse"),
                          ({"from": "server", "to": "server", "walk_s": 3}, "not_found"), ({"from": "server", "walk_s": 3}, "not_found")):
            refused(house.command("way.rule", **bad), word)
        ok(house.command("way.rule", **{"from": "outside", "to": "server", "walk_s": 2, "reason": "計測"}))
        ok(house.command("zone.rule", zone="server", people_min=2, together_s=1, reason="二人ルール"))
        publish(house, envelope(5, 1), envelope(5, 2, TAKEN))
        first = entry(house, 2)
        assert first["our_decision"] == "granted" and first["body"]["our_reasons"] == ["x:SecondAwaited"], first
        late = supplement(house, "5/2")
        body = late["body"]
        assert late["door"] == "d1" and late["our_decision"] == "denied" and body["agreement"] == "granted_but_unauthorised", late
        assert body["old_decision"] == "granted" and body["old_agreement"] == "agree" and body["cause"] == "time_over", late
        assert body["our_reasons"] == ["x:NoAccompaniment"] and body["old_reasons"] == ["x:SecondAwaited"], late
        assert entry(house, 2) == first, "the first record stays as it is"
        policy = until("the highest alarm", lambda: alarms(house).get("door:d1/policy"))
        assert policy["severity"] == "critical" and policy["detail"] == "x:NoAccompaniment (late: time_over)", policy
        alone = until("one alone inside", lambda: alarms(house).get("zone:server/occ.single_in_two_person"))
        assert alone["severity"] == "high" and alone["detail"] == "1 < 2" and alone["active"], alone
        publish(house, envelope(5, 3, TAKEN, **OTHER))
        until("two are inside", lambda: not alarms(house)["zone:server/occ.single_in_two_person"]["active"])
        # what the controller denied though we should not, apart from what it granted though we should
        publish(house, envelope(5, 4, DENIED, Reason="Unauthorized", **OTHER), envelope(5, 5, DENIED, Reason="InvalidPIN", **OTHER),
                envelope(5, 6, Card="04a1b2ffff"))
        entry(house, 6)
        assert [e["ctrl_seq"] for e in entries(house, "denied_but_authorised")] == ["4"]
        assert {e["body"].get("supplements", e["ctrl_seq"]) for e in entries(house, "granted_but_unauthorised")} == {"5/2", "6"}
        assert house.get("/api/v1/entries?agreement=perhaps", "auditor")[0] == 400
        before = entries(house, "granted_but_unauthorised")
        house.kill_collector()
        house.start_collector()
        publish(house, envelope(5, 7, TAKEN, Reader="r2", **OTHER))
        entry(house, 7)
        assert entries(house, "granted_but_unauthorised")[-len(before):] == before, "a restart supplements nothing twice"


def papers(build):
    with House(build, site()) as house:
        assert roster(house, GOOD).returncode == 0
        desk = Desk(house)
        ok(house.command("zone.rule", zone="server", papers="required", reason="申請必須"))
        publish(house, envelope(5, 1, TAKEN, **OTHER))
        assert entry(house, 1)["body"]["agreement"] == "agree", "a site that keeps no registers is not judged by them"
        permit = desk.open("operator", "permits", permit_fields())["id"]
        publish(house, envelope(5, 2, TAKEN, **OTHER))
        missing = entry(house, 2)
        assert missing["body"]["our_reasons"] == ["x:PermitMissing"] and missing["body"]["agreement"] == "granted_but_unauthorised", missing
        desk.act("approver", "permits", permit, "approved", {"office": "運用部長"})
        listed = house.get("/api/v1/entries?finding=x:PermitMissing", "auditor")[1]["items"]
        assert [e["ctrl_seq"] for e in listed] == ["2"], listed
        assert house.get("/api/v1/entries?finding=x:Nothing", "auditor")[0] == 400
        late = supplement(house, "5/2")["body"]
        assert late["cause"] == "late_paper" and late["agreement"] == "agree" and late["old_agreement"] == "granted_but_unauthorised", late
        publish(house, envelope(5, 3, TAKEN, **OTHER))
        assert "our_reasons" not in entry(house, 3)["body"]
        mode = desk.open("operator", "watch", {"kind": "drill", "until": stamp(600), "cause": "避難訓練", "approver": "test-approver"},
                         register="mode")["id"]
        publish(house, envelope(5, 4, TAKEN, Card="04a1b2ffff"))
        marked = entry(house, 4)["body"]
        assert marked["agreement"] == "exempt" and marked["exempt_by"] == mode + " drill" and marked["exempted"] is True, marked
        assert [e["ctrl_seq"] for e in entries(house, "exempt")] == ["4"]
        assert alarms(house)["system:mode.active"]["active"], "while passages ring nothing, that they do not rings"
        desk.act("operator", "watch", mode, "ended", {})
        until("the mode's alarm returns", lambda: not alarms(house).get("system:mode.active", {"active": False})["active"])


if __name__ == "__main__":
    {f.__name__: f for f in (two_person, papers)}[sys.argv[2]](sys.argv[1])
