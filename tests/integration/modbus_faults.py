# SPDX-License-Identifier: Apache-2.0
"""Modbus TCP servers that misbehave in one way each; the driver must lose no more than the fault costs and shift nothing.

Every register of every unit holds unit * 1000 + address, so that a value given to the wrong request shows at once.
"""
import concurrent.futures
import socket
import struct
import sys
import threading
import time

from modbus_kit import Run, profile_of, reply_pdu, site_of

TIMEOUT_MS = 400
TIMEOUT_S = TIMEOUT_MS / 1000
COLUMNS = (0, 1, 7, 100, 101, 107)  # two blocks of the same shape: a shifted reply would fit


def value_of(unit, address):
    return unit * 1000 + address


class Server:
    """One listening socket; fault(request) says what happens to a request, None = a plain answer.

    A request is (number, unit, function, address, count); what fault() returns is called with (connection, frame, server).
    """

    def __init__(self, fault, family=socket.AF_INET, host="127.0.0.1", port=0):
        self.fault, self.ended = fault, threading.Event()
        self.connections, self.requests, self.functions = 0, 0, set()
        self.lock = threading.Lock()
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            while True:
                head = self.exactly(connection, 12)
                if head is None:
                    return
                tid, protocol, length, unit, function, address, count = struct.unpack(">HHHBBHH", head)
                assert protocol == 0 and length == 6
                with self.lock:
                    number = self.requests
                    self.requests += 1
                    self.functions.add(function)
                pdu = reply_pdu(function, address, count, lambda a: value_of(unit, a))
                frame = struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu
                act = self.fault((number, unit, function, address, count))
                if act is None:
                    connection.sendall(frame)
                else:
                    act(connection, frame, self)
        except OSError:
            pass
        finally:
            connection.close()

    @staticmethod
    def exactly(connection, size):
        data = b""
        while len(data) < size:
            more = connection.recv(size - len(data))
            if not more:
                return None
            data += more
        return data

    def close(self):
        self.ended.set()
        self.listener.close()


def late(factor):
    def act(connection, frame, server):
        server.ended.wait(factor * TIMEOUT_S)
        connection.sendall(frame)
    return act


def torn(pause_s):
    def act(connection, frame, server):
        connection.sendall(frame[:8])
        server.ended.wait(pause_s)
        connection.sendall(frame[8:])
    return act


def altered(change):
    return lambda connection, frame, server: connection.sendall(change(frame))


def exception(code):
    return altered(lambda f: f[:4] + b"\0\3" + f[6:7] + bytes([f[7] | 0x80, code]))


def silence(connection, frame, server):
    pass


def hang_up(connection, frame, server):
    connection.shutdown(socket.SHUT_RDWR)


def points(columns=COLUMNS):
    return [{"name": "battery.%d.voltage" % (a + 1), "address": a, "type": "u16"} for a in columns]


def site_for(port, units, host="127.0.0.1", period_ms=500):
    devices = [{"id": "u%d" % u, "profile": "p", "link": "l1", "unit": u, "period_ms": period_ms} for u in units]
    return site_of({"protocol": "modbus-tcp", "host": host, "port": port, "timeout_ms": TIMEOUT_MS}, devices)


def check_no_shift(run):
    for line in run.seen:
        if line.get("quality") != "good" or "battery." not in line.get("point", ""):
            continue
        device, name = line["point"].split("/")
        address = int(name.split(".")[1]) - 1
        assert line["value"] == value_of(int(device[1:]), address), "shifted: %r" % line


def bad_lines(run):
    return [l for l in run.seen if "battery." in l.get("point", "") and l["quality"] != "good"]


def newest(run, point):
    lines = run.of(point)
    return lines[-1]["value"] if lines else None


def good_cycles(run, point, count, what):
    left = [count]

    def seen(line):
        if line.get("point") == point and line["quality"] == "good":
            left[0] -= 1
        return left[0] == 0
    run.until(seen, what)


def one_fault(runner, act, lost, reconnects, reason):
    """The sixth request of the second block meets the fault; exactly `lost` samples of each of its points are bad."""
    hits = {"second": 0, "done": threading.Event()}

    def fault(request):
        if request[3] < 100:
            return None
        hits["second"] += 1
        return act if hits["second"] == 4 else None
    server = Server(fault)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points())])
    good_cycles(run, "u1/battery.101.voltage", 9, "nine good reads of the second block")
    run.until(lambda l: l.get("point") == "link.l1/link.reconnects", "a health report")
    run.until(lambda l: l.get("point") == "link.l1/link.reconnects", "a health report after the last read")
    run.stop()
    server.close()
    check_no_shift(run)
    bad = bad_lines(run)
    per_point = {a: len([b for b in bad if b["point"] == "u1/battery.%d.voltage" % (a + 1)]) for a in COLUMNS}
    expected = {a: lost if a >= 100 else 0 for a in COLUMNS}
    assert per_point == expected, "bad samples per address %r, expected %r: %r" % (per_point, expected, bad)
    assert all(b["reason"] == reason for b in bad), bad
    assert all(b["value"] == value_of(1, int(b["point"].split(".")[1]) - 1) for b in bad), "the number from before is kept"
    assert server.connections == 1 + reconnects, "%d connections" % server.connections
    assert newest(run, "link.l1/link.reconnects") == reconnects
    assert server.functions == {3}


