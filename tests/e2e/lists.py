# SPDX-License-Identifier: Apache-2.0
"""A controller that sends its permit list by itself: chunks over MQTT, acknowledged once the whole list is recorded, compared with the
roster as an imported one is; what is out of order or cannot be a list is refused and leaves the list that stood."""
import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, door_site, until  # noqa: E402


def add_cards(house):
    path = house.dir / "people.csv"
    path.write_text("ref,name,kind,card,zones,until\nE-1,秘密 花子,staff,04a1b2c301,server,2099-03-31\nE-2,内緒 次郎,staff,04a1b2c302,server,2099-03-31\n")
    out = subprocess.run([house.build / "collector/cli/sekisho", "roster", "import", path, "--state", house.state, "--approver", "test-approver",
                          "--office", "運用部", "--reason", "登録"],
                         capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def send(house, number, chunk, chunks, rows, taken, **more):
    text = json.dumps(dict({"v": 1, "list": str(number), "taken": taken, "chunk": chunk, "chunks": chunks, "rows": rows}, **more))
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-q", "1", "-t", "t/ctrl/dc1/list", "-m", text], check=True)


class Acks:
    """What the collector acknowledges."""

    def __init__(self, house):
        self.lines = []
        self.process = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(house.mqtt_port), "-t", "sekisho/t/ack/dc1"],
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def sekisho(house, *words):
    out = subprocess.run([house.build / "collector/cli/sekisho", "list", *words, "--state", house.state], capture_output=True, text=True, env={"LANG": "C"})
    assert out.returncode == 0, out
    return json.loads(out.stdout)["items"]


def received(build):
    with House(build, door_site()) as house:
        house.tokens["approver"] = house.make_token("approver")
        add_cards(house)
        acks = Acks(house)
        try:
            def standing():
                return sekisho(house, "rows", "dc1")

            def malformed():
                return [r for r in house.get("/api/v1/records?limit=1000", "administrator")[1]["items"] if r["event"] == "ctrl.malformed"]
            one, two, stranger = ({"card": f"04a1b2c3{n:02}", "doors": ["d1"]} for n in (1, 2, 99))
            taken = stamp(-5)
            # the subscriber is there only when a first list was acknowledged to it; sending one again changes nothing
            until("the first list is acknowledged", lambda: send(house, 1, 1, 1, [one], taken) or '{"list":"1"}' in acks.lines, every=0.5)
            until("it stands", lambda: len(standing()) == 1)
            missing = until("the roster's other card is missing there", lambda: sekisho(house, "differences"))
            assert [d["difference"] for d in missing] == ["missing"], missing
            # two chunks; before the second nothing counts
            taken = stamp(-3)
            send(house, 2, 1, 2, [one, two], taken)
            send(house, 2, 1, 2, [one, two], taken)  # delivered twice
            time_before = len(standing())
            send(house, 2, 2, 2, [stranger], taken)
            until("the second list is acknowledged", lambda: '{"list":"2"}' in acks.lines)
            assert time_before == 1 and len(standing()) == 3
            assert sorted(d["difference"] for d in sekisho(house, "differences")) == ["unknown"]
            # refused: a chunk that does not follow, a row that is none, the same card twice, the future
            before = len(malformed())
            for number, chunk, chunks, rows, when in ((3, 2, 2, [one], stamp(-1)), (4, 1, 1, [{"card": "xyz"}], stamp(-1)), (5, 1, 1, [one, one], stamp(-1)),
                                                      (6, 1, 1, [one], stamp(3600)), (7, 1, 1, [], stamp(-1)), (8, 1, 1, [dict(one, doors=["d9"])], stamp(-1))):
                send(house, number, chunk, chunks, rows, when)
                before += 1
                until(f"list {number} is refused", lambda: len(malformed()) >= before)
                assert len(standing()) == 3, number
            send(house, 9, 1, 1, [], stamp(0), empty=True)
            until("an empty one that says so", lambda: len(standing()) == 0)
            log = (house.state / "log.db").read_bytes() + (house.state / "log.db-wal").read_bytes()
            assert bytes.fromhex("04a1b2c399") not in log and b"04a1b2c399" not in log
            assert not any("list" in line and any(f'"{n}"' in line for n in (3, 4, 7, 8)) for line in acks.lines), acks.lines
        finally:
            acks.stop()


if __name__ == "__main__":
    globals()[sys.argv[2]](pathlib.Path(sys.argv[1]))
