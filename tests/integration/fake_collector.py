# SPDX-License-Identifier: Apache-2.0
"""A collector for tests of the dashboard: speaks collector/PROTOCOL.md on a Unix socket, holds no truth but what the test sets.

Standard library only. Threads: one accepts, one per connection. The test calls point(), alarm(), record() and stop().
"""
import json
import os
import secrets
import socket
import threading
import time
from datetime import datetime, timezone


def stamp():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class FakeCollector:
    def __init__(self, state, site_class="test"):
        self.path = os.path.join(state, "control.sock")
        self.lock = threading.RLock()
        self.site = {"id": "t1", "class": site_class, "zone": "Asia/Tokyo", "title": {"ja": "試験センター", "en": "Test centre"}}
        self.points, self.alarms, self.feeds, self.connections = {}, {}, [], []
        self.records = 0
        self.secrets = {}  # secret -> [account, roles, kind]
        self.commands = []  # every command line that came
        self.feed_export = None  # called on a thread with the writing end of an export's pipe; None: no descriptor is sent
        self.mute = False  # answer nothing
        self.writable = True
        self.running = False

    # --- life ---
    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(self.path)
        self.server.listen(64)
        self.running = True
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()

    def stop(self):
        self.running = False
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections, self.feeds = [], []
        if os.path.exists(self.path):
            os.unlink(self.path)

    def add_token(self, account, roles, kind="token"):
        secret = "skt_" + secrets.token_hex(32)
        self.secrets[secret] = [account, roles, kind]
        return secret

    # --- what happens ---
    def point(self, ident, value=1.0, quality="good", unit="%", kind="number"):
        item = {"id": ident, "device": ident.split("/")[0], "name": ident.split("/")[1], "kind": kind, "value": value,
                "unit": unit, "quality": quality, "opc": 192 if quality == "good" else 24, "reason": "none", "time": stamp(),
                "received": stamp(), "changed": stamp(), "stale": False, "simulated": True, "source_time": False}
        with self.lock:
            self.points[ident] = item
            self._say({"type": "point", **item})

    def record(self, class_="access", event="acc.granted", **more):
        with self.lock:
            seq = str(self.records)
            self.records += 1
            item = {"id": seq, "seq": seq, "time": stamp(), "class": class_, "event": event, "zone": "server", "door": "d1",
                    "controller": "dc1", "epoch": "7", "ctrl_seq": seq, "controller_decision": "granted",
                    "our_decision": "unknown", "online": True, "simulated": True, "body": {"credential": "c-12"}}
            item.update(more)
            self._say({"type": "record", "record": item})
            return int(seq)

    def alarm(self, occurrence, state="unacknowledged", severity=None, **more):
        with self.lock:
            seq = self.record("alarm", "alarm.raised")
            old = self.alarms.get(occurrence, {})
            item = {"occurrence": str(occurrence), "state": state, "active": True, "acknowledged": False, "stale": False,
                    "severity": "high", "condition": "State", "source": "ups1/ups.status", "detail": "OB", "value": None,
                    "limit": None, "unit": "", "place": "本館 2F 電気室", "raised": stamp(), "since": stamp(), "returned": None,
                    "acked": None, "acked_by": None, "simulated": True}
            item.update(old)
            item.update({"state": state, "severity": severity or item["severity"], "record": str(seq)})
            item.update(more)
            self.alarms[occurrence] = item
            if state == "normal":
                self.alarms.pop(occurrence)
            self._say({"type": "alarm", **item})
            return item

    def raw(self, text):
        with self.lock:
            for feed in list(self.feeds):
                feed.sendall(text)

    # --- the wire ---
    def _say(self, line, only=None):
        data = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        with self.lock:
            for feed in [only] if only else list(self.feeds):
                try:
                    feed.sendall(data)
                except OSError:
                    if feed in self.feeds:
                        self.feeds.remove(feed)

    def _beat(self):
        while self.running:
            self._say({"type": "heartbeat", "time": stamp(), "writable": self.writable})
            time.sleep(0.2)  # the interval of a heartbeat, nothing waits for it

    def _accept(self):
        while self.running:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            lines = connection.makefile("rb")
            hello = json.loads(lines.readline() or b"{}")
            if hello.get("hello") == "feed":
                self._feed(connection)
                lines.readline()
                return
            for line in lines:
                self._command(connection, json.loads(line))
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def _feed(self, connection):
        with self.lock:
            newest = str(self.records - 1) if self.records else ""
            self._say({"type": "snapshot_begin", "site": self.site, "record": newest}, connection)
            for item in self.points.values():
                self._say({"type": "point", **item}, connection)
            for item in self.alarms.values():
                self._say({"type": "alarm", **item}, connection)
            self._say({"type": "snapshot_end"}, connection)
            self._say({"type": "heartbeat", "time": stamp(), "writable": self.writable}, connection)
            self.feeds.append(connection)

    def _command(self, connection, line):
        self.commands.append(line)
        if self.mute:
            return
        try:
            answer = {"id": line["id"], "ok": True, "result": self._run(line)}
        except KeyError as error:
            answer = {"id": line["id"], "ok": False, "error": str(error.args[0]), "detail": "refused by the test's collector"}
        data = (json.dumps(answer) + "\n").encode()
        if line["cmd"] == "entries.export" and answer["ok"] and self.feed_export:
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            sent = socket.send_fds(connection, [data], [reading])
            os.close(reading)
            connection.sendall(data[sent:])
            threading.Thread(target=self.feed_export, args=(writing,), daemon=True).start()
            return
        connection.sendall(data)

    def _run(self, line):
        known = self.secrets.get(line.get("token"))
        if not known:
            raise KeyError("unauthenticated")
        account, roles, kind = known
        args = line.get("args") or {}
        if line["cmd"] == "session.check":
            return {"account": account, "person": "", "roles": roles, "kind": kind}
        if line["cmd"] == "session.open":
            return {"secret": self.add_token(account, roles, "session"), "account": account, "roles": roles, "expires": stamp()}
        if line["cmd"] == "session.close":
            del self.secrets[line["token"]]
            return {}
        if line["cmd"] == "entries.export":
            if args.get("door") == "busy":
                raise KeyError("busy")
            return {"export": "00ff", "site": self.site["id"]}
        if line["cmd"] == "alarm.acknowledge":
            occurrence = int(args["occurrence"])
            with self.lock:
                if occurrence not in self.alarms:
                    raise KeyError("not_found")
                return {"alarm": self.alarm(occurrence, "acknowledged", acknowledged=True, acked=stamp(), acked_by=account)}
        raise KeyError("unsupported")