ROWS = {
    # name: (fault, samples lost per point, reconnects, reason)
    "late by 1.5 time-outs": (late(1.5), 1, 0, "timeout"),
    "late by 5 time-outs": (late(5), 1, 1, "timeout"),
    "silent once": (silence, 1, 1, "timeout"),
    "foreign transaction": (altered(lambda f: bytes([f[0] ^ 0x55]) + f[1:]), 1, 1, "frame"),
    "foreign unit": (altered(lambda f: f[:6] + bytes([9]) + f[7:]), 1, 1, "frame"),
    "foreign function": (altered(lambda f: f[:7] + bytes([4]) + f[8:]), 1, 1, "frame"),
    "byte count too small": (altered(lambda f: f[:8] + bytes([f[8] - 2]) + f[9:]), 1, 1, "frame"),
    "reply to a longer request": (
        altered(lambda f: f[:4] + struct.pack(">H", len(f) - 4) + f[6:8] + bytes([f[8] + 2]) + f[9:] + b"\0\0"), 1, 1, "frame"),
    "no Modbus at all": (altered(lambda f: b"HTTP/1.1 400 Bad Request\r\n\r\n"), 1, 1, "frame"),
    "length beyond a frame": (altered(lambda f: f[:4] + b"\xff\xff" + f[6:]), 1, 1, "frame"),
    "torn within the time-out": (torn(0.3 * TIMEOUT_S), 0, 0, "timeout"),
    "torn beyond the time-out": (torn(1.5 * TIMEOUT_S), 1, 0, "timeout"),
    "hung up": (hang_up, 0, 1, "link_down"),
    "busy": (exception(6), 1, 0, "exception_6"),
    "gateway: no path": (exception(10), 1, 0, "exception_10"),
    "gateway: target silent": (exception(11), 1, 0, "exception_11"),
    "device failure": (exception(4), 1, 0, "exception_4"),
}


def doubled(runner):
    """A reply that comes twice is found at the next request, whichever block that is; nothing shifts."""
    hits = [0]

    def fault(request):
        hits[0] += 1
        return altered(lambda f: f + f) if hits[0] == 5 else None
    server = Server(fault)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points())])
    good_cycles(run, "u1/battery.101.voltage", 8, "reads after a doubled reply")
    run.stop()
    server.close()
    check_no_shift(run)
    assert len(bad_lines(run)) <= len(COLUMNS), bad_lines(run)


def exception_2(runner):
    """Register 101 does not exist: a block with it is refused whole. Its neighbours are read all the same, and by few requests."""
    def fault(request):
        _, _, _, address, count = request
        return exception(2) if address <= 101 < address + count else None
    server = Server(fault)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points())])
    good_cycles(run, "u1/battery.108.voltage", 3, "the neighbour above")
    before = server.requests
    good_cycles(run, "u1/battery.108.voltage", 3, "the neighbour above, later")
    spent = server.requests - before
    run.stop()
    server.close()
    check_no_shift(run)
    bad = bad_lines(run)
    assert bad and {b["point"] for b in bad} == {"u1/battery.102.voltage"}, bad
    assert {(b["quality"], b["reason"]) for b in bad} == {("config_error", "exception_2")}, bad
    assert len(run.of("u1/battery.101.voltage")) >= 5, "the neighbour below is read"
    assert spent <= 3 * 4 + 2, "the bad register is remembered: %d requests in 3 cycles" % spent


