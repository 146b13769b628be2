# SPDX-License-Identifier: Apache-2.0
"""Many Modbus devices of 100 registers each, read every second from a farm in which a tenth of them changes per read; everything
on: conditions, log, dashboard, one open stream. Farm on core 0 beside whatever else runs; readers are free to move."""
import os
import time

from kit import BenchHouse, Farm, NoPeer, Program, Stream, cpu_s, median, modbus_profile, need_program, pss_mb, scratch, site, until, wait_s

REGISTERS = 100
LIMIT = {"UpperCritical": {"Reading": 60000, "HysteresisReading": 10, "severity": "high"}}


def profile():
    return modbus_profile("block", [{"name": f"battery.{r + 1}.voltage", "address": r, "type": "u16", "limits": LIMIT} for r in range(REGISTERS)])


def links_of(count, port):
    return [{"id": f"l{i}", "protocol": "modbus-tcp", "host": Farm.host(i), "port": port, "timeout_ms": 300} for i in range(count)]


def machines(count):
    return [{"id": f"m{i}", "profile": "block", "link": f"l{i}", "unit": 1, "period_ms": 1000} for i in range(count)]


class Reading:
    """A house that reads `count` devices of a farm, once every live one is read."""

    def __init__(self, build, count, dead_percent=0, settle=3):
        self.farm = Farm(build, dead_percent)
        self.house = BenchHouse(build, site(links_of(count, self.farm.port), machines(count)), [profile()], broker=False)
        self.live, self.settle = count - count * dead_percent // 100, settle

    def __enter__(self):
        begin = time.monotonic()
        self.house.__enter__()
        self.stream = Stream(self.house)
        self.farm.ask("mark")
        until("every live device is read", lambda: self.farm.ask("report")["devices"] >= self.live, 60, 0.2)
        self.ready_s = time.monotonic() - begin
        wait_s(self.settle)
        return self

    def __exit__(self, *error):
        self.stream.stop() if hasattr(self, "stream") else None
        self.house.__exit__(*error)
        self.farm.close()

    def window(self, seconds):
        """us of CPU per register and share of a core (collector and pollers), parts, and the farm's cycles."""
        before, begin, parts = self.house.cpu_s(), time.monotonic(), self.house.split()
        self.farm.ask("mark")
        wait_s(seconds)
        cycles = self.farm.ask("report")
        spent, wall, after = self.house.cpu_s() - before, time.monotonic() - begin, self.house.split()
        return dict(us=spent / max(1, cycles["registers"]) * 1e6, core=100 * spent / wall, cycles=cycles,
                    parts=", ".join(f"{name} {100 * (after[name] - parts[name]) / wall:.2f} %" for name in parts))

    def memory_mb(self):
        pids = self.house.pids() + [self.house.processes["dashboard"].pid]
        return [pss_mb(pid) for pid in pids]


def bare_us(build, count, seconds, rounds):
    with Farm(build) as farm, Program([build / "tests/bench/bare_modbus", farm.port, count, REGISTERS, 1000]) as bare:
        assert bare.answer()["ready"]
        return peer_us(farm, bare.pid, count, seconds, rounds)


def peer_us(farm, pid, count, seconds, rounds):
    until("every device is read", lambda: farm.ask("report")["devices"] >= count, 60, 0.2)
    wait_s(2)
    out = []
    for _ in range(rounds):
        before = cpu_s(pid)
        got = farm.cycles_over(seconds)
        out.append((cpu_s(pid) - before) / got["registers"] * 1e6)
    return median(out)


