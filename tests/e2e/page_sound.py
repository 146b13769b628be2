#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What can be heard and what cannot be missed, in a real browser: page_sound.py BINARY SOURCE_DIRECTORY [PICTURE_DIRECTORY].

Every tone the page starts is noted by its frequency. Sound rings while something is unacknowledged and stops when all is; a
stream that falls silent on a connection that stands turns the page and sounds until it is back. Skipped (77) without chromium."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser as browsers  # noqa: E402

PICTURES = sys.argv[3] if len(sys.argv) > 3 else None

# Tones are noted where the browser starts them; contexts, so that the test can do to one what a browser does.
EAR = """
window.tones = []; window.contexts = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { tones.push(Math.round(this.frequency.value)); return start.apply(this, when); };
window.AudioContext = class extends AudioContext { constructor() { super(); contexts.push(this); } };
"""
LOST, CRITICAL, HIGH = 330, 990, 880
BEEPS_MS = 2000  # the page's BEEP_MS
ROW = "document.querySelector('tr[data-id=\"%d\"]')"


def hears(browser, tone, what):
    browser.run("tones.length = 0")
    browser.until("tones.filter(t => t === %d).length >= 2" % tone, what)


def hears_nothing(browser, what):
    """For as long as three tones take, by the page's own clock."""
    browser.run("tones.length = 0; window.since = performance.now()")
    browser.until("performance.now() - since > %d" % (3 * BEEPS_MS), "time passes")
    assert browser.run("tones.length") == 0, (what, browser.run("tones.join()"))


def acknowledge(browser, number):
    browser.run(ROW % number + ".querySelector('form button').click()")
    browser.until(ROW % number + ".className === ''", "alarm %d is acknowledged" % number)


def check_sound(browser, collector):
    assert browser.run("!document.getElementById('sound-hint').hidden && tones.length === 0"), "off, and the page says so"
    browser.run("document.getElementById('sound').click()")
    browser.until("document.getElementById('sound').getAttribute('aria-pressed') === 'true' && document.getElementById('sound-hint').hidden", "on")
    assert browser.run("contexts.at(-1).state") == "running"
    hears(browser, CRITICAL, "the worst of what is unacknowledged")
    acknowledge(browser, 12)
    hears(browser, HIGH, "what is left rings in its own tone")
    acknowledge(browser, 13)
    hears_nothing(browser, "all is acknowledged, one still open")
    assert browser.run("document.querySelectorAll('#alarm-table tbody tr').length") == 2
    collector.alarm(14, "unacknowledged", "high")
    hears(browser, HIGH, "a new one")
    collector.alarm(14, "returned_unacknowledged", "high", active=False)
    hears(browser, HIGH, "gone back to normal, and nobody has seen it")
    browser.run("contexts.at(-1).suspend()")
    browser.until("document.getElementById('sound').getAttribute('aria-pressed') === 'false' && !document.getElementById('sound-hint').hidden",
                  "what the browser suspended is not called on")
    browser.run("document.dispatchEvent(new PointerEvent('pointerdown'))")
    browser.until("document.getElementById('sound').getAttribute('aria-pressed') === 'true'", "a touch brings it back")
    acknowledge(browser, 14)


def check_loss(browser, dashboard):
    hears_nothing(browser, "before the stream falls silent")
    browser.run("window.scrollTo(0, document.body.scrollHeight)")
    dashboard.process.send_signal(signal.SIGSTOP)  # the connection stands, nothing comes
    try:
        browser.until("!document.getElementById('lost').hidden", "the page turns")
        lost = browser.run("""(() => {
          const bar = document.getElementById('lost'), box = bar.getBoundingClientRect(), style = getComputedStyle(bar);
          return {top: box.top, width: box.width === document.documentElement.clientWidth, back: style.backgroundColor, ink: style.color,
                  big: parseFloat(getComputedStyle(bar.querySelector('strong')).fontSize), role: bar.getAttribute('role'),
                  why: document.getElementById('lost-why').textContent.length, since: document.getElementById('lost-since').textContent.length,
                  main: getComputedStyle(document.querySelector('main')).opacity, live: document.getElementById('live').hidden,
                  title: document.title, acts: [...document.querySelectorAll('#alarm-table button')].every(b => b.disabled)}})()""")
        assert lost["top"] == 0 and lost["width"] and lost["big"] >= 22 and lost["role"] == "alert", lost
        assert (lost["back"], lost["ink"]) == ("rgb(179, 0, 27)", "rgb(255, 255, 255)") and float(lost["main"]) < 0.5, lost
        assert lost["why"] and lost["since"] and lost["live"] and lost["acts"] and lost["title"].startswith("✖"), lost
        hears(browser, LOST, "a tone of its own")
        browser.picture(PICTURES, "lost")
    finally:
        dashboard.process.send_signal(signal.SIGCONT)
    browser.until("document.getElementById('lost').hidden && !document.title.startsWith('✖')", "and turns back")
    hears_nothing(browser, "the stream is back")


def fill(collector):
    collector.alarm(12, "unacknowledged", "critical", source="leak1/leak.detected", detail="detected")
    collector.alarm(13, "unacknowledged", "high")


def check(browser, collector, dashboard, token):
    browser.ask("Page.addScriptToEvaluateOnNewDocument", source=EAR)
    browser.open(dashboard.port)
    browser.sign_in(token)
    browser.until("document.querySelectorAll('#alarm-table tbody tr').length === 2", "two alarms")
    check_sound(browser, collector)
    check_loss(browser, dashboard)
    assert not [c for c in browser.complaints if c.startswith("exception")], browser.complaints


if __name__ == "__main__":
    sys.exit(browsers.play(fill, check))
