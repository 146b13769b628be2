#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of figures: each beside its peer or limit, measured in the same run.

usage: bench.py BUILD_DIR [ROW ...] [--list] [--quick] [--huge] [--json FILE] [--compare REV [REV]] [--readme]

ROW is a row's name or the beginning of one. --quick: short runs that only show that the rows work. --compare OLD: builds that commit
beside ours, runs both in turn and compares by ratio; --compare OLD NEW: the same with two commits (a JSON file instead of commits: its
values stand beside). --readme: measures nothing, writes the last whole table into README.md. Exit code 1 when a minimum is missed, a
row could not be measured, or (--compare) a row is worse beyond --tolerance.
ROWS is the registry; a measurement (a function of rows_*.py) may serve several rows and runs once."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time
import traceback
import typing

import compare
import figures
import rows_export
import rows_growth
import rows_history
import rows_http
import rows_latency
import rows_modbus
import rows_mqtt
import rows_presence
import rows_store
from kit import ROOT, NoPeer, NotBuilt

RESULTS = pathlib.Path(__file__).resolve().parent / "results" / "latest.json"


class Row(typing.NamedTuple):
    name: str
    what: str
    unit: str                    # of ours and peer
    better: str                  # "less" or "more"
    goal: float
    least: float
    measure: typing.Optional[typing.Callable]  # None: needs an issue that has not landed
    key: str                     # which result of the measurement
    judged: str = "ratio"        # what goal and minimum are of


