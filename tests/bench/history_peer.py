#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The history beside VictoriaMetrics (Debian package victoria-metrics) on the same file, one after the other in one run.

usage: history_peer.py BENCH_HISTORY      (the built bench_history). Prints its JSON lines, the peer's, and the ratios.
The peer gets the day through /api/v1/import on loopback in one post per signal and hour, is flushed and merged, then stopped; its
bytes are those under its storage directory (data and index), its CPU that of its process from before the import until after it."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

BINARY = shutil.which("victoria-metrics") or shutil.which("victoriametrics") or "/usr/bin/victoria-metrics"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise SystemExit(f"{path}: {answer.status} {text[:200]!r}")
    return text


def until(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        threading.Event().wait(0.2)


def is_up(port):
    try:
        return request(port, "GET", "/health") is not None
    except OSError:
        return False


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size_of(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def stored(port):
    """Samples on the disk, by the peer's own count."""
    text = request(port, "GET", "/metrics").decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("vm_rows{type=\"storage/"))


def peer(dump, home):
    port = free_port()
    process = subprocess.Popen([BINARY, f"-storageDataPath={home}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y",
                                "-loggerLevel=ERROR"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("the peer listens", lambda: is_up(port), 30)
        lines = dump.read_bytes().splitlines(keepends=True)
        samples = len(lines) * 3600
        begin = cpu_s(process.pid)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for line in lines:
            connection.request("POST", "/api/v1/import", line)
            connection.getresponse().read()
        request(port, "GET", "/internal/force_flush")
        until("all samples are stored", lambda: stored(port) >= samples, 60)
        cpu = cpu_s(process.pid) - begin
        request(port, "GET", "/internal/force_merge")
        before = None
        for _ in range(40):  # merged when the size stands still
            threading.Event().wait(1)
            now = size_of(home / "data")
            if now == before:
                break
            before = now
        merged = cpu_s(process.pid) - begin
    finally:
        process.terminate()
        process.wait(30)
    return {"bench": "history.victoriametrics", "samples": samples, "bytes_per_sample": round(size_of(home / "data") / samples, 4),
            "with_index": round((size_of(home / "data") + size_of(home / "indexdb")) / samples, 4),
            "cpu_us_per_sample": round(cpu * 1e6 / samples, 3), "cpu_us_with_merge": round(merged * 1e6 / samples, 3)}


def main():
    home = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-bench-"))
    try:
        dump = home / "dump.jsonl"
        (home / "ours").mkdir(mode=0o750)
        out = subprocess.run([sys.argv[1], home / "ours", "--dump", dump, *sys.argv[2:]], capture_output=True, text=True, check=True)
        rows = [json.loads(line) for line in out.stdout.splitlines()]
        theirs = peer(dump, home / "peer")
        size = next(row for row in rows if row["bench"] == "history.bytes_per_sample")
        cpu = next(row for row in rows if row["bench"] == "history.store.import")
        ratio = {"bench": "history.ratio", "bytes_raw": round(size["raw"] / theirs["bytes_per_sample"], 3),
                 "bytes_file_without_tiers": round(size["file_without_tiers"] / theirs["bytes_per_sample"], 3),
                 "bytes_file_with_tiers": round(size["file"] / theirs["bytes_per_sample"], 3),
                 "cpu": round(cpu["cpu_us_per_sample"] / theirs["cpu_us_per_sample"], 3)}
        for row in [*rows, theirs, ratio]:
            print(json.dumps(row), flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
