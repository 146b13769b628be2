#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The built dashboard against a collector made for the test: dashboard_api.py BINARY SOURCE_DIRECTORY.

Roles over every route (both tables read from the source), lists, acts, sign-ins and their limits, sessions and CSRF, pages of a log,
tags and compression. What flows is in `dashboard_streams.py`, what comes before HTTP in `dashboard_wall.py`.
"""
import ctypes
import http.client
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dashboard_kit import Base, DEADLINE_S, Stream, fill, permissions, read, roles, routes, run, until  # noqa: E402


class Matrix(Base):
    def test_every_route_and_role(self):
        table, seen = permissions(), 0
        self.assertGreater(len(table), 10)
        for method, path, act in routes():
            if act is None or path.endswith("/events"):
                continue
            body = {"occurrence": "12", "comment": ""} if method == "POST" else None
            for role, token in self.tokens.items():
                status = self.dashboard.call(method, fill(path), token, body).status
                with self.subTest(method=method, path=path, role=role):
                    if role in table[act]:
                        self.assertNotIn(status, (401, 403))
                    else:
                        self.assertEqual(status, 403)
                    seen += 1
            with self.subTest(method=method, path=path, role="nobody"):
                self.assertEqual(self.dashboard.call(method, fill(path), None, body).status, 401)
        self.assertGreater(seen, 80)

    def test_streams_by_role(self):
        for role, token in self.tokens.items():
            stream = Stream(self.dashboard, Authorization="Bearer " + token)
            with self.subTest(role=role):
                self.assertEqual(stream.answer.status, 200 if role in permissions()["read.events"] else 403)
            stream.close()

    def test_unknown_token(self):
        for token in ("skt_" + "0" * 64, "skt_", "x", "skt_" + "g" * 64):
            self.assertEqual(self.dashboard.call("GET", "/api/v1/points", token).status, 401)

    def test_approver_gets_entries_only(self):
        stream = Stream(self.dashboard, Authorization="Bearer " + self.tokens["approver"])
        self.assertEqual(stream.next()["event"], "snapshot")
        self.collector.point("ups1/battery.charge", 11)
        self.collector.alarm(40)
        self.collector.record()
        names = []
        while "entry" not in names:
            names.append(stream.next()["event"])
        self.assertFalse({"point", "alarm", "record"} & set(names))
        stream.close()


class Lists(Base):
    def get(self, path, role="administrator"):
        answer = self.dashboard.call("GET", path, self.tokens[role])
        return answer.status, json.loads(answer.data)

    def test_points(self):
        for number in range(25):
            self.collector.point("th%02d/env.room.temperature" % number, 20 + number, unit="Cel")
        until(lambda: len(self.get("/api/v1/points?limit=1000")[1]["items"]) == 28, "28 points")
        ids, path = [], "/api/v1/points?limit=10"
        for _ in range(10):
            status, page = self.get(path)
            self.assertEqual(status, 200)
            ids += [item["id"] for item in page["items"]]
            if page["next"] is None:
                break
            path = "/api/v1/points?limit=10&cursor=" + page["next"]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(len(set(ids)), 28)
        self.assertEqual(len(self.get("/api/v1/points?device=ups1")[1]["items"]), 2)
        self.assertEqual([i["id"] for i in self.get("/api/v1/points?quality=bad")[1]["items"]], ["crac2/hvac.unit.running"])
        self.assertEqual(len(self.get("/api/v1/points?quality=comm_last_value")[1]["items"]), 1)
        status, point = self.get("/api/v1/points/ups1/battery.charge")
        self.assertEqual((status, point["id"], point["unit"]), (200, "ups1/battery.charge", "%"))
        self.assertNotIn("type", point)
        self.assertEqual(self.get("/api/v1/points/ups1/none")[0], 404)

    def test_alarms(self):
        status, page = self.get("/api/v1/alarms")
        self.assertEqual(status, 200)
        self.assertEqual([item["id"] for item in page["items"]], ["12"])
        self.assertEqual(self.get("/api/v1/alarms?severity=low")[1]["items"], [])
        self.assertEqual(self.get("/api/v1/alarms/12")[1]["occurrence"], "12")
        self.assertIn(self.get("/api/v1/alarms/999")[0], (404, 503))  # 503: there is no log.db in this test

    def test_bad_parameters(self):
        for path in ("/api/v1/points?x=1", "/api/v1/points?limit=0", "/api/v1/points?limit=1001", "/api/v1/points?limit=1e3",
                     "/api/v1/points?quality=fine", "/api/v1/points?cursor=zz", "/api/v1/points?cursor=p0", "/api/v1/alarms?state=closed",
                     "/api/v1/alarms?severity=", "/api/v1/alarms?cursor=r0000000000000000", "/api/v1/entries?since=yesterday",
                     "/api/v1/entries?limit=-1", "/api/v1/points?limit=1&limit=2", "/api/v1/records?class=all", "/api/v1/events?after=-1",
                     "/api/v1/events?after=x"):
            with self.subTest(path=path):
                answer = self.dashboard.call("GET", path, self.tokens["administrator"])
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
                self.assertEqual(json.loads(answer.data)["status"], 400)

    def test_methods_and_paths(self):
        for method, path, status, allow in (("PUT", "/api/v1/points", 405, "GET, HEAD"), ("POST", "/api/v1/points", 405, "GET, HEAD"),
                                            ("DELETE", "/api/v1/alarms/12/acknowledge", 405, "POST"), ("TRACE", "/", 405, "GET, HEAD"),
                                            ("OPTIONS", "/api/v1/session", 405, "GET, HEAD, POST, DELETE"),
                                            ("GET", "/api/v1/nothing", 404, None), ("GET", "/api", 404, None),
                                            ("GET", "/etc/passwd", 404, None), ("GET", "/../etc/passwd", 400, None),
                                            ("GET", "/%2e%2e/etc/passwd", 400, None), ("GET", "//", 400, None),
                                            ("GET", "/api/v1/points/a%2fb/c", 400, None), ("GET", "/%5c", 400, None),
                                            ("GET", "/api/v1/points%00", 400, None), ("GET", "/" + "a" * 4200, 414, None)):
            with self.subTest(method=method, path=path[:40]):
                answer = self.dashboard.call(method, path, self.tokens["administrator"])
                self.assertEqual(answer.status, status)
                if allow:
                    self.assertEqual(answer.headers["Allow"], allow)

    def test_headers_everywhere(self):
        for path in ("/", "/app.js", "/api/v1/points", "/nothing", "/healthz", "/api/v1/openapi.json"):
            answer = self.dashboard.call("GET", path, self.tokens["viewer"])
            with self.subTest(path=path):
                self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
                self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(answer.headers["Cache-Control"], "no-store")
                self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
                self.assertIn("max-age=31536000", answer.headers["Strict-Transport-Security"])
                self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])
                self.assertIsNone(answer.headers["Server"])

    def test_service(self):
        answer = self.dashboard.call("GET", "/api/v1/metrics", self.tokens["viewer"])
        self.assertTrue(answer.headers["Content-Type"].startswith("application/openmetrics-text"))
        text = answer.data.decode()
        self.assertTrue(text.endswith("# EOF\n"))
        self.assertIn('sekisho_points{quality="good"}', text)
        self.assertIn("sekisho_collector_up 1", text)
        for lang in ("ja", "en"):
            texts = json.loads(self.dashboard.call("GET", "/api/v1/texts/%s.json" % lang).data)
            self.assertIn("severity.critical", texts)
            self.assertIn("event.acc.granted", texts)
            self.assertIn("page.title", texts)
        self.assertEqual(self.get("/api/v1/site")[1]["zone"], "Asia/Tokyo")
        self.assertEqual(self.dashboard.call("HEAD", "/healthz").data, b"")


class Acknowledge(Base):
    def post(self, path, body, role="operator", **headers):
        answer = self.dashboard.call("POST", path, self.tokens[role], body, **headers)
        return answer.status, json.loads(answer.data)

    def test_acknowledge(self):
        self.collector.alarm(20)
        until(lambda: self.dashboard.call("GET", "/api/v1/alarms/20", self.tokens["viewer"]).status == 200, "alarm 20")
        status, answer = self.post("/api/v1/alarms/20/acknowledge", {"occurrence": "20", "comment": "見に行く"})
        self.assertEqual((status, answer["alarm"]["acked_by"]), (200, "acc-operator"))
        sent = [line for line in self.collector.commands if line["cmd"] == "alarm.acknowledge"][-1]
        self.assertEqual(sent["token"], self.tokens["operator"])
        self.assertEqual(sent["address"], "127.0.0.1")
        self.assertEqual(sent["args"], {"occurrence": "20", "comment": "見に行く"})
        shown = json.loads(self.dashboard.call("GET", "/api/v1/alarms/20", self.tokens["viewer"]).data)
        self.assertEqual(shown["state"], "acknowledged")  # who acknowledged reads his own act

    def test_refusals(self):
        for path, body, status in (("12", {"occurrence": "13", "comment": ""}, 409), ("12", {"comment": ""}, 400),
                                   ("12", {"occurrence": "12", "x": 1}, 400), ("12", {"occurrence": 12.5}, 400),
                                   ("12", {"occurrence": "12", "comment": "a\x01b"}, 400), ("12", {"occurrence": "12", "comment": 1}, 400),
                                   ("12", {"occurrence": "12", "comment": "a" * 1025}, 400), ("12", [1], 400), ("999", {"occurrence": "999"}, 404),
                                   ("abc", {"occurrence": "12"}, 404), ("-1", {"occurrence": "12"}, 404),
                                   ("12", b'{"occurrence":"12","occurrence":"12"}', 400), ("12", b"{", 400), ("12", b"", 400),
                                   ("12", b'{"occurrence":1e999}', 400), ("12", b'{"occurrence":"12"} x', 400), ("12", b"\xff\xfe", 400),
                                   ("12", b"[" * 2000, 400), ("12", b'{"a":"\\ud800"}', 400), ("12", b'{"a":NaN}', 400)):
            with self.subTest(path=path, body=str(body)[:60]):
                self.assertEqual(self.post("/api/v1/alarms/%s/acknowledge" % path, body)[0], status)

    def test_media_type(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
                     "application/json; charset=utf-16"):
            self.assertEqual(self.post("/api/v1/alarms/12/acknowledge", b'{"occurrence":"12"}', Content_Type=kind)[0], 415)
        self.assertEqual(self.post("/api/v1/alarms/12/acknowledge", b'{"occurrence":"12"}',
                                   Content_Type="application/json; charset=UTF-8")[0], 200)

    def test_foreign_origin(self):
        own = "https://127.0.0.1:%d" % self.dashboard.port
        for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Sec_Fetch_Site": "cross-site"}, 403),
                                ({"Sec_Fetch_Site": "same-site"}, 403), ({"Origin": "null"}, 403),
                                ({"Origin": own, "Sec_Fetch_Site": "same-origin"}, 200)):
            with self.subTest(headers=headers):
                self.assertEqual(self.post("/api/v1/alarms/12/acknowledge", {"occurrence": "12"}, **headers)[0], status)


class SignIns(Base):
    def test_too_many_failures(self):
        """Five wrong tokens, then a wait that is said; the right token waits too, and everything but signing in goes on."""
        def sign_in(token):
            return self.dashboard.call("POST", "/api/v1/session", None, {"token": token})
        statuses = [sign_in("skt_" + "2" * 64).status for _ in range(8)]
        first = statuses.index(429)
        self.assertLessEqual(first, 5)
        self.assertEqual(set(statuses[:first]), {401})
        refused = sign_in(self.tokens["operator"])
        self.assertEqual(refused.status, 429)
        self.assertTrue(1 <= int(refused.headers["Retry-After"]) <= 60)
        self.assertEqual(json.loads(refused.data)["type"], "urn:sekisho:problem:too_many")
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", self.tokens["operator"]).status, 200)


class Rates(Base):
    more = ("--requests-per-account", "1", "--requests-per-address", "3")  # 10 and 30 at once

    def setUp(self):
        self.wire = http.client.HTTPSConnection("127.0.0.1", self.dashboard.port, context=self.dashboard.tls, timeout=DEADLINE_S)

    def tearDown(self):
        self.wire.close()

    def get(self, path, role):
        """On one connection: faster than anything comes back, on a busy machine too."""
        self.wire.request("GET", path, headers={"Authorization": "Bearer " + self.tokens[role]})
        answer = self.wire.getresponse()
        answer.data = answer.read()
        return answer

    def test_account_then_address(self):
        """An account at its limit waits and others go on; an address at its limit waits with all who sit behind it."""
        until(lambda: self.get("/api/v1/points", "viewer").status == 429, "the account's 10 are used up")
        refused = self.get("/api/v1/points", "viewer")
        if refused.status == 200:  # one came back meanwhile
            refused = self.get("/api/v1/points", "viewer")
        self.assertEqual(refused.status, 429)
        self.assertTrue(1 <= int(refused.headers["Retry-After"]) <= 10)
        self.assertEqual(json.loads(refused.data)["type"], "urn:sekisho:problem:too_many")
        self.assertIn("account", json.loads(refused.data)["detail"])
        self.assertEqual(self.get("/api/v1/points", "operator").status, 200)
        until(lambda: self.get("/style.css", "viewer").status == 429, "the address's 30 are used up")
        until(lambda: b"address" in self.get("/api/v1/points", "auditor").data, "whoever it is")
        until(lambda: self.get("/api/v1/points", "auditor").status == 200, "it comes back with time")


class Sessions(Base):
    def sign_in(self, role="operator"):
        answer = self.dashboard.call("POST", "/api/v1/session", None, {"token": self.tokens[role]})
        self.assertEqual(answer.status, 200)
        body = json.loads(answer.data)
        self.assertNotIn("secret", body)
        cookie = answer.headers["Set-Cookie"]
        self.assertRegex(cookie, r"^__Host-sid=skt_[0-9a-f]{64}; Secure; HttpOnly; SameSite=Strict; Path=/$")
        return cookie.split(";")[0], body["csrf"]

    def test_life(self):
        cookie, csrf = self.sign_in()
        answer = self.dashboard.call("GET", "/api/v1/session", Cookie=cookie)
        who = json.loads(answer.data)
        self.assertEqual((who["account"], who["roles"], who["kind"], who["csrf"]), ("acc-operator", ["operator"], "session", csrf))
        path, body = "/api/v1/alarms/12/acknowledge", {"occurrence": "12"}
        other = self.sign_in("operator")[1]
        self.assertEqual(self.dashboard.call("POST", path, None, body, Cookie=cookie).status, 403)
        self.assertEqual(self.dashboard.call("POST", path, None, body, Cookie=cookie, X_CSRF_Token="0" * 32).status, 403)
        self.assertEqual(self.dashboard.call("POST", path, None, body, Cookie=cookie, X_CSRF_Token=other).status, 403)
        self.assertEqual(self.dashboard.call("POST", path, None, body, Cookie=cookie, X_CSRF_Token=csrf).status, 200)
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", Cookie="a=b; " + cookie + "; c=d").status, 200)
        stream = Stream(self.dashboard, Cookie=cookie)
        self.assertEqual(stream.next()["event"], "snapshot")
        self.assertEqual(self.dashboard.call("DELETE", "/api/v1/session", Cookie=cookie).status, 403)
        gone = self.dashboard.call("DELETE", "/api/v1/session", Cookie=cookie, X_CSRF_Token=csrf)
        self.assertEqual(gone.status, 200)
        self.assertIn("Max-Age=0", gone.headers["Set-Cookie"])
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", Cookie=cookie).status, 401)
        while stream.next() is not None:  # signing out ends the streams of the session
            pass

    def test_refusals(self):
        for body, status in (({"token": "skt_" + "1" * 64}, 401), ({"token": ""}, 401), ({}, 400), ({"token": 1}, 400),
                             ({"token": "x", "y": 1}, 400)):
            self.assertEqual(self.dashboard.call("POST", "/api/v1/session", None, body).status, status)
        # a bearer token does not work as a cookie, and has no session to close
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", Cookie="__Host-sid=" + self.tokens["viewer"]).status, 401)
        self.assertEqual(self.dashboard.call("DELETE", "/api/v1/session", self.tokens["viewer"]).status, 400)

    def test_revoked_within_the_cache(self):
        token = self.collector.add_token("leaver", ["viewer"])
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", token).status, 200)
        del self.collector.secrets[token]
        until(lambda: self.dashboard.call("GET", "/api/v1/points", token).status == 401, "the kept answer is forgotten")


@unittest.skipUnless(os.environ.get("SEKISHO_MAKE_LOG"), "SEKISHO_MAKE_LOG names no log maker")
class Log(Base):
    """Lists and resumption from a log.db that the store's own writer made."""

    COUNT = 2500

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector.stop()
        # as another user could: only the reader's side of the directory is the dashboard's
        subprocess.run([os.environ["SEKISHO_MAKE_LOG"], cls.state, str(cls.COUNT)], check=True)
        cls.collector.records = cls.COUNT
        cls.collector.start()
        until(lambda: cls.dashboard.call("GET", "/healthz").status == 200, "healthz is 200")

    def get(self, path, role="administrator"):
        answer = self.dashboard.call("GET", path, self.tokens[role])
        return answer.status, json.loads(answer.data)

    def all(self, path):
        ids, cursor = [], ""
        while True:
            status, page = self.get(path + cursor)
            self.assertEqual(status, 200, page)
            ids += [int(item["id"]) for item in page["items"]]
            if page["next"] is None:
                return ids
            cursor = "&cursor=" + page["next"]

    def test_pages(self):
        every = range(self.COUNT - 1, -1, -1)
        self.assertEqual(self.all("/api/v1/records?limit=1000"), list(every))
        self.assertEqual(self.all("/api/v1/records?limit=999"), list(every))
        self.assertEqual(self.all("/api/v1/entries?limit=300"), [n for n in every if n % 10 != 9])
        self.assertEqual(self.all("/api/v1/entries?limit=300&door=d1"), [n for n in every if n % 10 != 9 and n % 2 == 0])
        self.assertEqual(self.all("/api/v1/entries?limit=7&zone=office&since=2025-11-20T12:40:00Z"),
                         [n for n in every if n % 10 != 9 and n % 2 == 1 and n >= 2400])
        self.assertEqual(self.all("/api/v1/records?class=system&limit=1000"), [n for n in every if n % 10 == 9])
        self.assertEqual(self.all("/api/v1/entries?limit=10&until=2025-11-20T21:00:03%2B09:00"), [2, 1, 0])
        self.assertEqual(self.get("/api/v1/entries?door=d9")[0], 400)
        self.assertEqual(self.get("/api/v1/entries?limit=1")[1]["items"][0]["door"], "d1")

    def test_closed_alarm(self):
        self.assertEqual([item["id"] for item in self.get("/api/v1/alarms?state=all")[1]["items"]], ["7"])
        self.assertEqual(self.get("/api/v1/alarms?state=all&severity=high")[1]["items"], [])
        status, alarm = self.get("/api/v1/alarms/7")
        self.assertEqual((status, alarm["state"], alarm["severity"]), (200, "normal", "low"))
        self.assertEqual(self.get("/api/v1/alarms/8")[0], 404)
        answer = self.dashboard.call("POST", "/api/v1/alarms/7/acknowledge", self.tokens["operator"], {"occurrence": "7"})
        self.assertEqual(answer.status, 409)
        answer = self.dashboard.call("POST", "/api/v1/alarms/8/acknowledge", self.tokens["operator"], {"occurrence": "8"})
        self.assertEqual(answer.status, 404)

    def test_resume_from_the_store(self):
        for role, wanted in (("auditor", range(100, self.COUNT)), ("operator", [n for n in range(100, self.COUNT) if n % 10 != 9])):
            stream = Stream(self.dashboard, "/api/v1/events?after=99", Authorization="Bearer " + self.tokens[role])
            wanted, got = list(wanted), []
            while len(got) < len(wanted):
                event = stream.next()
                self.assertNotEqual(event["event"], "gap")
                if event["event"] in ("entry", "record"):
                    got.append(int(event["id"]))
            self.assertEqual(got, wanted)
            stream.close()


def unzstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_decompress.restype = library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    room = ctypes.create_string_buffer(size)
    got = library.ZSTD_decompress(room, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if got != size:
        raise AssertionError("not a whole frame")
    return room.raw


class Conditional(Base):
    """Tags and compression of what is served from memory."""
    TAGGED = ["/api/v1/points", "/api/v1/alarms", "/api/v1/site", "/api/v1/openapi.json", "/api/v1/texts/ja.json", "/app.js", "/"]
    NEVER = ["/api/v1/session", "/api/v1/people", "/api/v1/entries", "/api/v1/metrics"]

    def get(self, path, **fields):
        return self.dashboard.call("GET", path, self.tokens["administrator"], **fields)

    def test_unchanged(self):
        for path in self.TAGGED:
            with self.subTest(path=path):
                first = self.get(path)
                tag = first.getheader("ETag")
                self.assertRegex(tag, r'^W/"[0-9a-f]{16}-[0-9a-f]+"$')
                for field in (tag, tag[2:], '"x", ' + tag, "*"):
                    again = self.get(path, If_None_Match=field)
                    self.assertEqual((again.status, again.data, again.getheader("ETag")), (304, b"", tag))
                    self.assertIn("default-src 'none'", again.getheader("Content-Security-Policy"))
                self.assertEqual(self.get(path, If_None_Match='"%s"' % ("0" * 16)).data, first.data)

    def test_changes(self):
        for path, change in (("/api/v1/points", lambda: self.collector.point("ups1/battery.charge", 55.5)),
                             ("/api/v1/alarms", lambda: self.collector.alarm(77)),
                             ("/api/v1/alarms?severity=high&limit=1", lambda: self.collector.alarm(77, "normal"))):
            tag = self.get(path).getheader("ETag")
            change()
            until(lambda: self.get(path, If_None_Match=tag).status == 200, path + " has changed")
            self.assertNotEqual(self.get(path).getheader("ETag"), tag)
        # refusals come first: a tag opens nothing
        tag = self.get("/api/v1/points").getheader("ETag")
        self.assertEqual(self.dashboard.call("GET", "/api/v1/points", None, If_None_Match=tag).status, 401)
        self.assertEqual(self.get("/api/v1/points?limit=0", If_None_Match=tag).status, 400)

    def test_compressed(self):
        for i in range(40):
            self.collector.point("many%d/battery.charge" % i, 1.0)
        until(lambda: len(json.loads(self.get("/api/v1/points").data)["items"]) >= 40, "all points are there")
        for path in self.TAGGED:
            with self.subTest(path=path):
                plain, packed = self.get(path), self.get(path, Accept_Encoding="gzip, zstd;q=0.9")
                self.assertEqual(plain.getheader("Content-Encoding"), None)
                self.assertEqual(plain.getheader("Vary"), "Accept-Encoding")
                if len(plain.data) < 2048:
                    self.assertEqual(packed.data, plain.data)
                    continue
                self.assertEqual(packed.getheader("Content-Encoding"), "zstd")
                self.assertEqual(packed.getheader("ETag"), plain.getheader("ETag"))
                self.assertLess(len(packed.data), len(plain.data) // 2)
                self.assertEqual(unzstd(packed.data), plain.data)
        self.assertEqual(self.get("/app.js", Accept_Encoding="zstd;q=0, gzip").getheader("Content-Encoding"), None)

    def test_never(self):
        """What may hold a secret or somebody's name is neither tagged nor compressed."""
        for path in self.NEVER:
            answer = self.get(path, Accept_Encoding="zstd", If_None_Match="*")
            self.assertNotEqual(answer.status, 304, path)
            self.assertIsNone(answer.getheader("ETag"), path)
            self.assertIsNone(answer.getheader("Content-Encoding"), path)


if __name__ == "__main__":
    run()
