# SPDX-License-Identifier: Apache-2.0
"""HTTPS beside nginx and bare libmicrohttpd with the same bytes; event streams beside bare libmicrohttpd.

Servers have one thread each on core 0, the client has core 1 (on a machine of one core all share it)."""
import json
import os
import re
import select
import subprocess
import time

from kit import BenchHouse, Program, Publisher, free_port, median, mqtt_profile, need_program, pss_mb, scratch, site, until, wait_s

OPEN_ALARMS = 20
CONNECTIONS = 64
LOAD_OPTIONS = ["--threads", "1", "--connections", "4096", "--connections-per-address", "4096",
                "--requests-per-address", "0", "--requests-per-account", "0"]
UNITS_MS = {"us": 0.001, "ms": 1, "s": 1000}


def pin(pid, core=0):
    if (os.cpu_count() or 1) > 1:
        subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True, capture_output=True)


def alarm_house(build, devices):
    limit = {"UpperCritical": {"Reading": 30, "HysteresisReading": 1, "severity": "critical"}}
    machines = [{"id": f"th{i}", "profile": "p", "link": "broker", "topic": f"bench/{i}",
                 "place": {"building": "本館", "floor": "2F", "room": "サーバ室", "row": "A", "rack": f"{i:02}"}} for i in range(devices)]
    return BenchHouse(build, site([{"id": "broker", "protocol": "mqtt", "host": "127.0.0.1", "port": "{{MQTT_PORT}}"}], machines),
                      [mqtt_profile("p", [{"name": "env.room.temperature", "path": "t", "limits": limit}], 1)], LOAD_OPTIONS)


def raise_alarms(house, publisher, devices):
    until("the alarms are open", lambda: ([publisher.publish(f"bench/{i}/state", '{"t":40}') for i in range(devices)],
                                          len(house.get("/api/v1/alarms")[1]["items"]) == devices)[1], 30, 0.2)


def wrk(url, seconds, *headers):
    """Requests a second and p99 in ms, closed loop of 64 keep-alive connections."""
    command = ["taskset", "-c", "1"] if (os.cpu_count() or 1) > 1 else []
    command += [need_program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), float(p99.group(1)) * UNITS_MS[p99.group(2)]


def start_nginx(directory, house):
    """nginx serves the same bytes from a file; returns its process and its port."""
    port, conf = free_port(), os.path.join(directory, "nginx.conf")
    user = "user root;" if os.geteuid() == 0 else ""
    with open(conf, "w") as file:
        file.write(f"daemon off; {user} worker_processes 1; pid {directory}/nginx.pid; error_log stderr warn;\n"
                   "events { worker_connections 1024; }\n"
                   "http { access_log off; sendfile on; open_file_cache max=10; keepalive_requests 1000000; default_type application/json;\n"
                   f"client_body_temp_path {directory}/b; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f;\n"
                   f"uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;\n"
                   f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {house.dir}/cert.pem; ssl_certificate_key {house.dir}/key.pem;\n"
                   f"root {directory}; }} }}\n")
    command = ["taskset", "-c", "0"] if (os.cpu_count() or 1) > 1 else []
    return subprocess.Popen(command + [need_program("nginx"), "-c", conf, "-p", directory], stdin=subprocess.DEVNULL), port


def bare(build, house, body):
    return Program([build / "tests/bench/bare_mhd", house.dir / "cert.pem", house.dir / "key.pem", body, 4096], core=0)


def alarms(build, quick):
    """Ours, bare libmicrohttpd and nginx in turn, medians of three."""
    seconds, rounds = 1 if quick else 4, 1 if quick else 3
    got = {"ours": [], "mhd": [], "nginx": []}
    with alarm_house(build, OPEN_ALARMS) as house, scratch() as directory:
        publisher = Publisher(house.mqtt_port)
        raise_alarms(house, publisher, OPEN_ALARMS)
        pin(house.processes["dashboard"].pid)
        body = os.path.join(directory, "alarms.json")
        with open(body, "w") as file:
            json.dump(house.get("/api/v1/alarms")[1], file, separators=(",", ":"), ensure_ascii=False)
        nginx, nginx_port = start_nginx(directory, house)
        try:
            with bare(build, house, body) as mhd:
                mhd_port = mhd.answer()["port"]
                wait_s(0.3)
                for _ in range(rounds):
                    got["ours"].append(wrk(f"https://127.0.0.1:{house.http_port}/api/v1/alarms", seconds,
                                           "Authorization: Bearer " + house.tokens["operator"]))
                    got["mhd"].append(wrk(f"https://127.0.0.1:{mhd_port}/body", seconds))
                    got["nginx"].append(wrk(f"https://127.0.0.1:{nginx_port}/alarms.json", seconds))
        finally:
            nginx.terminate()
            nginx.wait()
        publisher.close()
        size = os.path.getsize(body)
    rate, p99 = ({name: median(row[i] for row in rows) for name, rows in got.items()} for i in (0, 1))
    return {"rate": dict(ours=round(rate["ours"]), peer=round(rate["mhd"]), note=f"{size} bytes; nginx {rate['nginx']:.0f}/s"),
            "p99": dict(ours=round(p99["ours"], 2), peer=round(p99["nginx"], 2), note=f"bare libmicrohttpd {p99['mhd']:.2f} ms")}


