# SPDX-License-Identifier: Apache-2.0
"""A month of entries as CSV over HTTPS, beside the sqlite3 shell with -csv that writes the very same rows from a plain table."""
import os
import pathlib
import resource
import subprocess
import time

from kit import BenchHouse, children, cpu_s, fill_log, median, need_program, scratch, site, until

PATH = "/api/v1/entries/export"


def timed(command):
    """Wall and CPU seconds of a command and its children."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def high_water_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")) / 1024


def export(house, target):
    """Seconds of wall, and the greatest memory of the child that writes."""
    header = house.dir / "token.header"
    header.write_text("Authorization: Bearer " + house.tokens["operator"] + "\n")
    begin = time.monotonic()
    client = subprocess.Popen([need_program("curl"), "-sSf", "--cacert", house.dir / "cert.pem", "-H", f"@{header}", "-o", target,
                               f"https://127.0.0.1:{house.http_port}{PATH}"])
    peak, collector = 0.0, house.processes["collector"].pid
    while True:
        try:
            client.wait(0.02)
            break
        except subprocess.TimeoutExpired:
            pass
        for pid in children(collector):
            try:
                if b"--export" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    peak = max(peak, high_water_mb(pid))
            except (FileNotFoundError, StopIteration):
                pass
    wall = time.monotonic() - begin
    assert client.returncode == 0, client.returncode
    return wall, peak


def fill(build, house, count):
    house.stop("collector")
    fill_log(build, house.state, count, "month")
    house.start_collector()
    until("the API answers", lambda: house.get("/api/v1/entries?limit=1")[0] == 200)


def make_peer(directory, file):
    """The rows of our file in a plain table, all columns as text."""
    path = os.path.join(directory, "peer.db")
    subprocess.run([need_program("sqlite3"), path, ".mode csv", f".import {file} entry"], check=True)
    return ["nice", "-n", "10", need_program("sqlite3"), "-readonly", "-csv", path, ".output /dev/null", "select * from entry order by rowid"]


def month(build, quick):
    count, rounds = (50_000, 1) if quick else (1_000_000, 3)
    ours, theirs, small = [], [], 0.0
    with BenchHouse(build, site([], []), broker=False) as house, scratch() as directory:
        fill(build, house, count // 10)
        small = export(house, "/dev/null")[1]
        fill(build, house, count)
        file = os.path.join(directory, "entries.csv")
        export(house, file)
        with open(file, "rb") as lines:
            rows = sum(1 for line in lines if line.startswith(b"entry,"))
        assert rows == count + count // 10, rows
        command = make_peer(directory, file)
        dashboard = house.processes["dashboard"].pid
        before, peaks = cpu_s(dashboard), []
        for _ in range(rounds):
            wall, peak = export(house, "/dev/null")
            ours.append(wall)
            peaks.append(peak)
            theirs.append(timed(command)[0])
        tls = (cpu_s(dashboard) - before) / rounds
        size = os.path.getsize(file) / 1e6
    note = f"{rows} rows, {size:.0f} MB of CSV, both at nice 10; TLS {tls:.2f} s of CPU beside"
    return {"csv": dict(ours=round(median(ours), 3), peer=round(median(theirs), 3), note=note),
            "memory": dict(ours=round(max(peaks), 1), peer=round(small, 1), note="greatest resident size of the child")}
