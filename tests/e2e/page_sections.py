#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Doors, who is inside by zone, open permits and visits, goods, keys, lost cards and reviews on the page, on a whole product: page_sections.py BUILD [PICTURE_DIRECTORY].

What is not known is said; what a role may not read is not there; a page as narrow as a telephone does not scroll sideways.
Skipped (77) without chromium."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browser import Browser, SKIPPED, missing  # noqa: E402
from doors import say  # noqa: E402
from house import House  # noqa: E402
from presence import people, walk  # noqa: E402
from registers import Desk, permit_fields, stamp, visit_fields  # noqa: E402
import roster  # noqa: E402

WORD = "document.querySelector('#%s tr[data-id=\"%s\"]')?.innerText ?? ''"


def site():
    made = roster.site()
    made["zones"] = [{"id": "outside", "class": 0, "title": {"ja": "屋外", "en": "Outside"}},
                     {"id": "server", "class": 3, "title": {"ja": "サーバー室A", "en": "Server room A"}}]
    first = made["doors"][0]
    first["title"] = {"ja": "サーバー室A 前室", "en": "Lobby of server room A"}
    for address, name, ja, en in ((3, "d2", "搬入口", "Loading dock"), (4, "d3", "非常口", "Emergency exit")):
        made["doors"].append(dict(first, id=name, token=name, title={"ja": ja, "en": en},
                                  readers=[{"id": "r%d" % address, "direction": "entry", "address": address}]))
    return made


def life(house):
    """d1 closed, d2 never told, d3 open without a word: forced. Two inside. A permit that is open, one that waits, a visit past its end."""
    people(house, ["みほん空調"] * 2)
    walk(house, 1, 0)
    walk(house, 2, 1)
    say(house, 3, State="Closed")
    say(house, 4, State="Closed", Door="d3")
    say(house, 5, State="Open", Door="d3")
    desk = Desk(house)
    fields = permit_fields()
    del fields["devices"], fields["expected_alarms"]
    desk.open("operator", "permits", fields)
    desk.act("approver", "permits", "pm-1", "approved", {"office": "運用部長"})
    desk.act("reception", "permits", "pm-1", "started", {"escort": "p-1"})
    desk.open("operator", "permits", dict(fields, purpose="ケーブル敷設 " + "光ファイバー".join("123456")))
    desk.open("reception", "visits", visit_fields(host="p-1", zones=["server"], until=stamp(2)))
    desk.act("approver", "visits", "vs-1", "approved", {"office": "総務課長"})
    desk.act("reception", "visits", "vs-1", "arrived", {"identity": "passport", "identity_by": "test-reception"})
    desk.act("operator", "visits", "vs-1", "screened", {"screening": "ok", "screened_by": "p-1"})
    desk.act("reception", "visits", "vs-1", "badge_out", {"badge": "V-7"})
    desk.open("reception", "visits", {"visit": "vs-1", "escort": "p-1", "door": "d1", "direction": "in", "count": 2}, register="joint")
    desk.open("operator", "goods", {"kind": "owned", "direction": "in", "items": ["交換用ファン"], "serials": ["SN-42"], "purpose": "修理", "from": stamp(-60),
                                    "until": stamp(3600), "responsible": "p-1", "owner": "own", "applicant": "test-operator"})
    desk.open("reception", "keys", {"key": "K-9", "holder": "p-1", "purpose": "夜間点検", "until": stamp(3600)})
    desk.say("operator", "credentials/c-2/lose", {"reason": "紛失届"})
    roster.ok(house.command("authorization.grant", person="p-1", zone="server", schedule="always", until="2099-12-31", applicant="test-operator",
                            approver="test-approver", office="運用部", reason="担当"))
    desk.say("auditor", "reviews", {"due": "2099-11-30"})


def sign_in(browser, house, role):
    browser.form()
    browser.sign_in(house.tokens[role])
    browser.until("document.getElementById('content').hidden === false", "signed in as " + role)


def has(browser, section, row, *words):
    text = WORD % (section, row)
    for word in words:
        browser.until("(%s).includes('%s')" % (text, word), "%s of %s says %s" % (row, section, word))


