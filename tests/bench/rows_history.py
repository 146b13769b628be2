# SPDX-License-Identifier: Apache-2.0
"""The history: bytes, CPU and queries of bench_history, beside VictoriaMetrics on the same day of samples."""
import json
import pathlib
import subprocess
import sys

from kit import NotBuilt, need_program


def history(build, quick):
    program = build / "tests/bench/bench_history"
    if not program.exists():
        raise NotBuilt("bench_history is not built")
    need_program("victoria-metrics")
    out = subprocess.run([sys.executable, str(pathlib.Path(__file__).with_name("history_peer.py")), str(program)], capture_output=True,
                         text=True, check=True)
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    one = {row["bench"]: row for row in rows if row["bench"] != "history.query"}
    size, peer, stored = one["history.bytes_per_sample"], one["history.victoriametrics"], one["history.store.import"]
    slowest = max((row for row in rows if row["bench"] == "history.query"), key=lambda row: row["median_ms"])
    return {"bytes": dict(ours=size["file_without_tiers"], peer=peer["bytes_per_sample"],
                          note=f"the file; segments alone {size['raw']}, tiers add {size['tiers']}, which the peer does not keep"),
            "cpu": dict(ours=stored["cpu_us_per_sample"], peer=peer["cpu_us_per_sample"],
                        note=f"written live, a synced row each 10 s of data: {one['history.store.live']['cpu_us_per_sample']} us"),
            "query": dict(ours=slowest["median_ms"], peer=None, value=slowest["median_ms"],
                          note=f"{slowest['what']}; {slowest['cpu_ms']} ms of CPU")}
