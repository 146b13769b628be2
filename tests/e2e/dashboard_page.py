#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, against a collector made for the test: dashboard_page.py BINARY SOURCE_DIRECTORY [PICTURE_DIRECTORY].

Chromium is driven over its debugging pipe (descriptors 3 and 4, NUL-ended JSON), so nothing but the browser is needed.
With a third argument the states seen are also written there as PNG files.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import dashboard_api  # noqa: E402
from fake_collector import FakeCollector  # noqa: E402

DEADLINE_S = 60


class Browser:
    def __init__(self, profile):
        self.to_read, to_write = os.pipe()
        from_read, self.from_write = os.pipe()

        def place():
            # high first: 3 and 4 may themselves be ends of these pipes
            down, up = os.dup(from_read), os.dup(to_write)
            high = [os.dup(down), os.dup(up)]
            high = [os.dup2(high[0], 100), os.dup2(high[1], 101)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             "--ignore-certificate-errors", "--no-first-run", "--disable-background-networking", "--window-size=1280,900",
             "--autoplay-policy=no-user-gesture-required", "--user-data-dir=" + profile, "about:blank"],
            preexec_fn=place, close_fds=False, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        os.close(to_write)
        os.close(from_read)
        self.left, self.number, self.session, self.complaints = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def ask(self, method, **params):
        self.number += 1
        line = {"id": self.number, "method": method, "params": params}
        if self.session:
            line["sessionId"] = self.session
        os.write(self.from_write, json.dumps(line).encode() + b"\0")
        while True:
            while b"\0" not in self.left:
                piece = os.read(self.to_read, 1 << 20)
                if not piece:
                    raise AssertionError("the browser ended")
                self.left += piece
            raw, _, self.left = self.left.partition(b"\0")
            said = json.loads(raw)
            if said.get("method") == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"] + " " + said["params"]["entry"].get("url", ""))
            if said.get("method") == "Runtime.exceptionThrown":
                self.complaints.append("exception: " + json.dumps(said["params"]["exceptionDetails"])[:600])
            if said.get("id") == self.number:
                if "error" in said:
                    raise AssertionError(said["error"])
                return said["result"]

    def run(self, script):
        result = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise AssertionError(script + ": " + json.dumps(result["exceptionDetails"])[:400])
        return result["result"].get("value")

    def until(self, script, what):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if self.run(script):
                return
            time.sleep(0.05)  # between two looks at an observable
        raise AssertionError("not within %d s: %s; page says: %s; %s" %
                             (DEADLINE_S, what, self.run("document.body.innerText")[:1500], self.complaints[-5:]))

    def picture(self, name):
        if len(sys.argv) > 3:
            shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
            with open(os.path.join(sys.argv[3], name + ".png"), "wb") as file:
                file.write(base64.b64decode(shot))

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        os.close(self.to_read)
        os.close(self.from_write)


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
    base = "https://127.0.0.1:%d/" % dashboard.port
    browser.ask("Page.navigate", url=base)
    browser.until("document.getElementById('sign-in')?.hidden === false && document.querySelector('#sign-in h2')?.textContent === 'サインイン'",
                  "the sign-in form in Japanese")
    browser.picture("1-sign-in")

    def sign_in(secret):
        browser.run("document.getElementById('token').value = '%s'; document.querySelector('#sign-in button').click()" % secret)

    sign_in("skt_" + "0" * 64)
    browser.until("document.getElementById('sign-in-message').textContent.length > 5", "a wrong token is refused with words")
    sign_in(token)
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
    browser.picture("2-live")

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
    browser.picture("3-english")
    browser.run("document.getElementById('language').click()")
    browser.until("document.querySelector('#alarms-title').textContent.includes('警報')", "Japanese again")

    collector.stop()
    browser.until("!document.getElementById('lost').hidden && document.body.classList.contains('lost') && document.title.includes('途絶')",
                  "the loss of the collector is unmistakable")
    assert browser.run("[...document.querySelectorAll('#alarm-table button')].every(b => b.disabled)"), "an act on what is not current"
    browser.picture("4-lost")
    collector.start()
    browser.until("document.getElementById('lost').hidden && !document.title.includes('途絶')", "and passes")
    assert not [c for c in browser.complaints if "Content Security" in c or c.startswith("exception")], browser.complaints

    dashboard.stop()
    browser.until("!document.getElementById('lost').hidden", "so is the loss of the dashboard")


def main():
    dashboard_api.BINARY, dashboard_api.SOURCE = sys.argv[1], sys.argv[2]
    if not shutil.which("chromium"):
        print("there is no chromium here: skipped")
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as state:
        cert, key = dashboard_api.make_certificate(state)
        collector = FakeCollector(state)
        token = collector.add_token("acc-operator", ["operator"])
        collector.start()
        fill(collector)
        dashboard = dashboard_api.Dashboard(state, cert, key, "--connections-per-address", "100")
        browser = Browser(os.path.join(state, "profile"))
        try:
            check(browser, collector, dashboard, token)
        finally:
            browser.close()
            if dashboard.process.poll() is None:
                dashboard.stop()
            collector.stop()
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
