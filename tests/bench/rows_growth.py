# SPDX-License-Identifier: Apache-2.0
"""How cost grows with the log: appending, the first page of /entries, verifying and starting beside 1, 10 and (with --huge, which
takes some 60 GB of disk and half an hour) 100 million records. Each row is judged by the ratio of the greatest to the least.

What a record costs that is appended to a log of N is measured on the last of them, after the disk has taken the others: filling a log
of gigabytes at once waits for the disk, whatever the log does, and a log of megabytes does not."""
import os
import pathlib
import shutil
import subprocess
import time

from kit import BenchHouse, NotBuilt, fill_log, median, site

BYTES_PER_RECORD = 600  # one takes some 430 and the log beside it; a disk that is too small is said before it is full
PAGES = 30
LAST, PARTS = 200_000, 5  # of them the appending is timed, the median of so many parts


def page_ms(house):
    """The newest hundred entries over one kept connection."""
    connection, times = house.connection(), []
    for _ in range(PAGES):
        begin = time.monotonic()
        connection.request("GET", "/api/v1/entries?limit=100", headers={"Authorization": "Bearer " + house.tokens["auditor"]})
        answer = connection.getresponse()
        assert answer.status == 200 and len(answer.read()) > 1000
        times.append((time.monotonic() - begin) * 1e3)
    connection.close()
    return median(times)


def measure(build, count):
    with BenchHouse(build, site([], []), broker=False) as house:
        free = shutil.disk_usage(house.state).free
        if free < count * BYTES_PER_RECORD:
            raise NotBuilt(f"{count} records need {count * BYTES_PER_RECORD / 1e9:.0f} GB of disk, there are {free / 1e9:.0f}")
        house.stop("dashboard")
        house.stop("collector")
        last = min(LAST, count // 2)
        bulk = fill_log(build, house.state, count - last, "month")
        os.sync()
        appended = [fill_log(build, house.state, last // PARTS, "month") for _ in range(PARTS)]
        size = (house.state / "log.db").stat().st_size
        begin = time.monotonic()
        house.start_collector()
        start_ms = (time.monotonic() - begin) * 1e3
        house.start_dashboard()
        page = page_ms(house)
        begin = time.monotonic()
        out = subprocess.run([house.build / "collector/cli/sekisho", "verify", house.state], capture_output=True, text=True)
        assert out.returncode == 0, out.stdout + out.stderr
        verify_s = time.monotonic() - begin
    each_us = median(part["seconds"] for part in appended) / (last // PARTS) * 1e6
    return {"append": each_us, "cpu": median(part["cpu_seconds"] for part in appended) / (last // PARTS) * 1e6,
            "bulk": bulk["seconds"] / (count - last) * 1e6, "page": page, "verify": verify_s / count * 1e6, "start": start_ms, "bytes": size / count}


def log(build, quick):
    counts = [10_000, 100_000] if quick else [1_000_000, 10_000_000]
    if os.environ.get("SEKISHO_BENCH_HUGE") and not quick:
        counts.append(100_000_000)
    got, missing = {}, ""
    for count in counts:
        try:
            got[count] = measure(pathlib.Path(build), count)
        except NotBuilt as reason:
            if len(got) < 2:
                raise
            missing = f"; {reason}"
    least, greatest = got[min(got)], got[max(got)]

    def row(name, unit):
        steps = "; ".join(f"{count:.0e} records {values[name]:.3g} {unit}" for count, values in got.items())
        return dict(ours=round(greatest[name], 3), peer=round(least[name], 3), note=steps + missing)
    out = {name: row(name, unit) for name, unit in (("append", "us"), ("page", "ms"), ("verify", "us"), ("start", "ms"))}
    out["append"]["note"] += (f"; CPU {greatest['cpu']:.2f} and {least['cpu']:.2f} us; filling all of it {greatest['bulk']:.2f} and "
                              f"{least['bulk']:.2f} us each; {greatest['bytes']:.0f} bytes a record")
    return out