PER_ACCOUNT = 16  # SK_LIVE_PER_ACCOUNT


def open_streams(build, port, path, count, authorizations):
    client = Program([build / "tests/bench/sse_client", port, path, count], core=1)
    for i in range(count):
        client.say(authorizations[i // PER_ACCOUNT] if authorizations else "")
    got = client.answer()
    assert got["open"] == count, got
    return client


def marks(rounds):
    """Readings above the limit, each written once only: the alarm's event carries the reading, and that is looked for."""
    return [f"{40.03125 + i}" for i in range(rounds)]


def fan_out(client, prepare, cause, rounds):
    """Reports of the client, one event each; times from just before the cause."""
    out = []
    for mark in marks(rounds):
        prepare()
        wait_s(1.3)
        client.say(f"{time.monotonic():.6f} {mark}")
        client.answer()
        cause(mark)
        out.append(client.answer())
    return out


def streams(build, quick):
    count, rounds = (200, 3) if quick else (2000, 7)
    with alarm_house(build, 1) as house:
        publisher = Publisher(house.mqtt_port)
        raise_alarms(house, publisher, 1)
        pin(house.processes["dashboard"].pid)
        tokens = ["Bearer " + account(house, i) for i in range((count + PER_ACCOUNT - 1) // PER_ACCOUNT)]
        before = pss_mb(house.processes["dashboard"].pid)
        with open_streams(build, house.http_port, "/api/v1/events", count, tokens) as client:
            wait_s(1)
            memory = (pss_mb(house.processes["dashboard"].pid) - before) * 1024 / count
            ours = fan_out(client, lambda: publisher.publish("bench/0/state", '{"t":20}'),
                           lambda mark: publisher.publish("bench/0/state", f'{{"t":{mark}}}'), rounds)
        publisher.close()
        house.stop("dashboard")
        with scratch() as directory:
            body = os.path.join(directory, "body")
            with open(body, "w") as file:
                file.write("{}")
            with bare(build, house, body) as mhd:
                with open_streams_bare(build, mhd, count) as client:
                    theirs = fan_out(client, lambda: None, lambda mark: mhd.say('{"type":"alarm","text":"' + "x" * 400 + f'","n":{mark}}}'),
                                     rounds)
    gaps = sum(count - r["got"] for r in ours)
    p99, bare_p99 = median(r["p99_ms"] for r in ours), median(r["p99_ms"] for r in theirs)
    note = (f"{count} streams, from the publication; first arrival {median(r['first_ms'] for r in ours):.1f} ms, "
            f"bare {median(r['first_ms'] for r in theirs):.1f} ms")
    return {"p99": dict(ours=round(p99, 2), peer=round(bare_p99, 2), note=note),
            "memory": dict(ours=round(memory, 1), peer=None, value=memory, note="user memory of the dashboard, TLS included"),
            "gaps": dict(ours=gaps, peer=None, value=gaps, note=f"{rounds} events")}


def account(house, i):
    out = subprocess.run([house.build / "collector/cli/sekisho", "account", "--state", house.state, "--account", f"stream-{i}",
                          "--roles", "viewer"], capture_output=True, text=True, check=True)
    return out.stdout.strip()


def open_streams_bare(build, mhd, count):
    """A bare stream is silent until its first event: it gets one over and over until the client has all."""
    client = Program([build / "tests/bench/sse_client", mhd.answer()["port"], "/stream", count], core=1)
    for _ in range(count):
        client.say("")
    while not select.select([client.process.stdout], [], [], 0.3)[0]:
        mhd.say("hello")
    got = client.answer()
    assert got["open"] == count, got
    return client
