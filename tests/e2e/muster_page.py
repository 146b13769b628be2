#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The roll called in a real browser, on a whole product: muster_page.py BUILD. Start a drill, tick one off, see another browser's tick,
take one back, guests of a visit one by one, end it with a reason. Skipped (77) without chromium."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browser import Browser, SKIPPED, missing  # noqa: E402
from house import House  # noqa: E402
from presence import lead, people, visit, walk  # noqa: E402
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
    lead(house, visit(house, "来客 二人", "V001"), "in", 2)
    browser.until(ROWS + " === 'vs-1:missing,p-2:missing,p-3:missing,p-1:seen'", "guests who were led in meanwhile")
    row = browser.run("document.querySelector('#muster-list li[data-id=\"vs-1\"]').innerText")
    assert "来客 二人" in row and "来訪者 0/2" in row and "V001" in row, row
    click(browser, "#muster-list li[data-id=\"vs-1\"] .tick")
    browser.until("document.querySelector('#muster-list li[data-id=\"vs-1\"]').innerText.includes('来訪者 1/2')", "one of two")
    click(browser, "#muster-list li[data-id=\"vs-1\"] .tick")
    browser.until(ROWS + " === 'p-2:missing,p-3:missing,vs-1:seen,p-1:seen'", "both")
    click(browser, "#muster-end")
    browser.until("document.getElementById('muster-refused').textContent.length > 5", "not ended without a reason")
    browser.run("document.getElementById('muster-reason').value = '消防が確認'")
    click(browser, "#muster-end")
    browser.until("!document.getElementById('muster-drill').hidden", "ended")
    assert house.get("/api/v1/muster")[1]["muster"]["running"] is False
    click(browser, "#language")
    browser.until("document.querySelector('#muster-title').innerText.includes('muster')", "the other language")
    wrong = [text for text in browser.complaints if not any(code in text for code in ("401", "403", "409"))]
    assert not wrong, wrong


def main():
    if missing():
        return SKIPPED
    with House(sys.argv[1], site()) as house:
        house.tokens.update({role: house.make_token(role) for role in ("reception", "approver")})
        people(house, ["みほん"] * 3)
        for seq, who in enumerate([0, 1, 2], 1):
            walk(house, seq, who)
        with Browser() as browser:
            call_the_roll(browser, house)
    return 0


if __name__ == "__main__":
    sys.exit(main())