ROWS = [
    Row("latency.modbus", "change at a Modbus device to SSE event, p99 beyond one period of 1 s", "ms", "less", 50, 50,
        rows_latency.modbus_latency, "modbus", "ms over"),
    Row("latency.mqtt", "MQTT publication to SSE event of its alarm, p99", "ms", "less", 20, 20, rows_latency.mqtt_latency, "mqtt", "ms"),
    Row("latency.mqtt.sparse", "the same, 1.5 s idle before each", "ms", "less", 20, 20, rows_latency.mqtt_sparse_latency, "sparse", "ms"),
    Row("gateway.p99", "10 units behind a gateway, 3 dead: p99 period of the live", "ms", "less", 1.2, 1.2, rows_latency.gateway, "gateway"),
    Row("door.events", "door events committed before PUBACK, one session / bare paho + SQLite", "1/s", "more", 0.8, 0.6,
        rows_mqtt.door_events, "events"),
    Row("log.single.rate", "durable single records / fdatasync of 4 KiB", "1/s", "more", 0.7, 0.5, rows_store.store, "store.single.rate"),
    Row("log.single.p99", "the same, p99 of one", "us", "less", 2, 3, rows_store.store, "store.single.p99"),
    Row("log.group", "records/s, group commit of 1 000, with tree / bare sqlite3 + SHA-256", "1/s", "more", 0.8, 0.5, rows_store.store,
        "store.group1000.rate"),
    Row("engine.samples", "changed samples/s on one core through the conditions", "1/s", "more", 1e6, 3e5, rows_store.engine, "samples", "1/s"),
    Row("modbus.cpu", "200 x 100 registers at 1 s: CPU per register / libmodbus threads", "us", "less", 1.1, 1.8, rows_modbus.cpu, "threads"),
    Row("modbus.cpu.collectd", "the same / collectd's modbus plugin", "us", "less", 0.1, 0.1, rows_modbus.cpu, "collectd"),
    Row("modbus.cycle.dead10", "500 x 100 at 1 s, 10 % dead: p99 cycle of the live", "ms", "less", 1010, 1050, rows_modbus.dead_10, "cycle", "ms"),
    Row("modbus.cycle.dead50", "the same, 50 % dead", "ms", "less", 1010, 1050, rows_modbus.dead_50, "cycle", "ms"),
    Row("memory.50k", "resident with 50 000 points: collector, pollers, dashboard", "MB", "less", 64, 128, rows_modbus.dead_10, "memory", "MB"),
    Row("modbus.links2000", "2 000 links x 100 registers at 1 s: share of a core", "%", "less", 20, 40, rows_modbus.links_2000, "core", "%"),
    Row("modbus.growth", "CPU per register, 1 000 devices / 100 devices", "us", "less", 1.0, 1.5, rows_modbus.growth, "growth"),
    Row("modbus.growth.2000", "the same, 2 000 devices / 100 devices", "us", "less", 1.0, 1.5, rows_modbus.growth, "growth.2000"),
    Row("mqtt.cpu.qos0", "CPU per MQTT sample, QoS 0 / bare paho + cJSON", "us", "less", 1.3, 2, rows_mqtt.samples_qos0, "cpu"),
    Row("mqtt.cpu.qos1", "CPU per MQTT sample, QoS 1 / bare paho + cJSON", "us", "less", 1.3, 2, rows_mqtt.samples_qos1, "cpu"),
    Row("mqtt.gaps", "20 000 samples/s at QoS 1: gaps", "gaps", "less", 0, 0, rows_mqtt.gaps, "gaps", "gaps"),
    Row("http.alarms.rate", "HTTPS GET /alarms, 20 open, 64 connections / bare libmicrohttpd TLS", "1/s", "more", 0.8, 0.4, rows_http.alarms,
        "rate"),
    Row("http.alarms.p99", "the same, p99 / nginx", "ms", "less", 1.5, 3, rows_http.alarms, "p99"),
    Row("sse.p99", "one event to 2 000 TLS streams, p99 / bare libmicrohttpd", "ms", "less", 1.3, 3, rows_http.streams, "p99"),
    Row("sse.memory", "memory per TLS stream", "KiB", "less", 20, 32, rows_http.streams, "memory", "KiB"),
    Row("sse.gaps", "events that a stream did not get", "gaps", "less", 0, 0, rows_http.streams, "gaps", "gaps"),
    Row("start.poll", "start with a large log: first poll", "s", "less", 1, 3, rows_store.start, "poll", "s"),
    Row("start.answer", "start with a large log: first answer of the API", "s", "less", 1, 3, rows_store.start, "answer", "s"),
    Row("growth.append", "a record appended, 10 million in the log / 1 million", "us", "less", 1.2, 2, rows_growth.log, "append"),
    Row("growth.page", "the newest 100 entries over HTTPS, the same two logs", "ms", "less", 1.2, 2, rows_growth.log, "page"),
    Row("growth.verify", "a record verified, the same", "us", "less", 1.2, 2, rows_growth.log, "verify"),
    Row("growth.start", "start of the collector to its first answer, the same", "ms", "less", 1.2, 2, rows_growth.log, "start"),
    Row("history.bytes", "bytes per sample, a day of 40 signals / VictoriaMetrics", "B", "less", 0.85, 1.0, rows_history.history, "bytes"),
    Row("history.cpu", "CPU per sample stored / VictoriaMetrics import", "us", "less", 0.33, 1.0, rows_history.history, "cpu"),
    Row("history.query", "a year at 15 min, a week at 1 min: the slower", "ms", "less", 5, 20, rows_history.history, "query", "ms"),
    Row("entries.search", "first 100 entries of a person or company of a year among 10 million records, HTTPS", "ms", "less", 100, 200,
        rows_presence.search, "slowest", "ms"),
    Row("muster.5000", "5 000 people on the muster list, all of it over HTTPS", "s", "less", 1, 2, rows_presence.muster, "list", "s"),
    Row("entries.csv", "month export over HTTPS / sqlite3 -csv", "s", "less", 0.9, 1.5, rows_export.month, "csv"),
    Row("entries.csv.memory", "memory of the export's process, the month / a tenth of it", "MB", "less", 1.1, 1.2, rows_export.month, "memory"),
]


def verdict(row, value):
    def holds(bound):
        return value <= bound if row.better == "less" else value >= bound
    return "goal" if holds(row.goal) else "minimum" if holds(row.least) else "missed"


def judge(row, measured):
    """A measurement's result {ours, peer, value, note} with its verdict."""
    result = measured[row.key]
    if "missing" in result:
        return dict(verdict="not built", note=result["missing"])
    value = result.get("value")
    if value is None:
        value = result["ours"] / result["peer"]
    return dict(result, value=round(value, 4), verdict=verdict(row, value))


