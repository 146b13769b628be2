# SPDX-License-Identifier: Apache-2.0
"""The MQTT driver with a real broker (mosquitto) and a stranger's publisher (mosquitto_pub).

usage: mqtt_mosquitto.py RUN_MQTT [test...]      SK_RECONNECTS: how often the broker is restarted (default 12, full 100)
Ends with 77 (skipped) where mosquitto is not installed.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from fake_broker import wait_for  # noqa: E402
from mqtt_kit import Bench, envelope, site_files  # noqa: E402

TEMPERATURE = "th1/env.room.temperature"
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """One mosquitto of our own: no queue limit, and memory only unless a test wants its store."""

    def __init__(self, folder, settings="", tls=False):
        self.folder, self.port, self.child = folder, free_port(), None
        self.settings, self.tls, self.publish_options = settings, tls, []

    def write(self):
        path = os.path.join(self.folder, "mosquitto.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write("user root\n" if os.getuid() == 0 else "")
            out.write("max_queued_messages 0\npersistence %s\npersistence_location %s/\n"
                      % ("true" if "autosave" in self.settings else "false", self.folder))
            out.write("listener %d 127.0.0.1\n%s\n" % (self.port, self.settings))
            if "allow_anonymous" not in self.settings:
                out.write("allow_anonymous true\n")
        return path

    def start(self):
        self.log = open(os.path.join(self.folder, "mosquitto.log"), "ab")
        self.child = subprocess.Popen([MOSQUITTO, "-c", self.write()], stdout=self.log, stderr=self.log)
        wait_for("mosquitto to listen", self.listens)
        return self

    def listens(self):
        if self.child.poll() is not None:
            with open(os.path.join(self.folder, "mosquitto.log"), encoding="utf-8", errors="replace") as log:
                raise AssertionError("mosquitto ended: " + log.read()[-1500:])
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how=signal.SIGTERM):
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(how)
            self.child.wait(timeout=20)
        self.log.close()

    def publish(self, topic, payload, *options):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-m", payload, *self.publish_options,
                        *options], check=True, timeout=30)


def ready(runner):
    """The session's own echo came back: connected, subscribed, live."""
    runner.wait(sample="link.broker/link.rtt")


def samples_retained_then_live(bench, version):
    broker = Broker(bench.folder.name).start()
    broker.publish("demo/th1/state", '{"t":20.5}', "-r")
    runner = bench.run(site_files(bench.folder.name, broker.port, version=version), "samples")
    line = runner.wait(sample=TEMPERATURE, value=20.5)[0]
    assert (line["quality"], line["flags"] & 2) == ("last_usable_value", 2), line
    ready(runner)
    broker.publish("demo/th1/state", '{"t":21.5,"ts":"2026-11-20T12:00:00Z","battery":"ok"}', "-q", "1")
    line = runner.wait(sample=TEMPERATURE, value=21.5)[0]
    assert (line["quality"], line["flags"]) == ("good", 9), line
    runner.wait(sample="th1/device.battery", value="ok", quality="good")
    runner.wait(sample="th1/device.comm", value="normal", quality="good")
    runner.stop()
    broker.stop()


def samples_5(bench):
    samples_retained_then_live(bench, "5")


def samples_311(bench):
    samples_retained_then_live(bench, "3.1.1")


def events_wait_for_the_commit(bench):
    broker = Broker(bench.folder.name).start()
    runner = bench.run(site_files(bench.folder.name, broker.port), "events")
    acks = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "sekisho/test/ack/+", "-C", "1"],
                            stdout=subprocess.PIPE, text=True)
    try:
        wait_for("subscription", lambda: published_reaches(broker, runner, 1))
        runner.order("commit")
        assert json.loads(acks.communicate(timeout=30)[0]) == {"epoch": 7, "seq": "1"}
    finally:
        acks.kill()
        acks.wait()
    runner.stop()
    broker.stop()


def published_reaches(broker, runner, seq):
    """Publishes until the event arrives: before the first subscription there is nobody to keep it for."""
    if not runner.all(event="acc.granted", seq=str(seq)):
        broker.publish("demo/dc1/ev", envelope(seq).decode(), "-q", "1")
        time.sleep(0.1)
    return runner.all(event="acc.granted", seq=str(seq))


def killed_sessions_lose_nothing(bench):
    """Published while the runner lives, waits, is dead: everything comes, and what was not committed comes again."""
    broker = Broker(bench.folder.name).start()
    site = site_files(bench.folder.name, broker.port)
    first = bench.run(site, "events")
    wait_for("subscription", lambda: published_reaches(broker, first, 1))
    first.kill()
    for seq in range(2, 31):
        broker.publish("demo/dc1/ev", envelope(seq).decode(), "-q", "1")
    second = bench.run(site, "events")
    second.order("auto")
    for seq in range(1, 31):
        second.wait(event="acc.granted", seq=str(seq))
    assert second.all(event="acc.granted", seq="1")[0]["repeated"], "the event that waited is marked"
    second.stop()
    third = bench.run(site, "events")
    third.order("auto")
    broker.publish("demo/dc1/ev", envelope(31).decode(), "-q", "1")
    third.wait(event="acc.granted", seq="31")
    assert [e["seq"] for e in third.all(event="acc.granted")] == ["31"], "committed events come no more"
    third.stop()
    broker.stop()


