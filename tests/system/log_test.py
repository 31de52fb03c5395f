#!/usr/bin/env python3
"""The log's own events: grants and flows that end, the daemon's beginning, reloads and end. Each once, with its members.

That every line of every log of this suite is one that postern-log(5) allows is checked where lines are read: logfile.py.
"""
import socket
import struct

import packets
from lab import GATEWAY, phantom, source
from logfile import SCHEMA
from namespaces import wait_until
from spa import seal
from suite import Suite, errno_of_connect

suite = Suite(window="30s")
NFNETLINK, CONNTRACK_GET, DUMP, DONE = 12, 1 << 8 | 1, 0x301, 3
GOOD = {"timestamp": "2026-11-21T09:00:10.000120Z", "event_type": "repeats", "src_ip": "203.0.113.9",
        "postern": {"v": 1, "verdict": "drop", "reason": "no_grant", "queue": 1, "count": 3}}


def members(line):
    """A line of the log as it stands there, without its time."""
    inner = line["postern"]
    return {name: value for name, value in line.items() if name != "timestamp" and name not in inner} | {"postern": inner}


@suite.check("the schema finds what is wrong with a line", daemon=False, rules=False)
def schema(_):
    assert SCHEMA.complaint(GOOD) is None
    inner = GOOD["postern"]
    faults = [{**GOOD, "more": 1}, {**GOOD, "timestamp": "2026-11-21"}, {**GOOD, "src_ip": 5}, {**GOOD, "event_type": "x"},
              {name: value for name, value in GOOD.items() if name != "timestamp"}, [GOOD]]
    faults += [{**GOOD, "postern": {**inner, **change}} for change in
               ({"count": 0}, {"count": True}, {"queue": 65536}, {"reason": "unheard"}, {"v": 2}, {"more": 1})]
    faults.append({**GOOD, "postern": {name: value for name, value in inner.items() if name != "reason"}})
    for fault in faults:
        assert SCHEMA.complaint(fault), fault


@suite.check("a grant that nobody used: one line `expired`; a used one has none")
def expired(lab):
    lab.listen(22)
    for number, wish in ((1, {"window": 1}), (2, {"window": 1}), (3, {})):
        lab.knock(seal(lab, source=phantom(number), **wish), phantom(number))
    lab.sender().send(packets.tcp(phantom(2), GATEWAY[4], 4000, 22))
    made = lab.log.wait(src_ip=phantom(1), reason="spa_accepted")
    line = lab.log.wait(event_type="grant", src_ip=phantom(1))
    assert members(line) == {"event_type": "grant", "src_ip": phantom(1), "postern": {
        "v": 1, "what": "expired", "client": "alice", "service": "ssh", "grant": made["grant"]}}, line
    wait_until(lambda: [row["state"] for row in lab.ask("grants") if row["source"] == phantom(2)] == ["used"], "its use")
    lab.stop()
    assert lab.log.find(event_type="grant") == [line]


def connected(lab, number):
    """A real connection from the number-th of the member's own addresses, and the server's end of it."""
    address = source(number)
    sock = lab.member.bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    lab.knock(seal(lab, source=address), address)
    sock.connect_ex((GATEWAY[4], 22))
    assert errno_of_connect(sock) == 0
    peer = sock.getsockname()
    return sock, wait_until(lambda: [one for one, *other in lab.listeners[0].poll() if tuple(other) == peer], "it")[0]


def kinds(batch):
    """The types of the netlink messages in what was received at once."""
    while batch:
        length, kind = struct.unpack_from("=IH", batch)
        yield kind
        batch = batch[(length + 3) & ~3:]


def read_connections(lab):
    """Reads the gateway's table of connections. So the kernel forgets what has timed out; alone it may take minutes."""
    with lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW, NFNETLINK) as sock:
        sock.settimeout(5)
        sock.sendto(struct.pack("=IHHIIBBH", 20, CONNTRACK_GET, DUMP, 1, 0, socket.AF_UNSPEC, 0, 0), (0, 0))
        while DONE not in kinds(sock.recv(65536)):
            pass


@suite.check("a flow whose connection has ended: one line `closed`; one that goes on has none")
def closed(lab):
    lab.gateway.sysctl("netfilter/nf_conntrack_tcp_timeout_time_wait", 1)
    lab.listen(22)
    (over, its_end), (going_on, _) = connected(lab, 1), connected(lab, 2)
    port = over.getsockname()[1]
    over.close()
    its_end.close()
    wait_until(lambda: read_connections(lab) or lab.log.find(event_type="flow"), "the connection to be over", 25)
    line = lab.log.wait(event_type="flow")
    grant = lab.log.find(src_ip=source(1), reason="grant_active")[0]["grant"]
    assert members(line) == {"event_type": "flow", "src_ip": source(1), "src_port": port, "dest_ip": GATEWAY[4],
                             "dest_port": 22, "proto": "TCP", "postern": {
                                 "v": 1, "what": "closed", "client": "alice", "service": "ssh", "grant": grant, "count": 1}}
    assert [row["source"] for row in lab.ask("flows")] == [source(2)]
    assert lab.log.find(event_type="flow") == [line] and errno_of_connect(going_on) == 0


@suite.check("the daemon's own life: started, reloaded, reload_refused, stopping; in this order, once each")
def life(lab):
    lab.reload()
    lab.set_policy("gateway.skew", "never")
    lab.control("reload", "--daemon-only", "--socket", lab.path("control.sock"), check=False)
    lab.log.wait(what="reload_refused")
    lab.stop()
    lines = lab.log.update()
    assert [(line["event_type"], line["what"]) for line in lines] == [
        ("engine", what) for what in ("started", "reloaded", "reload_refused", "stopping")], lines
    assert all(line["text"] for line in lines) and [line.get("count") for line in lines] == [None, None, 1, None], lines
    assert sorted(line["timestamp"] for line in lines) == [line["timestamp"] for line in lines]


if __name__ == "__main__":
    suite.main()