def refuses_everything(runner):
    """Exception 2 on every block for 2 s, as a device does while it starts: all values are back within 5 s, by as few requests as before."""
    refusing = threading.Event()

    def fault(request):
        _, _, _, address, count = request
        missing = address <= 107 < address + count  # one register never exists: found anew, not taken for the reason
        return exception(2) if refusing.is_set() or missing else None
    server = Server(fault)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points())])
    watched = ["u1/battery.%d.voltage" % (a + 1) for a in COLUMNS if a != 107]
    good_cycles(run, watched[-1], 3, "reads before")
    refusing.set()
    run.until(lambda l: l.get("point") == watched[0] and l["quality"] == "config_error", "the refusal is said")
    server.ended.wait(2)  # the two seconds themselves
    refusing.clear()
    begun = time.monotonic()
    back = set()
    run.until(lambda l: l.get("quality") == "good" and (back.add(l["point"]) or back >= set(watched)), "every value is back")
    took = time.monotonic() - begun
    good_cycles(run, watched[0], 3, "settled")
    before = server.requests
    good_cycles(run, watched[0], 3, "settled, later")
    spent = server.requests - before
    run.stop()
    server.close()
    check_no_shift(run)
    assert took < 5, "the values were back after %.1f s" % took
    assert spent <= 3 * 3 + 3, "the blocks are read whole again: %d requests in 3 cycles" % spent


def refused_at_the_start(runner):
    """The device refuses everything when the collector starts, for 2 s: values within 5 s of its end, in whole blocks again."""
    refusing = threading.Event()
    refusing.set()
    server = Server(lambda request: exception(2) if refusing.is_set() else None)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points())])
    run.until(lambda l: l.get("point") == "u1/battery.108.voltage" and l["quality"] == "config_error", "the refusal is said")
    server.ended.wait(2)
    refusing.clear()
    begun = time.monotonic()
    good_cycles(run, "u1/battery.108.voltage", 1, "the last register is read")
    took = time.monotonic() - begun
    good_cycles(run, "u1/battery.1.voltage", 4, "settled")
    before = server.requests
    good_cycles(run, "u1/battery.1.voltage", 3, "settled, later")
    spent = server.requests - before
    run.stop()
    server.close()
    check_no_shift(run)
    assert took < 5, "the values were there after %.1f s" % took
    assert spent <= 3 * 2 + 2, "the blocks are read whole again: %d requests in 3 cycles" % spent


def confirm_zero(runner):
    """Blocks answer zero for what does not exist; reads of their own tell which zero is a value."""
    zeros = {1: True, 7: False}  # address: does it exist

    def fault(request):
        _, _, _, address, count = request
        if count == 1 and address in zeros and not zeros[address]:
            return exception(2)
        if any(address <= a < address + count for a in zeros):
            def blank(frame):
                data = bytearray(frame)
                for a in zeros:
                    if address <= a < address + count:
                        at = 9 + 2 * (a - address)
                        data[at:at + 2] = b"\0\0"
                return bytes(data)
            return altered(blank)
        return None
    server = Server(fault)
    profile = profile_of("p", points(), {"confirm_zero": [{"function": 3, "from": 0, "count": 50}]})
    run = Run(runner, site_for(server.port, [1]), [profile])
    run.until(lambda l: l.get("point") == "u1/battery.8.voltage" and l["quality"] == "config_error", "the zero that is none")
    for _ in range(4):
        run.until(lambda l: l.get("point") == "u1/battery.108.voltage", "another cycle")
    run.stop()
    server.close()
    proved = run.of("u1/battery.2.voltage")
    assert (proved[0]["quality"], proved[0]["reason"], proved[0]["value"]) == ("uncertain", "zero_unproved", 0), proved
    assert proved[-1]["quality"] == "good" and proved[-1]["value"] == 0, proved
    assert all(l["quality"] != "good" for l in run.of("u1/battery.8.voltage"))
    assert run.of("u1/battery.8.voltage")[-1]["reason"] == "exception_2"
    assert all(l["quality"] == "good" for l in run.of("u1/battery.1.voltage"))


def dead_units(runner):
    """Three of ten behind one gateway are dead. The others are read every cycle; a dead one that recovers comes back."""
    dead = {2, 5, 8}
    server = Server(lambda request: silence if request[1] in dead else None)
    units = range(1, 11)
    run = Run(runner, site_for(server.port, units, period_ms=1500), [profile_of("p", points((0, 1)))])
    good_cycles(run, "u10/battery.1.voltage", 6, "six cycles of the last unit")
    counts = {u: len([l for l in run.of("u%d/battery.1.voltage" % u) if l["quality"] == "good"]) for u in units}
    assert all(counts[u] >= 5 for u in units if u not in dead), counts
    assert all(counts[u] == 0 for u in dead), counts
    for u in dead:
        run.until(lambda l, u=u: l.get("point") == "u%d/battery.1.voltage" % u and l["reason"] == "backed_off", "back-off of %d" % u)
        assert newest(run, "u%d/device.comm" % u) == 1
        assert run.of("u%d/battery.1.voltage" % u)[-1]["quality"] == "comm_no_value"
    dead.remove(5)
    good_cycles(run, "u5/battery.1.voltage", 2, "unit 5 is back")
    run.until(lambda l: l.get("point") == "u5/device.comm" and l["value"] == 0, "unit 5 is said to be back")
    run.stop()
    server.close()
    check_no_shift(run)
    for point in ("u1/battery.1.voltage", "u10/battery.1.voltage"):
        reasons = [l["reason"] for l in run.of(point)]
        begun = reasons.index("none")
        assert set(reasons[:begun]) <= {"never_polled"} and set(reasons[begun:]) == {"none"}, (point, reasons)


