#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, against a collector made for the test: dashboard_page.py BINARY SOURCE_DIRECTORY [PICTURE_DIRECTORY].

With a third argument the states seen are also written there as PNG files.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser as browsers  # noqa: E402

PICTURES = sys.argv[3] if len(sys.argv) > 3 else None


def fill(collector):
    collector.point("ups1/battery.charge", 87.5)
    collector.point("ups1/input.voltage", 201.4, unit="V")
    collector.point("ups1/ups.status", ["OB", "DISCHRG"], kind="flags", unit="")
    collector.point("crac2/hvac.supply.temperature", 18.2, unit="Cel")
    collector.point("crac2/hvac.unit.running", "on", quality="comm_last_value", kind="state", unit="")
    collector.alarm(11, "acknowledged", "medium", source="th3/ambient.2.temperature", condition="UpperCaution", detail="", value=28.4,
                    limit=27.0, unit="Cel", acknowledged=True, acked_by="acc-operator", place="本館 3F サーバー室A 列2")
    collector.alarm(12, "unacknowledged", "critical", source="leak1/leak.detected", detail="detected",
                    place="本館 2F 空調機械室 CRAC1 ドレン 12.5 m")
    collector.alarm(13, "unacknowledged", "high")
    collector.alarm(14, "returned_unacknowledged", "low", source="door:d1", condition="Door", detail="DoorOpenTooLong", place="正面玄関",
                    active=False)


def check(browser, collector, dashboard, token):
    browser.open(dashboard.port)
    browser.until("document.querySelector('#sign-in h2').textContent === 'サインイン'", "the sign-in form in Japanese")
    browser.picture(PICTURES, "1-sign-in")

    browser.sign_in("skt_" + "0" * 64)
    browser.until("document.getElementById('sign-in-message').textContent.length > 5", "a wrong token is refused with words")
    browser.sign_in(token)
    browser.until("document.querySelectorAll('#alarm-table tbody tr').length === 4", "four alarms")
    assert not browser.run("/skt_[0-9a-f]/.test(document.documentElement.outerHTML + document.cookie + JSON.stringify(localStorage))"), \
        "a secret in the page"
    order = browser.run("[...document.querySelectorAll('#alarm-table tbody tr')].map(r => r.dataset.id).join()")
    assert order == "12,13,14,11", order
    browser.until("document.getElementById('site-class').textContent.includes('試験')", "the mark of the site's class")
    browser.until("document.title.startsWith('(3)')", "the title counts what is unacknowledged")

    collector.record(event="acc.granted", body={"credential": "c-0042"})
    collector.record(event="acc.denied", controller_decision="denied", body={"credential": "<img src=x onerror=alert(1)>"})
    collector.record(event="door.phys", controller_decision="none", our_decision="none", body={"state": "Open"})
    browser.until("document.querySelectorAll('#entry-table tbody tr').length === 2", "passages alone")
    browser.run("document.getElementById('entries-all').click()")
    browser.until("document.querySelectorAll('#entry-table tbody tr').length === 3", "three entries, live")
    assert browser.run("document.getElementById('entry-table').textContent.includes('扉開閉 開')"), "a door's state has its word"
    assert browser.run("document.querySelectorAll('img').length") == 0, "text became HTML"
    assert browser.run("document.getElementById('entry-table').textContent.includes('<img src=x')"), "text is not shown as it is"

    browser.run("document.querySelectorAll('#devices details').forEach(d => d.open = true)")
    collector.point("ups1/battery.charge", 61.25)
    browser.until("document.querySelector('tr[data-id=\"ups1/battery.charge\"]')?.cells[1].textContent === '61.25 %'", "a point moves")
    browser.run("document.getElementById('sound').click()")
    browser.until("document.getElementById('sound').getAttribute('aria-pressed') === 'true'", "sound is on")
    browser.picture(PICTURES, "2-live")

    row = "document.querySelector('tr[data-id=\"12\"]')"
    browser.run(row + ".querySelector('input').value = '現場へ向かう'")
    collector.alarm(15, "unacknowledged", "diagnostic", source="monitor/time.synced")  # a change around what is being typed
    browser.until("document.querySelectorAll('#alarm-table tbody tr').length === 5", "a fifth alarm")
    assert browser.run(row + ".querySelector('input').value") == "現場へ向かう", "the typed comment is gone"
    browser.run(row + ".querySelector('button').click()")
    browser.until(row + ".className === '' && " + row + ".querySelector('form').hidden", "alarm 12 is acknowledged")
    sent = [line for line in collector.commands if line["cmd"] == "alarm.acknowledge"]
    assert [line["args"] for line in sent] == [{"occurrence": "12", "comment": "現場へ向かう"}], sent

    browser.run("document.getElementById('language').click()")
    browser.until("document.querySelector('#alarms-title').textContent.includes('Open alarms')", "English")
    browser.picture(PICTURES, "3-english")
    browser.run("document.getElementById('language').click()")
    browser.until("document.querySelector('#alarms-title').textContent.includes('警報')", "Japanese again")

    collector.stop()
    browser.until("!document.getElementById('lost').hidden && document.body.classList.contains('lost') && document.title.includes('途絶')",
                  "the loss of the collector is unmistakable")
    assert browser.run("[...document.querySelectorAll('#alarm-table button')].every(b => b.disabled)"), "an act on what is not current"
    browser.picture(PICTURES, "4-lost")
    collector.start()
    browser.until("document.getElementById('lost').hidden && !document.title.includes('途絶')", "and passes")
    assert not [c for c in browser.complaints if "Content Security" in c or c.startswith("exception")], browser.complaints

    dashboard.stop()
    browser.until("!document.getElementById('lost').hidden", "so is the loss of the dashboard")


if __name__ == "__main__":
    sys.exit(browsers.play(fill, check, "--connections-per-address", "100"))