def check_operator(browser):
    has(browser, "doors", "d1", "サーバー室A 前室", "屋外 → サーバー室A", "閉", "正常")
    has(browser, "doors", "d2", "搬入口", "▲ 不明", "まだ通知がない")
    has(browser, "doors", "d3", "非常口", "開", "▲ 不正開扉")
    order = browser.run("[...document.querySelectorAll('#doors tbody tr')].map(r => r.dataset.id).join()")
    assert order == "d3,d2,d1", order
    has(browser, "zones", "server", "サーバー室A", "4", "来訪者 2", "記録に欠けなし")
    has(browser, "goods", "gd-1", "交換用ファン", "SN-42", "申請中")
    has(browser, "desk", "ky-1", "K-9", "p-1", "夜間点検", "貸出中")
    has(browser, "registers", "vs-1", "V-7")
    browser.until("sections.every(s => s.got !== undefined)", "all have been asked for")
    assert browser.run("document.getElementById('lost-cards').hidden && document.getElementById('reviews').hidden"), "not for an operator"
    has(browser, "registers", "pm-1", "入館・作業申請", "みほん空調", "空調機の点検", "実施中")
    has(browser, "registers", "pm-2", "申請中")
    has(browser, "registers", "vs-1", "来訪", "みほん商事", "受付済")
    browser.run("loadSections()")  # what the minute does
    has(browser, "registers", "vs-1", "▲ 期限超過")
    assert browser.run("document.querySelector('#registers tbody tr').dataset.id") == "vs-1", "what is past its end comes first"
    assert "期限超過 1" in browser.run("document.querySelector('#registers .count').textContent")
    assert "客 一郎" not in browser.run("document.getElementById('registers').innerText"), "a name on a page that needs none"


def check_live(browser, house):
    say(house, 6, State="Closed", Door="d3")
    has(browser, "doors", "d3", "閉")
    say(house, 9, State="Closed")  # 7 and 8 are missing: nobody knows who went in
    has(browser, "zones", "server", "▲ 不明(記録に欠け)")


def check_english(browser):
    browser.run("document.getElementById('language').click()")
    has(browser, "doors", "d2", "Loading dock", "▲ Unknown", "never told")
    has(browser, "zones", "server", "Server room A", "events missing")
    has(browser, "registers", "pm-1", "Work permit", "open")
    assert browser.run("document.getElementById('doors-title').innerText").startswith("Doors")


def pictures(browser, directory, lang):
    for name, width, height in (("phone", 390, 844), ("desktop", 1280, 900)):
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=name == "phone")
        wide = browser.run("[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('section'))"
                           ".map(e => e.id || e.tagName).join()")
        assert browser.run("document.documentElement.scrollWidth <= innerWidth"), (name, lang, "the page scrolls sideways", wide)
        if name == "phone":
            assert browser.run("[...document.querySelectorAll('.acknowledge:not([hidden]) button')].every(b => b.getBoundingClientRect().right <= innerWidth)"), \
                "an alarm cannot be acknowledged without scrolling sideways"
            assert browser.run("[...document.querySelectorAll('section > table > tbody td')].every(c => c.dataset.label.length > 0)")
        browser.picture(directory, "sections-%s-%s" % (name, lang))
    browser.ask("Emulation.clearDeviceMetricsOverride")


def check_reception(browser, house):
    """Who stands at the desk: by name, with the badge he has; the card that is lost, and no other."""
    browser.run("document.getElementById('sign-out').click()")
    sign_in(browser, house, "reception")
    browser.until("sections.every(s => s.got !== undefined)", "all have been asked for")
    language = browser.run("document.documentElement.lang")
    has(browser, "registers", "vs-1", "客 一郎", "V-7")
    has(browser, "lost-cards", "c-2", "p-2", "suspended" if language == "en" else "停止済")
    assert browser.run("document.querySelectorAll('#lost-cards tbody tr').length") == 1, "only what is lost"
    due = browser.run("document.querySelector('#reviews tbody tr').innerText")
    assert "30/11" in due or "11/30" in due, ("the last day is inclusive", due)


def check_roles(browser, house):
    """A viewer reads doors and nothing of who is inside; what was shown to the operator is gone."""
    browser.run("document.getElementById('sign-out').click()")
    sign_in(browser, house, "viewer")
    browser.until("document.querySelectorAll('#doors tbody tr').length === 3", "doors")
    browser.until("sections.every(s => s.got !== undefined)", "all have been asked for")
    assert browser.run("['zones', 'registers'].every(id => document.getElementById(id).hidden && !document.querySelector('#' + id + ' tbody tr'))")


def main():
    if missing():
        return SKIPPED
    directory = sys.argv[2] if len(sys.argv) > 2 else None
    with House(sys.argv[1], site()) as house:
        house.tokens.update({role: house.make_token(role) for role in ("reception", "approver")})
        life(house)
        with Browser() as browser:
            browser.open(house.http_port)
            sign_in(browser, house, "operator")
            check_operator(browser)
            pictures(browser, directory, "ja")
            check_live(browser, house)
            check_english(browser)
            pictures(browser, directory, "en")
            check_reception(browser, house)
            check_roles(browser, house)
            wrong = [text for text in browser.complaints if "403" not in text and "401" not in text]
            assert not wrong, wrong
    return 0


if __name__ == "__main__":
    sys.exit(main())
