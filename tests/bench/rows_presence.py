# SPDX-License-Identifier: Apache-2.0
"""Who is inside, who was: entries of one person or company among millions, and the muster list of a large site, over HTTPS."""
import json
import subprocess
import time

from kit import BenchHouse, NotBuilt, median, site, until
from house import envelope  # kit.py has put its folder on the path

PEOPLE, PER_COMPANY, PER_FILE = 5000, 50, 500
ZONES = [{"id": "outside", "class": 0}, {"id": "server", "class": 2}]


def door_house(build):
    door = {"id": "d1", "from": "outside", "to": "server", "controller": "dc1", "token": "d1",
            "readers": [{"id": "r1", "direction": "entry", "address": 1}, {"id": "r2", "direction": "exit", "address": 2}]}
    return BenchHouse(build, site([{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}],
                                  [{"id": "dc1", "profile": "door-controller-mqtt", "link": "broker", "topic": "t/ctrl/dc1"}], [door], ZONES))


def card(index):
    return f"04a{index:07x}"


def enrol(house, count):
    """Through the import, as a site does it."""
    for first in range(0, count, PER_FILE):
        rows = [f"E-{i},人 {i},ヒト,staff,会社{i // PER_COMPANY},2020-01-01,2099-12-31,{card(i)},{i},server,always" for i in range(first, min(first + PER_FILE, count))]
        path = house.dir / "people.csv"
        path.write_text("ref,name,furigana,kind,company,from,until,card,printed,zones,schedule\n" + "\n".join(rows) + "\n")
        subprocess.run([str(house.build / "collector/cli/sekisho"), "roster", "import", str(path), "--state", str(house.state), "--approver", "test-auditor",
                        "--office", "運用部", "--reason", "登録"],
                       check=True, capture_output=True)


class Browser:
    """One kept connection, as a browser has."""

    def __init__(self, house, role):
        self.connection = house.connection()
        self.headers = {"Authorization": "Bearer " + house.tokens[role]}

    def get(self, path):
        """Seconds until the whole answer is here, and the answer."""
        begin = time.monotonic()
        self.connection.request("GET", path, headers=self.headers)
        response = self.connection.getresponse()
        data = response.read()
        seconds = time.monotonic() - begin
        assert response.status == 200, (path, response.status, data[:200])
        return seconds, json.loads(data)


def people_of(browser, count):
    people, cursor = [], None
    while len(people) < count:
        page = browser.get("/api/v1/people?limit=50" + (f"&cursor={cursor}" if cursor else ""))[1]
        people += page["items"]
        cursor = page["next"]
        if not cursor:
            break
    return people


def search(build, quick):
    count, people = (200_000, 500) if quick else (10_000_000, PEOPLE)
    rounds = 3 if quick else 15
    fill = build / "tests/bench/bench_fill"
    if not fill.exists():
        raise NotBuilt("bench_fill is not built")
    with door_house(build) as house:
        enrol(house, people)
        everybody = people_of(Browser(house, "auditor"), people)
        (house.dir / "tags").write_text("".join(p["tag"] + "\n" for p in everybody))
        house.stop("dashboard")
        house.stop("collector")
        begin = time.monotonic()
        subprocess.run([str(fill), str(house.state), str(count), "people", str(house.dir / "tags")], check=True, stdout=subprocess.DEVNULL)
        filled = time.monotonic() - begin
        house.start_collector()
        house.start_dashboard()
        browser = Browser(house, "auditor")
        browser.get("/api/v1/session")
        asked = {"a person": f"person={everybody[-1]['person']}", "a rare one": f"person={everybody[0]['person']}", "a company": "company=%E4%BC%9A%E7%A4%BE3"}
        times, rows = {}, {}
        for name, query in asked.items():
            times[name] = []
            for _ in range(rounds):
                seconds, page = browser.get("/api/v1/entries?limit=100&" + query)
                times[name].append(seconds * 1000)
                rows[name] = len(page["items"])
        assert rows["a person"] == 100 and rows["a company"] == 100 and rows["a rare one"] >= min(50, count // 200_000), rows
        size = (house.state / "log.db").stat().st_size
    slowest = max(max(t) for t in times.values())
    note = (f"{count} records, {size / 1e9:.1f} GB, filled in {filled:.0f} s; " +
            "; ".join(f"{name}: first {t[0]:.0f}, median {median(t):.0f} ms, {rows[name]} rows" for name, t in times.items()))
    return {"slowest": dict(ours=round(slowest, 1), peer=None, value=slowest, note=note)}


def muster(build, quick):
    """Everybody enters by a reader; then one browser reads the whole list of a running muster."""
    people, rounds = (300, 2) if quick else (PEOPLE, 7)
    with door_house(build) as house:
        enrol(house, people)
        lines = "".join(envelope(1, i + 1, "tns1:AccessControl/AccessTaken/Credential", Card=card(i)) + "\n" for i in range(people))
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/ev", "-l"], input=lines, text=True, check=True)
        browser = Browser(house, "operator")
        until("everybody is inside", lambda: browser.get("/api/v1/occupancy?limit=1")[1]["zones"][1]["count"] == people, 120, 0.2)
        begin = time.monotonic()
        status, answer = house.request("POST", "/api/v1/muster", "operator", {"drill": True})
        start_ms = (time.monotonic() - begin) * 1000
        assert status == 200 and answer["recorded"], answer
        took = []
        for _ in range(rounds):
            rows, cursor, seconds = [], None, 0.0
            while True:
                one, page = browser.get("/api/v1/muster?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
                seconds += one
                rows += page["items"]
                cursor = page["next"]
                if not cursor:
                    break
            assert len({r["person"] for r in rows}) == people and all(r["state"] == "missing" and r["name"] for r in rows)
            took.append(seconds)
        size = len(json.dumps(rows, ensure_ascii=False).encode())
    return {"list": dict(ours=round(max(took), 3), peer=None, value=max(took),
                         note=f"{people} people with names, {size / 1e6:.1f} MB, slowest of {rounds}; median {median(took):.2f} s; start of the muster {start_ms:.0f} ms")}
