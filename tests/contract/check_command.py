#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`sekisho check` from outside: exit codes, where its words go, and figures recomputed here by hand. Usage: check_command.py SEKISHO."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors/config"
HEAD = {"site": {"id": "t", "class": "test", "zone": "UTC"}, "profile_path": [str(VECTORS / "profiles")]}
SEKISHO = sys.argv[1]


def run(*arguments, lang="C"):
    environment = {**os.environ, "LC_ALL": lang}
    return subprocess.run([SEKISHO, *arguments], capture_output=True, text=True, timeout=60, env=environment)


def check(site, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({**HEAD, **site}, file)
        file.flush()
        return run("check", file.name, *options)


def bus(baud, parity="E", stop_bits=1, devices=1, period_ms=1000):
    return {"links": [{"id": "b", "protocol": "modbus-rtu", "serial": "/dev/null", "baud": baud, "parity": parity,
                       "stop_bits": stop_bits}],
            "devices": [{"id": f"d{i}", "profile": "small-cam", "link": "b", "unit": i + 1, "period_ms": period_ms}
                        for i in range(devices)]}


def busy_by_hand(baud, bits, devices, period_s):
    """One register: 8 bytes out, 7 back (address, function, length, two of data, two of CRC), and a silence after each of 3.5
    characters, 1.75 ms above 19 200 baud (Modbus over Serial Line V1.02, 2.5.1.1)."""
    character = bits / baud
    silence = 3.5 * character if baud <= 19200 else 0.00175
    return 100 * devices * ((8 + 7) * character + 2 * silence) / period_s


def good_site_shows_the_plan():
    result = run("check", str(VECTORS / "site.json"))
    assert result.returncode == 0 and result.stderr == "", result
    for words in ("site small (test, Asia/Tokyo)", "link gw1", "unit 1 FC3", "bus budget: busy", "bytes asked", "ok, "):
        assert words in result.stdout, f"no '{words}' in {result.stdout}"


def everything_wrong_is_told_at_once():
    """Rows of faults.json: edits of the good site, and all that must be said of them: path, English, Japanese; no more, no less."""
    text = (VECTORS / "site.json").read_text()
    for row in json.loads((VECTORS / "faults.json").read_text()):
        changed = text
        for find, replace in row["edits"]:
            assert find in changed, (row["name"], find)
            changed = changed.replace(find, replace, 1)
        with tempfile.TemporaryDirectory() as folder:
            site = pathlib.Path(folder) / "site.json"
            site.write_text(changed.replace('["profiles"]', json.dumps([str(VECTORS / "profiles")])))
            for column, lang in ((1, "en"), (2, "ja")):
                result = run("check", str(site), "--json", "--lang", lang)
                said = json.loads(result.stdout)
                assert result.returncode == 1 and said["ok"] is False
                paths = [f["path"] for f in said["faults"]]
                assert paths == [f[0] for f in row["faults"]], (row["name"], said["faults"])
                for fault, wanted in zip(said["faults"], row["faults"]):
                    assert wanted[column] in fault["text"] and fault["file"] == str(site)[:127], (row["name"], fault)
            lines = run("check", str(site), lang="ja_JP.UTF-8").stderr.splitlines()
            assert len(lines) == len(row["faults"]) + (len(row["faults"]) > 1), lines
            assert all(row["faults"][i][2] in line for i, line in enumerate(lines[:len(row["faults"])])), lines


def more_than_fifty_are_counted():
    result = check({"devices": [{"id": f"d{i}", "bad": 1} for i in range(40)]}, "--json")
    said = json.loads(result.stdout)
    assert result.returncode == 1 and len(said["faults"]) == 50 and said["more"] == 40 * 3 - 50, (len(said["faults"]), said["more"])


def marks_before_the_text():
    """A UTF-8 byte order mark is passed over; UTF-16 is named."""
    good = (VECTORS / "site.json").read_text().replace('["profiles"]', json.dumps([str(VECTORS / "profiles")]))
    for encoding, code, words in (("utf-8-sig", 0, "ok, "), ("utf-16", 1, "expected UTF-8")):
        with tempfile.NamedTemporaryFile("wb", suffix=".json") as file:
            file.write(good.encode(encoding))
            file.flush()
            result = run("check", file.name)
            assert result.returncode == code and words in result.stdout + result.stderr, (encoding, result)


def a_serial_device_names_its_unit():
    site = bus(9600)
    del site["devices"][0]["unit"]
    result = check(site)
    assert result.returncode == 1 and "no key 'unit'" in result.stderr, result


def japanese_is_spoken():
    assert "回線占有" in run("check", str(VECTORS / "site.json"), lang="ja_JP.UTF-8").stdout


def json_plan_is_whole():
    report = json.loads(run("check", "--json", str(VECTORS / "site.json")).stdout)
    assert report["ok"] is True and len(report["digest"]) == 64
    of_profiles, of_devices, of_links, of_monitor = 20, 4 * 4 + 2 * 1, 7 + 8 + 7, 4  # Modbus and MQTT; TCP, RTU and MQTT
    assert report["counts"] == {"links": 3, "devices": 6, "points": of_profiles + of_devices + of_links + of_monitor, "zones": 2,
                                "doors": 1, "profiles": 5}
    ups = next(d for link in report["links"] for d in link["devices"] if d["id"] == "ups1")
    asked = [(r["function"], a) for r in ups["requests"] for a in range(r["address"], r["address"] + r["count"])]
    wanted = [(3, 130), (3, 128), (3, 129), (3, 132), (3, 133), (3, 0), (3, 1), (4, 9), (4, 10), (3, 139), (2, 0)]
    for function, address in wanted:  # unit_index 2 x unit_stride 1000
        assert (function, address + 2000) in asked, (function, address)
    assert (3, 100) in asked, "the model is not strided"
    assert ups["used"] <= ups["asked"] == sum(r["asked"] for r in ups["requests"])


def budget_is_right():
    for baud, parity, stop, bits, devices, period in ((9600, "E", 1, 11, 1, 1000), (9600, "N", 1, 10, 4, 500), (38400, "N", 2, 11, 8, 250)):
        report = json.loads(check(bus(baud, parity, stop, devices, period), "--json").stdout)
        busy, hand = report["links"][0]["busy_percent"], busy_by_hand(baud, bits, devices, period / 1000)
        assert abs(busy - hand) < 0.02 * hand, f"{baud} {parity}{stop}: {busy} said, {hand} computed"


def crowded_bus_is_warned_of():
    report = json.loads(check(bus(1200, devices=10, period_ms=1000), "--json").stdout)
    assert any("cannot be kept" in w["what"] for w in report["warnings"]), report["warnings"]
    assert not any("periods" in w["what"] for w in json.loads(check(bus(9600), "--json").stdout)["warnings"])


def bad_site_is_refused():
    site = bus(9600)
    site["devices"][0]["unit"] = 300
    result = check(site)
    assert result.returncode == 1 and result.stdout == ""
    assert "devices[0].unit: found 300; expected an integer from 0 to 255" in result.stderr
    answer = json.loads(check(site, "--json").stdout)
    assert answer["ok"] is False and answer["error"] == "range" and "devices[0].unit" in answer["detail"]


def profiles_are_found():
    site = {**bus(9600), "profile_path": []}
    assert check(site).returncode == 1
    assert check(site, "--profiles", str(VECTORS / "profiles")).returncode == 0


def usage_is_told():
    for arguments in (["check"], ["check", "--nonsense", "x"], ["check", "a", "b"], ["check", "x", "--profiles"], ["nonsense"], []):
        result = run(*arguments)
        assert result.returncode == 2 and result.stdout == "" and result.stderr != "", arguments
    assert run("check", "/nonexistent.json").returncode == 1
    assert "check SITE.json" in run("help").stdout


def main():
    cases = [good_site_shows_the_plan, japanese_is_spoken, json_plan_is_whole, budget_is_right, crowded_bus_is_warned_of,
             bad_site_is_refused, everything_wrong_is_told_at_once, more_than_fifty_are_counted, marks_before_the_text,
             a_serial_device_names_its_unit, profiles_are_found, usage_is_told]
    failed = 0
    for case in cases:
        try:
            case()
        except AssertionError as error:
            failed += 1
            print(f"{case.__name__}: {error}")
    print(f"{len(cases) - failed} of {len(cases)} good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