def last_will(bench):
    broker = Broker(bench.folder.name).start()
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    ready(runner)
    device = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "demo/nothing", "--will-topic",
                               "demo/th1/status", "--will-payload", "offline", "--will-qos", "1"])
    broker.publish("demo/th1/status", "online", "-q", "1")
    runner.wait(sample="th1/device.comm", value="normal", quality="good")
    broker.publish("demo/th1/state", '{"t":22}')
    runner.wait(sample=TEMPERATURE, value=22)
    device.kill()
    device.wait()
    runner.wait(sample="th1/device.comm", value="lost")
    line = runner.wait(sample=TEMPERATURE, reason="offline")[0]
    assert (line["quality"], line["value"]) == ("comm_last_value", 22), line
    runner.stop()
    broker.stop()


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def certificates(folder):
    """A CA, the broker's certificate for 127.0.0.1 and localhost, a client's, and a stranger's CA."""
    for name in ("ca", "foreign"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test " + name, "-keyout",
                name + ".key", "-out", name + ".pem")
    with open(os.path.join(folder, "server.ext"), "w", encoding="ascii") as out:
        out.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr")
        extra = ["-extfile", "server.ext"] if name == "server" else []
        openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-out", name + ".pem", *extra)


def tls_with_client_certificate(bench):
    folder = bench.folder.name
    certificates(folder)
    broker = Broker(folder, "cafile {0}/ca.pem\ncertfile {0}/server.pem\nkeyfile {0}/server.key\nrequire_certificate true"
                    .format(folder)).start()
    broker.publish_options = ["--cafile", folder + "/ca.pem", "--cert", folder + "/client.pem", "--key", folder + "/client.key"]
    tls = {"ca": folder + "/ca.pem", "cert": folder + "/client.pem", "key": folder + "/client.key"}
    for host in ("127.0.0.1", "localhost"):
        runner = bench.run(site_files(folder, broker.port, tls=tls, host=host), "samples")
        ready(runner)
        broker.publish("demo/th1/state", '{"t":23}')
        runner.wait(sample=TEMPERATURE, value=23)
        runner.stop()
    for wrong in ({"ca": folder + "/foreign.pem", "cert": tls["cert"], "key": tls["key"]}, {"ca": tls["ca"]}):
        runner = bench.run(site_files(folder, broker.port, tls=wrong), "samples")
        runner.wait(sample="th1/device.comm", value="lost")  # some seconds of trying
        assert not runner.all(sample="link.broker/link.state", value="up"), "connected with %r" % wrong
        runner.stop()
    broker.stop()


def password(bench):
    folder = bench.folder.name
    subprocess.run(["mosquitto_passwd", "-b", "-c", folder + "/users", "sekisho", "geheim"], check=True, timeout=30)
    os.chmod(folder + "/users", 0o644)
    broker = Broker(folder, "allow_anonymous false\npassword_file %s/users" % folder).start()
    for secret, works in (("geheim", True), ("falsch", False)):
        with open(folder + "/secret", "w", encoding="ascii") as out:
            out.write(secret + "\n")
        os.chmod(folder + "/secret", 0o600)
        runner = bench.run(site_files(folder, broker.port, user="sekisho", password_file=folder + "/secret"), "samples")
        if works:
            ready(runner)
        else:
            runner.wait(sample="th1/device.comm", value="lost")
            assert not runner.all(sample="link.broker/link.state", value="up")
        runner.stop()
    broker.stop()


def broker_restarts(bench):
    """Killed and started again, without a store: each time the session comes back and hears again."""
    rounds = int(os.environ.get("SK_RECONNECTS", "12"))
    broker = Broker(bench.folder.name).start()
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    ready(runner)
    for turn in range(1, rounds + 1):
        broker.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
        broker.start()
        runner.wait(sample="link.broker/link.reconnects", value=turn)

        def heard():
            broker.publish("demo/th1/state", '{"t":%d}' % (turn % 80))
            time.sleep(0.1)
            return runner.all(sample=TEMPERATURE, value=turn % 80)
        wait_for("a value after restart %d" % turn, heard)
    runner.stop()
    broker.stop()


def stored_events_survive_a_broker_restart(bench):
    broker = Broker(bench.folder.name, "autosave_interval 1").start()
    site = site_files(bench.folder.name, broker.port)
    runner = bench.run(site, "events")
    wait_for("subscription", lambda: published_reaches(broker, runner, 1))
    runner.order("auto")
    runner.wait(answered="committed", of="1")
    runner.stop()
    for seq in range(2, 6):
        broker.publish("demo/dc1/ev", envelope(seq).decode(), "-q", "1")
    broker.stop()
    broker.start()
    second = bench.run(site, "events")
    second.order("auto")
    for seq in range(2, 6):
        second.wait(event="acc.granted", seq=str(seq))
    second.stop()
    broker.stop()


TESTS = [samples_5, samples_311, events_wait_for_the_commit, killed_sessions_lose_nothing, last_will, tls_with_client_certificate,
         password, broker_restarts, stored_events_survive_a_broker_restart]


def main():
    if MOSQUITTO is None or shutil.which("mosquitto_pub") is None:
        print("mosquitto is not installed")
        return 77
    for test in TESTS:
        if len(sys.argv) > 2 and test.__name__ not in sys.argv[2:]:
            continue
        started = []
        start = Broker.start

        def remember(self, start=start, started=started):
            started.append(self)
            return start(self)
        Broker.start = remember
        try:
            with Bench(sys.argv[1]) as bench:
                test(bench)
        finally:
            Broker.start = start
            for broker in started:
                broker.stop(signal.SIGKILL)
        print("ok", test.__name__, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