def run_row(row, build, quick, done):
    if row.measure is None:
        return dict(verdict="not built", note="needs an issue that has not landed")
    if row.measure not in done:
        begin = time.monotonic()
        try:
            done[row.measure] = row.measure(build, quick)
        except (NotBuilt, NoPeer) as reason:
            done[row.measure] = reason
        except Exception as error:  # one row that breaks must not hide the others
            traceback.print_exc()
            done[row.measure] = error
        print(f"{row.measure.__module__}.{row.measure.__name__}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    got = done[row.measure]
    if isinstance(got, NotBuilt):
        return dict(verdict="not built", note=str(got))
    if isinstance(got, Exception):
        return dict(verdict="failed", note=f"{type(got).__name__}: {got}"[:200])
    return judge(row, got)


def table(rows, results, before):
    head = ["row", "what", "unit", "ours", "peer", "judged", "goal", "least", "verdict"] + (["before", "change"] if before else [])
    lines = [head]
    for row in rows:
        r = results[row.name]
        line = [row.name, row.what, row.unit, figures.number(r.get("ours")), figures.number(r.get("peer")),
                f"{figures.number(r.get('value'))} {row.judged}" if "value" in r else "-", figures.number(row.goal), figures.number(row.least), r["verdict"]]
        if before:
            old = before.get(row.name, {}).get("value")
            new = r.get("value")
            line += [figures.number(old), f"{new / old:.2f} x" if old and new is not None else "-"]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.rjust(w) if 3 <= i <= 7 else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths))).rstrip())
    for row in rows:
        if results[row.name].get("note"):
            print(f"  {row.name}: {results[row.name]['note']}")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "load_at_start": os.getloadavg()[0]}


def versions():
    names = ["gcc", "libmodbus5", "collectd-core", "mosquitto", "libpaho-mqtt1.3", "libcjson1", "libsqlite3-0", "libmicrohttpd12", "libgnutls30",
             "nginx-light", "wrk", "victoria-metrics", "libzstd1"]
    lines = output_of("dpkg-query", "-W", "-f=${Package} ${Version}\\n", *names).splitlines()
    return dict(line.split(" ", 1) for line in lines if line.count(" ") == 1 and line.split(" ", 1)[1])


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", nargs="?", help="build directory made with SK_BENCH=ON and no sanitizer")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--huge", action="store_true", help="growth also to 100 million records")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--compare", metavar="REV", nargs="+", help="behind the rows: one commit, or an older and a newer one")
    parser.add_argument("--readme", action="store_true", help="write the last whole table into README.md")
    parser.add_argument("--check", action="store_true", help="with --readme: only say whether it is there already")
    parser.add_argument("--tolerance", type=float, default=0.15, help="of --compare: 0.15 is 15 %% worse")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    if arguments.list:
        print("\n".join(f"{row.name:22} {row.what}" for row in ROWS))
        return 0
    if arguments.readme:
        return figures.readme(RESULTS, ROOT / "README.md", arguments.check)
    if not arguments.build:
        sys.exit("bench: which build directory?")
    if arguments.huge:
        os.environ["SEKISHO_BENCH_HUGE"] = "1"
    unknown = [word for word in arguments.rows if not any(row.name.startswith(word) for row in ROWS)]
    if unknown:
        sys.exit(f"bench: no row begins with '{unknown[0]}'; see --list")
    rows = [row for row in ROWS if not arguments.rows or any(row.name.startswith(word) for word in arguments.rows)]
    if arguments.compare and not pathlib.Path(arguments.compare[0]).is_file():
        for revision in arguments.compare:
            if not output_of("git", "rev-parse", "--verify", "--quiet", revision + "^{commit}"):
                sys.exit(f"bench: there is no commit '{revision}'; rows stand before --compare")
        if len(arguments.compare) > 2:
            sys.exit("bench: --compare takes one commit, or an older and a newer one")
        return compare.compare(rows, pathlib.Path(arguments.build).resolve(), arguments.compare, arguments.quick, arguments.tolerance)
    before = json.loads(pathlib.Path(arguments.compare[0]).read_text())["rows"] if arguments.compare else None
    where = machine()
    done = {}
    results = {row.name: run_row(row, pathlib.Path(arguments.build), arguments.quick, done) for row in rows}
    table(rows, results, before)
    verdicts = [results[row.name]["verdict"] for row in rows]
    goals, minimums, missing = verdicts.count("goal"), verdicts.count("goal") + verdicts.count("minimum"), verdicts.count("not built")
    # a part of the table, or a quick one, does not replace the last whole one
    target = arguments.json or (RESULTS if not arguments.rows and not arguments.quick else None)
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps({"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                                      "commit": output_of("git", "rev-parse", "HEAD"), "changed": bool(output_of("git", "status", "--porcelain", "-uno")),
                                      "machine": where, "versions": versions(), "quick": arguments.quick,
                                      "rows": {row.name: dict(results[row.name], what=row.what, unit=row.unit, goal=row.goal, least=row.least,
                                                              better=row.better, judged=row.judged) for row in rows}},
                                     indent=1, ensure_ascii=False) + "\n")
    built = len(rows) - missing
    print(f"{goals} of {built} goals and {minimums} of {built} minimums hold; {missing} rows not built")
    return 0 if minimums == built else 1


if __name__ == "__main__":
    sys.exit(main())
