#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The roll called in a real browser, on a whole product: muster_page.py BUILD. Start a drill, tick one off, see another browser's tick,
take one back, end it with a reason. Skipped (77) without chromium."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browser import Browser, SKIPPED, missing  # noqa: E402
from house import House  # noqa: E402
from presence import people, walk  # noqa: E402
from roster import site  # noqa: E402

ROWS = "[...document.querySelectorAll('#muster-list li')].map(r => r.dataset.id + ':' + r.dataset.state).join()"


def click(browser, selector):
    browser.run("document.querySelector('%s').click()" % selector)


def call_the_roll(browser, house):
    browser.open(house.http_port)
    browser.sign_in(house.tokens["operator"])
    browser.until(ROWS + " === 'p-1:,p-2:,p-3:'", "who is inside")
    assert browser.run("document.querySelector('#muster-list .tick').hidden"), "nothing to tick without a muster"
    assert "秘密" not in browser.run("document.getElementById('muster-list').innerText"), "no names for an operator yet"
    click(browser, "#muster-drill")
    browser.until(ROWS + " === 'p-1:missing,p-2:missing,p-3:missing'", "the roll")
    browser.until("document.getElementById('muster-list').innerText.includes('秘密')", "names while it runs")
    assert browser.run("document.querySelector('#muster-list .tick').getBoundingClientRect().height >= 44"), "buttons for gloves"
    click(browser, "#muster-list li[data-id=\"p-2\"] .tick")
    browser.until(ROWS + " === 'p-1:missing,p-3:missing,p-2:seen'", "the tick")
    assert house.request("POST", "/api/v1/muster/seen", "operator", {"person": "p-1"})[0] == 200
    browser.until(ROWS + " === 'p-3:missing,p-1:seen,p-2:seen'", "somebody else's tick")
    click(browser, "#muster-list li[data-id=\"p-2\"] .tick")
    browser.until(ROWS + " === 'p-2:missing,p-3:missing,p-1:seen'", "taken back")
    click(browser, "#muster-end")
    browser.until("document.getElementById('muster-refused').textContent.length > 5", "not ended without a reason")
    browser.run("document.getElementById('muster-reason').value = '消防が確認'")
    click(browser, "#muster-end")
    browser.until("!document.getElementById('muster-drill').hidden", "ended")
    assert house.get("/api/v1/muster")[1]["muster"]["running"] is False
    click(browser, "#language")
    browser.until("document.querySelector('#muster-title').innerText.includes('muster')", "the other language")
    wrong = [text for text in browser.complaints if "409" not in text and "401" not in text]
    assert not wrong, wrong


def main():
    if missing():
        return SKIPPED
    with House(sys.argv[1], site()) as house:
        people(house, ["みほん"] * 3)
        for seq, who in enumerate([0, 1, 2], 1):
            walk(house, seq, who)
        with Browser() as browser:
            call_the_roll(browser, house)
    return 0


if __name__ == "__main__":
    sys.exit(main())