def link_down_and_up(runner):
    """The server is gone: every point says so, the link says so; when it listens again, reading goes on."""
    server = Server(lambda request: None)
    run = Run(runner, site_for(server.port, [1]), [profile_of("p", points((0, 1)))])
    good_cycles(run, "u1/battery.1.voltage", 2, "reads before")
    server.fault = lambda request: hang_up
    server.close()
    run.until(lambda l: l.get("point") == "u1/battery.1.voltage" and l["reason"] == "link_down", "link_down on the point")
    run.until(lambda l: l.get("point") == "link.l1/link.state" and l["value"] == 0, "link.state down")
    second = Server(lambda request: None, port=server.port)
    good_cycles(run, "u1/battery.1.voltage", 2, "reads after")
    run.until(lambda l: l.get("point") == "link.l1/link.state" and l["value"] == 1, "link.state up")
    run.stop()
    second.close()
    check_no_shift(run)


def full_listener():
    """A listener whose queue is full: whoever connects waits for an answer that never comes."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(listener.getsockname())
    return listener, waiting


def neighbours(runner):
    """Links of one process: one cannot be connected, one never answers, one hangs up on every question. None of them holds
    up the two that live: these are read again and again before the silent ones are even given up (a second; two time-outs)."""
    lives, silent, rude = Server(lambda request: None), Server(lambda request: silence), Server(lambda request: hang_up)
    listener, waiting = full_listener()
    ports = (lives.port, listener.getsockname()[1], silent.port, rude.port, lives.port)
    site = site_of({}, [{"id": "u%d" % (i + 1), "profile": "p", "link": "l%d" % (i + 1), "unit": i + 1, "period_ms": 100} for i in range(5)])
    site["links"] = [{"id": "l%d" % (i + 1), "protocol": "modbus-tcp", "host": "127.0.0.1", "port": port, "timeout_ms": TIMEOUT_MS}
                     for i, port in enumerate(ports)]
    run = Run(runner, site, [profile_of("p", points((0, 1)))], link="all")
    run.until(lambda l: l.get("point") == "u3/battery.1.voltage" and l["reason"] == "timeout", "the silent one's time-out")
    assert all(len(run.of("u%d/battery.1.voltage" % u)) >= 2 for u in (1, 5)), "held up by a device that does not answer"
    run.until(lambda l: l.get("point") == "u2/battery.1.voltage" and l["reason"] == "link_down", "the link that cannot be connected")
    assert all(len(run.of("u%d/battery.1.voltage" % u)) >= 5 for u in (1, 5)), "held up by a connection that is not answered"
    run.until(lambda l: l.get("point") == "u4/battery.1.voltage" and l["quality"] != "good", "the one that hangs up")
    run.stop()
    assert {l["quality"] for u in (1, 5) for l in run.of("u%d/battery.1.voltage" % u)} == {"good"}
    check_no_shift(run)
    for one in (lives, silent, rude, listener, *waiting):
        one.close()


def ipv6(runner):
    server = Server(lambda request: None, socket.AF_INET6, "::1")
    run = Run(runner, site_for(server.port, [1], host="::1"), [profile_of("p", points())])
    good_cycles(run, "u1/battery.101.voltage", 3, "reads over IPv6")
    run.stop()
    server.close()
    check_no_shift(run)


def main():
    runner = sys.argv[1]
    jobs = {name: (one_fault, row) for name, row in ROWS.items()}
    jobs.update({f.__name__: (f, ()) for f in (doubled, exception_2, refuses_everything, refused_at_the_start, confirm_zero, dead_units, link_down_and_up, neighbours, ipv6)})
    if len(sys.argv) > 2:
        jobs = {name: job for name, job in jobs.items() if sys.argv[2] in name}
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        futures = {name: pool.submit(job[0], runner, *job[1]) for name, job in jobs.items()}
        for name, future in futures.items():
            try:
                future.result()
                print("ok     %s" % name, flush=True)
            except Exception as error:  # each row reports; none hides another
                failed += 1
                print("FAILED %s: %s" % (name, str(error)[:1500]), flush=True)
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
