# SPDX-License-Identifier: Apache-2.0
"""The demo site as a whole House: broker, simulator, collector and dashboard, every wire real. Standard library only."""
import errno
import json
import socket
import subprocess
import urllib.request

from house import ROOT, House, until

MODBUS_HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")  # of the links in sim/demo/site.json: one port serves all


def port_free_on(hosts):
    """A port that every one of the hosts has free."""
    while True:
        probes = [socket.socket() for _ in hosts]
        try:
            probes[0].bind((hosts[0], 0))
            port = probes[0].getsockname()[1]
            for probe, host in zip(probes[1:], hosts[1:]):
                probe.bind((host, port))
            return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        finally:
            for probe in probes:
                probe.close()


class DemoHouse(House):
    """with DemoHouse(build) as house: ... house.simulate("/scenarios", {"name": "leak"})"""

    def __init__(self, build):
        super().__init__(build, None)
        self.modbus_ports = {"{{MODBUS_PORT}}": port_free_on(MODBUS_HOSTS), "{{MODBUS_PORT_2}}": port_free_on(MODBUS_HOSTS)}
        self.control = None

    def write_site(self):
        text = (ROOT / "sim/demo/site.json").read_text().replace("{{MQTT_PORT}}", str(self.mqtt_port))
        for mark, port in self.modbus_ports.items():
            text = text.replace(mark, str(port))
        assert "{{" not in text.split("\n{", 1)[1], "sim/demo/site.json has a placeholder that nobody fills"
        (self.dir / "site.json").write_text(text)

    def start_broker(self):
        super().start_broker()
        ports = self.dir / "ports.json"
        self.start("simulator", self.build / "sim/sekisho-sim", "--site", self.dir / "site.json", "--profiles", ROOT / "schemas/profiles",
                   "--scenarios", ROOT / "sim/scenarios", "--control", "0", "--seed", "1", "--ports-file", ports)
        until("the simulator serves", lambda: self.alive("simulator") and ports.exists() and ports.read_text().endswith("\n"))
        self.control = json.loads(ports.read_text())["control"]

    def await_subscriptions(self):
        """Nobody need wait: the simulator's controllers send again what was not acknowledged, and tests here await quiet."""

    def start_dashboard(self):
        """The demo's roster first, as `./run demo` enters it; a restart finds it there."""
        cli = self.build / "collector/cli/sekisho"
        if not self.command("person.list")["result"]["items"]:
            self.call(cli, "roster", "import", ROOT / "sim/demo/roster.csv", "--state", self.state, "--approver", "test-auditor", "--office", "運用部",
                      "--reason", "登録")
            for row in json.loads((ROOT / "sim/demo/roster.json").read_text()):
                self.call(cli, "roster", "do", row["cmd"], json.dumps(row["args"]), "--state", self.state)
        super().start_dashboard()

    @staticmethod
    def call(*command):
        out = subprocess.run(command, capture_output=True, text=True)
        assert out.returncode == 0, out.stdout + out.stderr

    def simulate(self, path, body=None):
        """GET without a body, else POST, to the simulator's control."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data), timeout=30) as answer:
            return json.loads(answer.read())

    def points(self):
        return {point["id"]: point for point in self.all_items("/api/v1/points?limit=1000", "viewer")}

    def until_quiet(self, seconds=120):
        """Every link up, a value for every point that the plant has, no alarm open: the state in which every scenario begins."""
        def quiet():
            points = self.points().values()
            return (all(p["value"] == "up" for p in points if p["name"] == "link.state")
                    and all(p["value"] == "normal" for p in points if p["name"] == "device.comm")
                    and all(p["quality"] == ("not_connected" if p["value"] is None else "good") for p in points)
                    and not self.all_items("/api/v1/alarms", "viewer"))
        until("every link is up, every point is good, no alarm is open", quiet, seconds, 0.2)
