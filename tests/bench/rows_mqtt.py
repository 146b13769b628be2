# SPDX-License-Identifier: Apache-2.0
"""MQTT: door events each committed before PUBACK, and samples, beside bare paho behind the same broker and publisher."""
import time

from kit import BenchHouse, Program, cpu_s, median, mqtt_profile, scratch, site, until, wait_s

TOPICS = 1000
WINDOW = 2000


def door_house(build):
    return BenchHouse(build, site([{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}],
                                  [{"id": "dc1", "profile": "door-controller-mqtt", "link": "broker", "topic": "bench/dc1"}],
                                  doors=[{"id": "d1", "from": "outside", "to": "server", "controller": "dc1", "token": "d1",
                                          "readers": [{"id": "r1", "direction": "entry", "address": 1}]}],
                                  zones=[{"id": "outside", "class": 0}, {"id": "server", "class": 3}]))


def source(build, house, *arguments):
    return Program([build / "tests/bench/mqtt_source", house.mqtt_port, *arguments])


def records(house):
    return int(house.command("status")["result"]["records"] or 0)


def rate_until(publisher, count, reached, pause=0.01):
    """Events a second from the first publication until all have been taken."""
    begin = time.monotonic()
    publisher.say(f"send {count}")
    until(f"{count} events", reached, 120, pause)
    seconds = time.monotonic() - begin
    publisher.answer()
    return count / seconds


def door_events(build, quick):
    """Ours and bare paho in turn: three rounds through the same broker."""
    count, rounds, ours, theirs = 4000 if quick else 12000, 1 if quick else 3, [], []
    for _ in range(rounds):
        with door_house(build) as house, source(build, house, "event", 1, 1, 0, WINDOW) as publisher:
            until("the event session works", lambda: (publisher.ask("send 1"), records(house) > 3)[1])
            wait_s(0.5)
            first = records(house)
            ours.append(rate_until(publisher, count, lambda: records(house) >= first + count))
        with door_house(build) as house, scratch() as directory:
            house.stop("collector")
            with Program([build / "tests/bench/bare_paho", house.mqtt_port, "events", directory + "/bare.db"]) as bare, \
                    source(build, house, "event", 1, 1, 0, WINDOW) as publisher:
                assert bare.answer()["ready"]
                theirs.append(rate_until(publisher, count, lambda: bare.ask("?")["count"] >= count))
    return {"events": dict(ours=round(median(ours)), peer=round(median(theirs)), note=f"{count} events, {rounds} rounds in turn")}


def sample_house(build, qos):
    points = [{"name": "env.room.temperature", "path": "t", "range": [-40, 90],
               "limits": {"UpperCritical": {"Reading": 80, "HysteresisReading": 1, "severity": "critical"}}},
              {"name": "device.heartbeat", "path": "n"}]
    machines = [{"id": f"s{i}", "profile": "p", "link": "broker", "topic": f"bench/{i}"} for i in range(TOPICS)]
    return BenchHouse(build, site([{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}], machines),
                      [mqtt_profile("p", points, qos)])


def received(house):
    """Messages of the link's sessions as they count them themselves (requests in and out: their own ticks are among them)."""
    status, point = house.get("/api/v1/points/link.broker/link.requests")
    assert status == 200, point
    return point["value"] or 0


def settled(house):
    """The counter once it stands still but for ticks: it is a point, shown at most once a second."""
    last = -1
    while received(house) - last > 8:
        last = received(house)
        wait_s(1.2)
    return received(house)


def newest(house, topic):
    return house.get(f"/api/v1/points/s{topic}/device.heartbeat")[1].get("value")


def warm(house, publisher, sent):
    """Every topic has spoken, so that what follows is steady."""
    until("subscribed", lambda: house.get("/api/v1/points/link.broker/link.state")[1].get("value") == "up")
    publisher.ask(f"send {TOPICS}")
    until("values arrive", lambda: newest(house, sent % TOPICS) == sent)


def samples_cpu(build, qos, quick):
    """CPU per message at the same offered rate; poller and collector (decoded, judged, kept) against bare paho + cJSON."""
    rate, seconds = 10000, 2 if quick else 5
    count, rounds, ours, theirs, notes = rate * seconds, 1 if quick else 3, [], [], []
    with sample_house(build, qos) as house:
        with source(build, house, "sample", qos, TOPICS, rate, WINDOW) as publisher:
            warm(house, publisher, TOPICS)
            sent = TOPICS
            for _ in range(rounds):
                base = settled(house)
                before, parts = house.cpu_s(), house.split()
                publisher.ask(f"send {count}")
                sent += count
                until("the last value is shown", lambda: newest(house, sent % TOPICS) == sent, 60)
                ours.append((house.cpu_s() - before) / count * 1e6)
                after = house.split()
                notes = [f"{name} {(after[name] - parts[name]) / count * 1e6:.1f} us" for name in parts]
            lost = count - (settled(house) - base)
        house.stop("collector")
        with Program([build / "tests/bench/bare_paho", house.mqtt_port, f"sample{qos}"]) as bare, \
                source(build, house, "sample", qos, TOPICS, rate, WINDOW) as publisher:
            assert bare.answer()["ready"]
            for turn in range(rounds):
                before = cpu_s(bare.pid)
                publisher.ask(f"send {count}")
                until("all arrived", lambda: bare.ask("?")["count"] >= count * (turn + 1), 60)
                theirs.append((cpu_s(bare.pid) - before) / count * 1e6)
    return {"cpu": dict(ours=round(median(ours), 2), peer=round(median(theirs), 2),
                        note=f"{rate}/s over {TOPICS} topics; {', '.join(notes)}; {max(0, lost):.0f} lost")}


def samples_qos0(build, quick):
    return samples_cpu(build, 0, quick)


def samples_qos1(build, quick):
    return samples_cpu(build, 1, quick)


def gaps(build, quick):
    """20 000 messages a second at QoS 1: how many the samples session has not seen, beside what the queue says it gave up."""
    rate, seconds = 20000, 4 if quick else 30
    with sample_house(build, 1) as house, source(build, house, "sample", 1, TOPICS, rate, 20000) as publisher:
        warm(house, publisher, TOPICS)
        base, begin = settled(house), time.monotonic()
        done = publisher.ask(f"send {rate * seconds}")
        sent = TOPICS + rate * seconds
        until("the last value is shown", lambda: newest(house, sent % TOPICS) == sent, 60)
        behind = time.monotonic() - begin - done["seconds"]
        lost = rate * seconds - (settled(house) - base)
        ticks = (time.monotonic() - begin) / 0.4
    return {"gaps": dict(ours=max(0, round(lost)), peer=None, value=max(0, round(lost)),
                         note=f"{rate * seconds / done['seconds']:.0f}/s for {done['seconds']:.1f} s, last value {behind:.2f} s after the last "
                              f"PUBACK; about {ticks:.0f} ticks of ours are in the count")}
