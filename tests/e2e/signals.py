# SPDX-License-Identifier: Apache-2.0
"""What the site has for each signal, from the outside: API with every role, command line, `sekisho check`; and a due time that the
site file sets."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, until  # noqa: E402
from registers import Desk, stamp  # noqa: E402

STAND_INS = {"backup.result": {"register": "watch"},
             "utility.voltage": {"attestation": {"who": "電気主任技術者", "until": "2099-03-31", "document": "保-12"}},
             "net.link.up": {"attestation": {"who": "chief", "until": "2020-03-31", "document": "N-1"}}}


def sekisho(house, *words):
    return subprocess.run([house.build / "collector/cli/sekisho", *words], capture_output=True, text=True, env={"LANG": "C"})


def pages(house, path):
    items, cursor = [], ""
    while cursor is not None:
        status, page = house.get(path + (f"&cursor={cursor}" if cursor else ""), "operator")
        assert status == 200, page
        items += page["items"]
        cursor = page["next"]
    return items


def sources(build):
    with House(build, door_site(signals=STAND_INS)) as house:
        by_name = {item["signal"]: item for item in pages(house, "/api/v1/signals?limit=100")}
        wanted = json.loads((pathlib.Path(__file__).resolve().parents[2] / "schemas/requirements/signals.json").read_text())
        assert sorted(by_name) == sorted(wanted)
        for name, source, there in (("backup.result", "register", True), ("utility.voltage", "attestation", True), ("net.link.up", "expired", False),
                                    ("access.event", "kept", True), ("ups.status", "no_point", False), ("rack.unlock.event", "no_device", False),
                                    ("time.synced", "points", True), ("notify.sent", "not_kept", False), ("visitor.name", "kept", True)):
            assert (by_name[name]["source"], by_name[name]["there"]) == (source, there), by_name[name]
        assert by_name["visitor.name"]["register"] == "visit" and by_name["backup.result"]["register"] == "watch"
        assert by_name["utility.voltage"]["attestation"] == {"who": "電気主任技術者", "until": "2099-03-31", "document": "保-12"}
        assert by_name["time.synced"]["first_point"] == "monitor/time.synced"
        # filters
        assert [item["signal"] for item in pages(house, "/api/v1/signals?limit=30&source=none")] == sorted(name for name in by_name if not by_name[name]["there"])
        assert house.get("/api/v1/signals?source=nonsense", "operator")[0] == 400
        house.tokens["vendor"] = house.make_token("vendor")
        assert house.get("/api/v1/signals", "vendor")[0] == 403
        # command line: the running site, and the file alone
        shown = sekisho(house, "list", "signals", "--source", "attestation", "--state", house.state)
        assert shown.returncode == 0 and [i["signal"] for i in json.loads(shown.stdout)["items"]] == ["utility.voltage"], shown
        checked = sekisho(house, "check", house.dir / "site.json", "--signals")
        assert checked.returncode == 0, checked.stderr
        for words in ("a register named by the site file 1", "an attestation named by the site file 1", "the attestation has expired 1",
                      "backup.result: a register named by the site file - watch", "net.link.up: the attestation has expired - N-1"):
            assert words in checked.stdout, (words, checked.stdout)
        report = json.loads(sekisho(house, "check", house.dir / "site.json", "--json").stdout)
        assert sum(report["signals"][s] for s in {i["source"] for i in by_name.values()}) == len(wanted)


def a_due_time_of_the_site(build):
    """A key is overdue at its `until`; this site gives a day more, and a handover a second."""
    with House(build, door_site(dues={"key.overdue": "P1D", "handover.not_taken": "PT1S"})) as house:
        desk = Desk(house)
        desk.open("operator", "keys", {"key": "K-1", "holder_name": "秘密 花子", "purpose": "巡回", "until": stamp(-60)})
        given = desk.open("operator", "watch", {"from": "test-operator", "to": "test-reception", "matters": "異常なし"}, register="handover")["id"]

        def rings():
            return {alarm["source"] for alarm in house.get("/api/v1/alarms", "operator")[1]["items"]}
        until("the handover rings after a second", lambda: any("handover.not_taken" in source for source in rings()))
        assert not any("key.overdue" in source for source in rings())
        desk.act("reception", "watch", given, "taken")


if __name__ == "__main__":
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]))