def collectd_conf(directory, port, count):
    data = "".join(f'<Data "r{r}">\n RegisterBase {r}\n RegisterType uint16\n Type "gauge"\n Instance "r{r}"\n</Data>\n' for r in range(REGISTERS))
    collect = "".join(f'Collect "r{r}"\n' for r in range(REGISTERS))
    hosts = "".join(f'<Host "h{i}">\nAddress "{Farm.host(i)}"\nPort "{port}"\nInterval 1\n<Slave 1>\n{collect}</Slave>\n</Host>\n'
                    for i in range(count))
    return (f'BaseDir "{directory}"\nPIDFile "{directory}/pid"\nTypesDB "/usr/share/collectd/types.db"\nInterval 1\nHostname "bench"\n'
            f'FQDNLookup false\nLoadPlugin modbus\nLoadPlugin match_regex\n<Chain "PostCache">\nTarget "stop"\n</Chain>\n'
            f'<Plugin modbus>\n{data}{hosts}</Plugin>\n')


def collectd_us(build, count, seconds):
    """collectd's modbus plugin, values dropped after its cache: the cheapest case for it."""
    program = need_program("collectd")
    with scratch() as directory, Farm(build) as farm:
        path = os.path.join(directory, "collectd.conf")
        with open(path, "w") as file:
            file.write(collectd_conf(directory, farm.port, count))
        with Program([program, "-f", "-C", path]) as collectd:
            try:
                return peer_us(farm, collectd.pid, count, seconds, 1)
            finally:
                collectd.process.terminate()


def cpu(build, quick):
    count, seconds, rounds = (50, 2, 1) if quick else (200, 4, 3)
    with Reading(build, count) as reading:
        windows = [reading.window(seconds) for _ in range(rounds)]
    ours, bare = median(w["us"] for w in windows), bare_us(build, count, seconds, rounds)
    note = f"{count} devices; of a core: {windows[-1]['parts']}; cycle p99 {windows[-1]['cycles']['p99_ms']:.1f} ms"
    out = {"threads": dict(ours=round(ours, 3), peer=round(bare, 3), note=note)}
    try:
        out["collectd"] = dict(ours=round(ours, 3), peer=round(collectd_us(build, count, seconds), 2))
    except NoPeer as reason:
        out["collectd"] = dict(missing=str(reason))
    return out


def dead(build, quick, percent):
    count, seconds = (100, 4) if quick else (500, 15)
    with Reading(build, count, percent, settle=8) as reading:
        window, memory = reading.window(seconds), reading.memory_mb()
    cycles = window["cycles"]
    return {"cycle": dict(ours=cycles["p99_ms"], peer=1000, value=cycles["p99_ms"],
                          note=f"{cycles['devices']} of {count} live, p50 {cycles['p50_ms']:.1f}, max {cycles['max_ms']:.1f} ms; {window['parts']}"),
            "memory": dict(ours=round(sum(memory), 1), peer=None, value=sum(memory),
                           note=f"{count * REGISTERS} points; collector {memory[0]:.1f}, pollers {sum(memory[1:-1]):.1f}, dashboard {memory[-1]:.1f} MB "
                                "(proportional)")}


def dead_10(build, quick):
    return dead(build, quick, 10)


def dead_50(build, quick):
    return dead(build, quick, 50)


def links_2000(build, quick):
    count, seconds = (300, 3) if quick else (2000, 8)
    with Reading(build, count) as reading:
        windows = [reading.window(seconds) for _ in range(1 if quick else 2)]
        memory = reading.memory_mb()
    best = windows[-1]
    return {"core": dict(ours=round(median(w["core"] for w in windows), 2), peer=None, value=median(w["core"] for w in windows),
                         note=f"{count} links; {best['parts']}; cycle p99 {best['cycles']['p99_ms']:.1f}, max {best['cycles']['max_ms']:.1f} ms; "
                              f"all read {reading.ready_s:.1f} s after the start; {sum(memory):.0f} MB")}


def growth(build, quick):
    counts, out = ((10, 20, 50, 100) if quick else (10, 100, 1000, 2000)), []
    for count in counts:
        with Reading(build, count) as reading:
            out.append(reading.window(2 if quick else 6)["us"])
    note = "; ".join(f"{n} devices {us:.3f} us" for n, us in zip(counts, out))
    return {"growth": dict(ours=round(out[2], 3), peer=round(out[1], 3), note=note),
            "growth.2000": dict(ours=round(out[3], 3), peer=round(out[1], 3))}
