# SPDX-License-Identifier: Apache-2.0
"""A real browser for the tests of the page. Chromium is driven over its debugging pipe (descriptors 3 and 4, NUL-ended JSON), so
nothing but the browser is needed; without it a test is skipped (77)."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from dashboard_kit import Dashboard, make_certificate  # noqa: E402
from fake_collector import FakeCollector  # noqa: E402

DEADLINE_S = 60
SKIPPED = 77


class Browser:
    """Use with `with`; its profile is its own and goes with it."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
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
             "--autoplay-policy=no-user-gesture-required", "--user-data-dir=" + self.profile.name, "about:blank"],
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

    def open(self, port):
        """The page, as far as its form to sign in."""
        self.ask("Page.navigate", url="https://127.0.0.1:%d/" % port)
        self.form()

    def form(self):
        self.until("document.getElementById('sign-in')?.hidden === false && document.querySelector('#sign-in h2')?.textContent.length > 0", "the form")

    def sign_in(self, secret):
        self.run("document.getElementById('token').value = '%s'; document.querySelector('#sign-in button').click()" % secret)

    def picture(self, directory, name):
        """What is seen now, as a PNG file; directory None: nobody wants it."""
        if directory:
            shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
            with open(os.path.join(directory, name + ".png"), "wb") as file:
                file.write(base64.b64decode(shot))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        os.close(self.to_read)
        os.close(self.from_write)
        self.profile.cleanup()


def missing():
    """True, and said, when there is no browser on this machine."""
    if not shutil.which("chromium"):
        print("there is no chromium here: skipped")
    return not shutil.which("chromium")


def play(fill, check, *options):
    """check(browser, collector, dashboard, token) on a dashboard of its own, beside a collector made for the test that fill(collector) has told
    something. Returns the exit code of the test."""
    if missing():
        return SKIPPED
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as state:
        cert, key = make_certificate(state)
        collector = FakeCollector(state)
        token = collector.add_token("acc-operator", ["operator"])
        collector.start()
        fill(collector)
        dashboard = Dashboard(state, cert, key, *options)
        try:
            with Browser() as browser:
                check(browser, collector, dashboard, token)
        finally:
            if dashboard.process.poll() is None:
                dashboard.stop()
            collector.stop()
    print("ok")
    return 0
