# SPDX-License-Identifier: Apache-2.0
"""The benches of single parts (bench_store, bench_engine), and a start beside a log of years."""
import json
import subprocess
import time

from kit import BenchHouse, Farm, NotBuilt, fill_log, scratch, site, until
import rows_modbus


def run_part(program, *arguments):
    if not program.exists():
        raise NotBuilt(f"{program.name} is not built")
    out = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def store(build, quick):
    with scratch() as directory:
        rows = {r["row"]: r for r in run_part(build / "tests/integration/bench_store", directory, 1 if quick else 5)}
    out = {name: dict(ours=r["value"], peer=r["limit"]) for name, r in rows.items() if "limit" in r}
    verify = rows["store.verify.rate"]
    out["store.group1000.rate"]["note"] = f"whole log verified at {verify['value']:.0f} records/s"
    return out


def engine(build, quick):
    got = run_part(build / "tests/unit/bench_engine")[-1]
    return {"samples": dict(ours=got["changed_samples_per_s"], peer=None, value=got["changed_samples_per_s"],
                            note=f"refreshed {got['refresh_samples_per_s'] / 1e6:.1f} M/s, door events {got['door_events_per_s'] / 1e3:.0f} k/s, "
                                 f"{got['allocations_in_steady_state']} allocations in steady state")}


def start(build, quick):
    """A house fills its log with years of records while it is down; both times count from the start of the process asked."""
    count = 100_000 if quick else 2_000_000
    with Farm(build) as farm, BenchHouse(build, site(rows_modbus.links_of(1, farm.port), rows_modbus.machines(1)), [rows_modbus.profile()],
                                         broker=False) as house:
        house.stop("dashboard")
        house.stop("collector")
        fill_log(build, house.state, count, "years")
        farm.ask("mark")
        begin = time.monotonic()
        house.start_collector()
        until("first poll", lambda: farm.ask("report")["reads"] > 0, 60, 0.005)
        poll = time.monotonic() - begin
        begin = time.monotonic()
        house.start_dashboard()
        until("first answer", lambda: house.get("/api/v1/entries?limit=100", "auditor")[0] == 200, 60, 0.005)
        answer = time.monotonic() - begin
        size = (house.state / "log.db").stat().st_size
    note = f"{count} records over two years, {size / 1e6:.0f} MB"
    return {"poll": dict(ours=round(poll, 3), peer=None, value=poll, note=note),
            "answer": dict(ours=round(answer, 3), peer=None, value=answer, note="from the start of the dashboard")}
