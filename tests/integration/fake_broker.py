# SPDX-License-Identifier: Apache-2.0
"""A broker written to referee the MQTT driver: MQTT 3.1.1 and 5, as much of them as a subscriber meets, every packet kept.

It does by itself what any broker does (CONNACK, SUBACK, PINGRESP, echo of what a client publishes to a topic it subscribed), keeps
unacknowledged QoS 1 messages per client id and delivers them again with DUP. What it must do wrong is set from outside:
`on_connect(info)` answers "accept", "close" or raw bytes to send before closing; `send_raw` puts any bytes on the wire.
"""
import socket
import struct
import threading
import time

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
DEADLINE_S = 30


def wait_for(what, check, deadline_s=DEADLINE_S):
    """Polls until check() gives something true, and gives it back."""
    end = time.monotonic() + deadline_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


def variable_length(number):
    out = bytearray()
    while True:
        digit, number = number % 128, number // 128
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text_field(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + variable_length(len(body)) + body


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at:self.at + count]
        if len(part) != count:
            raise ValueError("packet too short")
        self.at += count
        return part

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def text(self):
        return self.take(self.number(2)).decode()

    def variable(self):
        value, shift = 0, 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def properties(self):
        raw = Reader(self.take(self.variable()))
        found = {}
        while raw.at < len(raw.data):
            name = raw.number(1)
            if name == 17:
                found["session_expiry"] = raw.number(4)
            elif name in (33, 34):
                found[name] = raw.number(2)
            elif name == 39:
                found[name] = raw.number(4)
            elif name in (23, 25, 36, 37):
                found[name] = raw.number(1)
            else:
                raise ValueError("unexpected property %d" % name)
        return found

    def rest(self):
        return self.data[self.at:]


class Connection:
    def __init__(self, broker, sock):
        self.broker, self.sock = broker, sock
        self.info, self.version, self.open = None, 4, True
        self.topics = {}
        self.lock = threading.Lock()

    def send_raw(self, data):
        with self.lock:
            try:
                self.sock.sendall(data)
            except OSError:
                self.open = False

    def publish(self, topic, payload, qos=0, mid=0, retain=False, dup=False):
        body = text_field(topic) + (struct.pack(">H", mid) if qos else b"") + (b"\0" if self.version == 5 else b"")
        self.send_raw(packet(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), body + payload))

    def close(self):
        self.open = False
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def read_packet(self):
        first = self.read_exactly(1)[0]
        length, shift = 0, 0
        while True:
            byte = self.read_exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        return first >> 4, first & 15, self.read_exactly(length)

    def serve(self):
        try:
            while True:
                kind, flags, body = self.read_packet()
                self.broker.note(self, kind, flags, body)
                getattr(self, "take_%d" % kind, lambda *_: None)(flags, body)
        except (EOFError, OSError, ValueError):
            self.open = False

    def take_1(self, _flags, body):
        reader = Reader(body)
        info = {"protocol": reader.text(), "version": reader.number(1), "flags": reader.number(1), "keepalive": reader.number(2)}
        self.version = info["version"]
        info["properties"] = reader.properties() if self.version == 5 else {}
        info["client"] = reader.text()
        if info["flags"] & 0x80:
            info["user"] = reader.text()
        if info["flags"] & 0x40:
            info["password"] = reader.take(reader.number(2))
        self.info = info
        answer = self.broker.on_connect(info)
        if answer == "accept":
            present = 1 if info["client"] in self.broker.kept else 0
            self.send_raw(packet(CONNACK, 0, bytes([present, 0]) + (b"\0" if self.version == 5 else b"")))
            self.broker.accepted(self)
            return
        if answer != "close":
            self.send_raw(answer)
        self.close()

    def take_3(self, flags, body):
        reader = Reader(body)
        topic, qos = reader.text(), flags >> 1 & 3
        mid = reader.number(2) if qos else 0
        if self.version == 5:
            reader.properties()
        payload = reader.rest()
        self.broker.published.append((self.info["client"], topic, payload))
        if qos:
            self.send_raw(packet(PUBACK, 0, struct.pack(">H", mid)))
        if self.broker.echoes:
            self.broker.route(topic, payload)

    def take_4(self, _flags, body):
        mid = struct.unpack(">H", body[:2])[0]
        self.broker.acked.append((self.info["client"], mid))
        self.broker.kept.get(self.info["client"], {}).pop(mid, None)

    def take_8(self, _flags, body):
        reader = Reader(body)
        mid, codes = reader.take(2), b""
        if self.version == 5:
            reader.properties()
        while reader.at < len(body):
            topic, options = reader.text(), reader.number(1)
            refused = topic in self.broker.refuse_topics
            codes += bytes([0x80 if refused else options & 3])
            if not refused:
                self.topics[topic] = options & 3
        self.send_raw(packet(SUBACK, 0, mid + (b"\0" if self.version == 5 else b"") + codes))
        self.broker.subscribed(self)

    def take_12(self, _flags, _body):
        self.send_raw(packet(PINGRESP, 0, b""))

    def take_14(self, _flags, _body):
        self.close()


class FakeBroker:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.packets, self.published, self.acked = [], [], [], []
        self.kept, self.retained, self.refuse_topics = {}, {}, set()
        self.echoes = True
        self.on_connect = lambda info: "accept"
        self.on_subscribed = lambda connection: None
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def note(self, connection, kind, flags, body):
        self.packets.append((connection, kind, flags, body))

    def accepted(self, connection):
        """What is kept for the client goes out again, marked DUP when it went out before."""
        for mid, message in sorted(self.kept.setdefault(connection.info["client"], {}).items()):
            connection.publish(message["topic"], message["payload"], 1, mid, dup=message["sent"])
            message["sent"] = True

    def subscribed(self, connection):
        for topic, payload in self.retained.items():
            if topic in connection.topics:
                connection.publish(topic, payload, retain=True)
        self.on_subscribed(connection)

    def route(self, topic, payload):
        for connection in list(self.connections):
            if connection.open and topic in connection.topics:
                connection.publish(topic, payload)

    def keep(self, client, mid, topic, payload):
        """QoS 1 for a client that may be away."""
        message = {"topic": topic, "payload": payload, "sent": False}
        self.kept.setdefault(client, {})[mid] = message
        for connection in self.live(client):
            message["sent"] = True
            connection.publish(topic, payload, 1, mid)

    def live(self, client):
        return [c for c in self.connections if c.open and c.info and c.info["client"] == client]

    def ready(self, client, topic):
        """The client's live connection, once it has subscribed to topic."""
        def check():
            found = [c for c in self.live(client) if topic in c.topics]
            return found[-1] if found else None
        return wait_for("%s to subscribe to %s" % (client, topic), check)

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()
