# SPDX-License-Identifier: Apache-2.0
"""The MQTT driver against a broker that keeps every packet: what leaves, and when.

usage: mqtt_wire.py RUN_MQTT
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_broker import CONNECT, PUBACK, PUBLISH, SUBSCRIBE, FakeBroker, wait_for  # noqa: E402
from mqtt_kit import Bench, envelope, site_files  # noqa: E402

EV, STATE, STATUS = "demo/dc1/ev", "demo/th1/state", "demo/th1/status"
EVENTS, SAMPLES = "sekisho-test-broker-ev", "sekisho-test-broker-s"
TEMPERATURE = "th1/env.room.temperature"


def never(what, check, window_s=0.6):
    """A thing that must not happen, looked for during a window."""
    end = time.monotonic() + window_s
    while time.monotonic() < end:
        assert not check(), what
        time.sleep(0.01)


def same(got, want, what):
    assert got == want, "%s: got %r, expected %r" % (what, got, want)


def puback_leaves_after_commit(bench, broker, version):
    runner = bench.run(site_files(bench.folder.name, broker.port, version=version), "events")
    broker.ready(EVENTS, EV)
    for seq, mid in ((1, 77), (2, 78)):
        broker.keep(EVENTS, mid, EV, envelope(seq))
        runner.wait(event="acc.granted", seq=str(seq))
        never("PUBACK before the commit", lambda: (EVENTS, mid) in broker.acked)
        assert not runner.all(answered="committed", of=str(seq))
        runner.order("commit")
        wait_for("PUBACK", lambda: (EVENTS, mid) in broker.acked)
        assert runner.all(answered="committed", of=str(seq)), "PUBACK without a commit"
        ack = wait_for("application acknowledge", lambda: [p for c, t, p in broker.published if t == "sekisho/test/ack/dc1"
                                                           and json.loads(p)["seq"] == str(seq)])
        same(json.loads(ack[0]), {"epoch": 7, "seq": str(seq)}, "acknowledge")
    same(broker.acked.count((EVENTS, 77)), 1, "PUBACKs of one message")
    same(runner.all(event="acc.granted")[0]["door"], "d1", "door")
    runner.stop()


def puback_after_commit_5(bench, broker):
    puback_leaves_after_commit(bench, broker, "5")


def puback_after_commit_311(bench, broker):
    puback_leaves_after_commit(bench, broker, "3.1.1")


def persistent(bench, broker, version, kind, client):
    runner = bench.run(site_files(bench.folder.name, broker.port, version=version), kind)
    info = broker.ready(client, "sekisho/test/tick/" + client).info
    same(info["flags"] & 2, 0, "clean bit")
    same(info["keepalive"], 30, "keep alive")
    same(info["version"], 5 if version == "5" else 4, "version")
    same(info["properties"].get("session_expiry"), 7200 if version == "5" else None, "Session Expiry Interval")
    runner.stop()


def connect_is_persistent(bench, broker):
    for version in ("5", "3.1.1"):
        for kind, client in (("events", EVENTS), ("samples", SAMPLES)):
            persistent(bench, broker, version, kind, client)


def subscribes_on_every_connect(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    wanted = {STATE, STATUS, "demo/dc1/state", "demo/dc1/hb", "sekisho/test/tick/" + SAMPLES, "sekisho/test/tick/" + EVENTS}
    for turn in range(5):
        connection = broker.ready(SAMPLES, STATE)
        same(set(connection.topics), wanted, "topics of connection %d" % turn)
        same(connection.topics[STATE], 1, "QoS")
        connection.close()
    broker.ready(SAMPLES, STATE)
    same(len([p for p in broker.packets if p[1] == SUBSCRIBE]), 6, "SUBSCRIBE packets")
    runner.wait(sample="link.broker/link.reconnects", value=5)
    runner.stop()


def kill_while_waiting(bench, broker):
    site = site_files(bench.folder.name, broker.port)
    runner = bench.run(site, "events")
    broker.ready(EVENTS, EV)
    broker.keep(EVENTS, 5, EV, envelope(41))
    same(runner.wait(event="acc.granted", seq="41")[0]["repeated"], False, "first delivery")
    runner.kill()
    wait_for("the connection to end", lambda: not broker.live(EVENTS))
    same(broker.acked, [], "PUBACKs before the kill")
    second = bench.run(site, "events")
    same(second.wait(event="acc.granted", seq="41")[0]["repeated"], True, "second delivery carries DUP")
    second.order("commit")
    wait_for("PUBACK", lambda: broker.acked)
    same(broker.acked, [(EVENTS, 5)], "PUBACKs")
    second.stop()


def end_while_waiting(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "events")
    broker.ready(EVENTS, EV)
    broker.keep(EVENTS, 6, EV, envelope(42))
    broker.keep(EVENTS, 7, EV, envelope(43))
    runner.wait(event="acc.granted", seq="42")
    runner.stop()
    assert runner.all(answered="closed", of="42")
    wait_for("the connection to end", lambda: not broker.live(EVENTS))
    same(broker.acked, [], "PUBACKs after an end without an answer")


def malformed_event_is_recorded_then_acknowledged(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "events")
    broker.ready(EVENTS, EV)
    rows = [(b"", "expected a JSON object"), (b"\xff\xfe", "expected a JSON object"), (b"[]", "expected a JSON object"),
            (b'{"v":2,"epoch":1,"seq":1}', 'expected "v": 1'), (b'{"v":1,"epoch":-1,"seq":1}', 'expected "epoch"'),
            (b'{"v":1,"epoch":1,"seq":"x","data":{"Card":"04a2b3c4d5"}}', 'expected "seq"'), (b"x" * 70000, "expected a JSON object")]
    for mid, (payload, expected) in enumerate(rows, 1):
        broker.keep(EVENTS, mid, EV, payload)
        line = runner.wait(count=mid, device="dc1", malformed=EV)[-1]
        assert expected in line["expected"], line
        assert "04a2b3c4d5" not in line["bytes"], "a card number is kept"
        never("PUBACK before the commit", lambda: (EVENTS, mid) in broker.acked, 0.1)
        runner.order("commit")
        wait_for("PUBACK", lambda: (EVENTS, mid) in broker.acked)
    runner.stop()


def falls_back(bench, broker, answer):
    broker.on_connect = lambda info: answer if info["version"] == 5 else "accept"
    runner = bench.run(site_files(bench.folder.name, broker.port), "events")
    same(broker.ready(EVENTS, EV).version, 4, "version")
    broker.keep(EVENTS, 9, EV, envelope(1))
    runner.wait(event="acc.granted", seq="1")
    runner.order("commit")
    wait_for("PUBACK", lambda: (EVENTS, 9) in broker.acked)
    runner.stop()


def fallback_connack_311_code_1(bench, broker):
    falls_back(bench, broker, b"\x20\x02\x00\x01")


def fallback_connack_5_reason_84(bench, broker):
    falls_back(bench, broker, b"\x20\x03\x00\x84\x00")


def fallback_hang_up(bench, broker):
    falls_back(bench, broker, "close")


def version_5_only_never_falls_back(bench, broker):
    broker.on_connect = lambda info: b"\x20\x03\x00\x84\x00" if len(broker.connections) < 4 else "accept"
    runner = bench.run(site_files(bench.folder.name, broker.port, version="5"), "events")
    broker.ready(EVENTS, EV)
    same({c.info["version"] for c in broker.connections if c.info}, {5}, "versions tried")
    runner.stop()


def broken_packets(bench, broker):
    """Whatever the broker says, the session comes back and goes on."""
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    junk = [b"\xff\xff\xff\xff\xff", b"\x00\x00", b"\x30\x02\x00\x50", b"\x32\x03\x00\x01a", b"\x90\x02\x00\x01", b"\x40\x01\x00",
            b"\x20\x02\x00\x00", b"\x30\x05\x00\x03a\x00b", b"\xf0\x00", os.urandom(64)]
    for data in junk:
        connection = broker.ready(SAMPLES, STATE)
        connection.send_raw(data)
        connection.close()
    connection = broker.ready(SAMPLES, STATE)
    runner.wait(sample="link.broker/link.requests")
    wait_for("the echo", lambda: [p for c, t, p in broker.published if t.startswith("sekisho/test/tick/")])
    connection.publish(STATE, b'{"t":21.25}')
    runner.wait(sample=TEMPERATURE, value=21.25)
    runner.stop()


def reconnect_storm(bench, broker):
    """A broker that throws every connection out after SUBACK: the client comes back each time and works once it is left alone."""
    thrown = []

    def throw_out(connection):
        if len(thrown) < 8:
            thrown.append(connection)
            connection.close()
    broker.on_subscribed = throw_out
    runner = bench.run(site_files(bench.folder.name, broker.port), "events")
    wait_for("eight thrown out", lambda: len(thrown) == 8)
    broker.ready(EVENTS, EV)
    broker.keep(EVENTS, 3, EV, envelope(1))
    runner.wait(event="acc.granted", seq="1")
    runner.order("auto")
    wait_for("PUBACK", lambda: (EVENTS, 3) in broker.acked)
    runner.stop()


def retained_queued_live(bench, broker):
    broker.echoes = False  # until the echo comes, what arrives may be old
    broker.retained[STATE] = b'{"t":20}'
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    connection = broker.ready(SAMPLES, STATE)
    line = runner.wait(sample=TEMPERATURE, value=20)[0]
    same((line["quality"], line["reason"], line["flags"] & 2), ("last_usable_value", "retained", 2), "retained")
    connection.publish(STATE, b'{"t":21}', 1, 11)
    line = runner.wait(sample=TEMPERATURE, value=21)[0]
    same((line["quality"], line["reason"]), ("last_usable_value", "retained"), "out of the queue")
    wait_for("PUBACK on receipt", lambda: (SAMPLES, 11) in broker.acked)
    connection.publish(STATE, b'{"t":21.5,"ts":"2026-11-20T03:00:00Z"}', 1, 12)
    line = runner.wait(sample=TEMPERATURE, value=21.5)[0]
    same((line["quality"], line["flags"] & 8), ("good", 8), "out of the queue with its own time")
    assert not runner.all(sample="th1/device.comm", value="normal"), "old messages are no sign of life"
    broker.echoes = True
    tick = wait_for("a tick", lambda: [p for c, t, p in broker.published if t == "sekisho/test/tick/" + SAMPLES])[-1]
    connection.publish("sekisho/test/tick/" + SAMPLES, tick)
    connection.publish(STATE, b'{"t":22}', 1, 13)
    line = runner.wait(sample=TEMPERATURE, value=22)[0]
    same((line["quality"], line["reason"], line["flags"] & 2), ("good", "none", 0), "live")
    runner.wait(sample="th1/device.comm", value="normal", quality="good")
    runner.stop()


def last_will(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    connection = broker.ready(SAMPLES, STATE)
    runner.wait(sample="link.broker/link.rtt")  # the echo came: from here on live
    connection.publish(STATE, b'{"t":22,"battery":"ok"}')
    runner.wait(sample="th1/device.comm", value="normal", quality="good")
    connection.publish(STATUS, b"offline")
    runner.wait(sample="th1/device.comm", value="lost", quality="good")
    line = runner.wait(sample=TEMPERATURE, reason="offline")[0]
    same((line["quality"], line["value"]), ("comm_last_value", 22), "value after the last will")
    before = len(runner.all(sample="th1/device.comm", value="normal"))
    connection.publish(STATUS, b"online")
    runner.wait(count=before + 1, sample="th1/device.comm", value="normal")
    runner.stop()


def controller_heartbeat(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    connection = broker.ready(SAMPLES, "demo/dc1/hb")
    runner.wait(sample="link.broker/link.rtt")
    connection.publish("demo/dc1/hb", b'{"epoch":7,"seq_head":"12","t":"2026-11-20T12:00:00Z"}')
    runner.wait(sample="dc1/device.comm", value="normal", quality="good")
    connection.publish("demo/dc1/hb", b'{"epoch":7}')
    runner.order("auto")
    assert "seq_head" in runner.wait(malformed="demo/dc1/hb")[0]["expected"]
    runner.stop()


def link_down_marks_devices(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    connection = broker.ready(SAMPLES, STATE)
    runner.wait(sample="link.broker/link.rtt")
    runner.wait(sample="link.broker/link.state", value="up")
    connection.publish(STATE, b'{"t":22}')
    runner.wait(sample=TEMPERATURE, value=22)
    broker.on_connect = lambda info: "close"
    connection.close()
    runner.wait(sample="link.broker/link.state", value="down")
    line = runner.wait(sample=TEMPERATURE, reason="link_down")[0]
    same((line["quality"], line["value"]), ("comm_last_value", 22), "value without a link")
    runner.wait(sample="th1/device.comm", value="lost")
    runner.stop()


def malformed_samples_are_counted(bench, broker):
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    runner.order("auto")
    connection = broker.ready(SAMPLES, STATE)
    for _ in range(20):
        connection.publish(STATE, b'{"t":"warm"}')
    line = runner.wait(malformed=STATE)[0]
    assert "expected a number at path 't'" in line["expected"], line
    same(runner.wait(sample=TEMPERATURE)[0]["reason"], "payload", "reason")
    connection.publish(STATE, b'{"t":23}')
    runner.wait(sample=TEMPERATURE, value=23)
    runner.wait(sample="link.broker/mqtt.malformed", value=20)
    same(len(runner.all(malformed=STATE)), 1, "reports within the minute")
    runner.stop()


def refused_tick_still_works(bench, broker):
    broker.refuse_topics.add("sekisho/test/tick/" + SAMPLES)
    runner = bench.run(site_files(bench.folder.name, broker.port), "samples")
    connection = broker.ready(SAMPLES, STATE)
    runner.wait(sample="link.broker/link.exceptions", value=1)
    runner.wait(sample="link.broker/link.state", value="up")  # the refusal is known a moment before the session counts as live
    connection.publish(STATE, b'{"t":24}')
    same(runner.wait(sample=TEMPERATURE, value=24)[0]["quality"], "good", "quality")
    runner.stop()


def publishes_only_below_its_place(bench, broker):
    site = site_files(bench.folder.name, broker.port)
    samples, events = bench.run(site, "samples"), bench.run(site, "events")
    broker.ready(EVENTS, EV)
    broker.keep(EVENTS, 1, EV, envelope(1))
    events.order("auto")
    wait_for("heartbeat", lambda: [t for c, t, p in broker.published if t == "sekisho/test/heartbeat"])
    wait_for("acknowledge", lambda: [t for c, t, p in broker.published if t == "sekisho/test/ack/dc1"])
    same([t for c, t, p in broker.published if not t.startswith("sekisho/test/")], [], "foreign topics")
    samples.stop()
    events.stop()


def password_file(bench, broker):
    path = os.path.join(bench.folder.name, "password")
    with open(path, "w", encoding="ascii") as out:
        out.write("geheim\n")
    os.chmod(path, 0o640)
    site = site_files(bench.folder.name, broker.port, user="sekisho", password_file=path)
    refused = bench.run(site, "events")
    same(refused.child.wait(timeout=30), 2, "status with a file open to others")
    for thread in refused.threads:
        thread.join(10)
    assert "chmod 0600" in "".join(refused.errors), refused.errors
    os.chmod(path, 0o600)
    runner = bench.run(site, "events")
    info = broker.ready(EVENTS, EV).info
    same((info["user"], info["password"]), ("sekisho", b"geheim"), "credentials")
    runner.stop()


TESTS = [puback_after_commit_5, puback_after_commit_311, connect_is_persistent, subscribes_on_every_connect, kill_while_waiting,
         end_while_waiting, malformed_event_is_recorded_then_acknowledged, fallback_connack_311_code_1, fallback_connack_5_reason_84,
         fallback_hang_up, version_5_only_never_falls_back, broken_packets, reconnect_storm, retained_queued_live, last_will,
         controller_heartbeat, link_down_marks_devices, malformed_samples_are_counted, refused_tick_still_works,
         publishes_only_below_its_place, password_file]


def main():
    wanted = sys.argv[2:]
    for test in TESTS:
        if wanted and test.__name__ not in wanted:
            continue
        broker = FakeBroker()
        with Bench(sys.argv[1]) as bench:
            test(bench, broker)
        broker.close()
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()
