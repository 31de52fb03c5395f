#!/usr/bin/env python3
"""Explain: a capture of what happened at the gate tells the same as the daemon that was there, and as the rules.

tcpdump records at the guarded interface while members open, strangers scan and replays come. Run through the policy
from an empty state, the capture gives the live log's accepts and grants, its sums by reason and by source, and for what
the daemon never saw the very words that the rules counted.
"""
import json
import select
import shutil
import socket
import struct

import packets
import sshd
from behind import ONE, Behind, shown
from ends_test import last_day
from knocking import CLOSING, OFFICE, knocks
from knocking import packet as step_packet
from lab import GATEWAY, MEMBER, SPA_PORT, STRANGER, phantom, source
from namespaces import end, run, wait_until
from recording import Explained, Tcpdump, agrees, events, judged, own_addresses, quiet, rewritten, rule_counters, unseen
from spa import seal
from suite import Suite, errno_of_connect

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
RAW = 101  # libpcap's number of the link type
suite = Suite()


def scan(lab, family):
    """A stranger tries ports, protocols, odd flags and fragments."""
    from_, to = STRANGER[family], GATEWAY[family]
    for port in (22, 80, 443, 8080):
        lab.sender("stranger").send(packets.tcp(from_, to, 40000, port))
    for flags in (packets.ACK, packets.SYN | packets.FIN, 0, packets.FIN | packets.PSH | packets.URG, packets.RST,
                  packets.SYN | packets.ACK, packets.FIN | packets.ACK):
        lab.sender("stranger").send(packets.tcp(from_, to, 40001, 22, flags))
    for data in (b"", b"x" * 100, b"x" * 300, b"x" * 600):
        lab.sender("stranger").send(packets.udp(from_, to, 40002, SPA_PORT, data))
    lab.sender("stranger").send(packets.udp(from_, to, 40002, 53, b"x"))
    lab.sender("stranger").send(packets.echo_request(from_, to, 7))
    lab.sender("stranger").send(packets.sctp_init(from_, to, 40003, 22))
    for piece in packets.fragments(packets.tcp(from_, to, 40004, 22)):
        lab.sender("stranger").send(piece)
    for piece in packets.fragments(packets.tcp(from_, to, 40005, 22), ident=0x4343)[:-1]:
        lab.sender("stranger").send(piece)
    for piece in reversed(packets.fragments(packets.tcp(from_, to, 40006, 22, data=b"x" * 44), size=24, ident=0x4444)):
        lab.sender("stranger").send(piece)
    lab.settled()


def member(lab, number, family):
    """A member's whole visit: SPA, connection, talk, its end; the same message again, from here and from elsewhere."""
    address = source(number, family)
    datagram = seal(lab, source=address)
    spa = packets.udp(address, GATEWAY[family], 5000, SPA_PORT, datagram)
    judged(lab, "member", spa)
    sock = lab.member.bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[family], 22))
    assert errno_of_connect(sock) == 0, "the member was not let in"
    judged(lab, "member", spa)
    other = phantom(number, family)
    judged(lab, "stranger", packets.udp(other, GATEWAY[family], 5000, SPA_PORT, datagram))
    judged(lab, "member", packets.tcp(address, GATEWAY[family], 4001, 22))
    sock.close()


def faults(lab):
    """Messages that do not open, each from a source of its own."""
    for number, wish in enumerate(({"fault": "wrong_psk"}, {"fault": "unknown_client"}, {"offset": 120},
                                   {"services": ["ssh"], "gateway_name": "gw2.example.net"}, {"fault": "tag_bit"})):
        address = phantom(100 + number)
        judged(lab, "member", packets.udp(address, GATEWAY[4], 5000, SPA_PORT, seal(lab, source=address, **wish)))


def retransmissions(lab):
    """A SYN let in that comes again, before and after its first verdict settled; its server never hears the client."""
    address = phantom(200)
    judged(lab, "member", packets.udp(address, GATEWAY[4], 5000, SPA_PORT, seal(lab, source=address)))
    judged(lab, "member", packets.tcp(address, GATEWAY[4], 4000, 22))
    for _ in range(3):
        lab.sender().send(packets.tcp(address, GATEWAY[4], 4000, 22))


def abort(sock):
    """Closes a connection by a reset: one packet, and nothing is sent again."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def knocked(lab):
    """A knock and the connection behind it."""
    address = source(20)
    for step in OFFICE[:2] + OFFICE[1:]:
        judged(lab, "member", step_packet(step, address, 4))
    sock = lab.member.bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[4], 22))
    assert errno_of_connect(sock) == 0, "the knock let nobody in"
    return sock


def closed(lab, sock):
    """The closing sequence ends what the knock let in; the connection's last packet is `revoked`."""
    for step in CLOSING:
        judged(lab, "member", step_packet(step, source(20), 4))
    lab.log.wait(event_type="flow", what="close_knock")
    abort(sock)


def everything(lab):
    """All of it, ssh by the real client included."""
    options = sshd.start(lab)
    for family in (4, 6):
        scan(lab, family)
        member(lab, 1 + family, family)
    faults(lab)
    sock = knocked(lab)
    wait_until(lambda: select.select([sock], [], [], 0)[0], "the server's first words")
    closed(lab, sock)
    session = sshd.Session(lab, options, 4, "cat")
    session.echo("hello")
    retransmissions(lab)
    lab.settled()
    return session


def stop(lab, captures):
    """Ends captures when all is quiet; returns their files."""
    quiet(lab, captures)
    return [capture.stop() for capture in captures]


def compare(lab, counted, explanations):
    """Holds what posternctl says of captures against the rules' counters, the status and the log."""
    verdicts = lab.verdicts()
    lab.stop()
    log = lab.log.update()
    for explained in explanations:
        unseen(explained, counted)
        agrees(explained, verdicts, log)
    explained = explanations[0]
    return f"{len(explained.packets())} packets, {sum(explained.sums['verdicts'].values())} verdicts, " \
           f"{len(explained.events())} grants made and used"


@suite.check("a capture at the guarded interface: the accepts, grants and sums of the live log, and not_queued for "
             "what the rules counted; the same as raw IP and as cooked captures of both versions")
def same_as_live(lab):
    lab.set_policy("gateway.break_glass", "[203.0.113.77]")
    lab.rules("apply")
    knocks(lab, office=(OFFICE, {"closes_with": f"[{', '.join(CLOSING)}]"}))
    before = rule_counters(lab)
    captures = [Tcpdump(lab, "gw0", "gw0.pcap"), *[Tcpdump(lab, "any", f"{link}.pcap", "-y", link)
                                                   for link in ("LINUX_SLL", "LINUX_SLL2")]]
    lab.sender("stranger").send(packets.tcp("203.0.113.77", GATEWAY[4], 40000, 22, sequence=9))
    session = everything(lab)
    paths = stop(lab, captures)
    counted = rule_counters(lab) - before
    end(session.process)
    paths.append(rewritten(paths[0], lab.path("raw.pcap"), RAW, lambda frame: frame[14:]))
    explained, *others = [Explained(lab, path, *own_addresses()) for path in paths]
    told = compare(lab, counted, [explained, *others])
    keyless(lab, paths[0])
    seen = {line["postern"]["reason"] for line in explained.packets()}
    wanted = {"incomplete", "outgoing", "revoked", "spa_replayed", "spa_unauthentic", "grant_used", "knock_closed"}
    assert wanted <= seen, seen
    ends = [what for what, *_ in explained.ends() if what != "closed"]  # that takes as long as the test is slow
    assert ends == ["close_knock"], ends
    return told


def keyless(lab, path):
    """The same capture with the policy and without keys: only the knock opens, SPA is told apart, and nothing fails."""
    folder = lab.path("elsewhere")
    shutil.copytree(lab.directory, folder, ignore=shutil.ignore_patterns("*.key", "*.psk", "*.seed", "*.sock", "ssh",
                                                                        "*.json", "*.pcap", "*.fresh", "elsewhere"))
    run(["chown", "-R", "64124", folder])
    done = lab.gateway.run("setpriv", "--reuid=64124", "--regid=64124", "--clear-groups", "--bounding-set=-all",
                           "--inh-caps=-all", lab.program("posternctl"), "-c", f"{folder}/postern.yaml", "--json",
                           "explain", "--pcap", path, "--local", GATEWAY[4], "--local", GATEWAY[6])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    sums = lines.pop()["postern"]
    assert "gateway.key" in done.stderr, done.stderr
    assert sums["unjudged"]["no_key"] > 0, sums
    assert [(event[0], event[3]) for event in events(lines)] == [("knock_opened", "office"), ("grant_active", "office")]
    assert not any(word.startswith("spa_") and word != "spa_length" for word in sums["verdicts"]), sums


# --- a gateway: services behind it, what is open, and what concerns nobody -----------------------------------------------

SERVICES = {
    "admin": f"{{ports: [tcp/8443], forward_to: ['{shown(ONE[4], 443)}', '{shown(ONE[6], 443)}']}}",
    "pg": f"{{ports: [tcp/5432], to: [{ONE[4]}, '{ONE[6]}']}}",
    "dns": "{ports: [udp/5300]}",
}
DOORS = {"admin": (TCP, "gateway", 8443, "one", 443), "pg": (TCP, "one", 5432, "one", 5432),
         "dns": (UDP, "gateway", 5300, "gateway", 5300)}
LINK_LOCAL = "fe80::98"
OPEN = f"[icmp/echo-request, {{match: tcp/443, from: [{MEMBER[4]}, '{MEMBER[6]}']}}, proto/112]"


def gateway(lab, unmatched):
    """The policy of a gateway, its hosts, rules and daemon."""
    behind = Behind(lab)
    lab.gateway.ip(f"addr add {LINK_LOCAL}/64 dev gw0 nodad")
    for name, text in SERVICES.items():
        lab.set_policy(f"services.{name}", text)
    for key, value in (("open", OPEN), ("unmatched", unmatched), ("break_glass", "[203.0.113.77]")):
        lab.set_policy(f"gateway.{key}", value)
    lab.add_client("alice", ",".join(["ssh", *SERVICES]))
    lab.start()
    knocks(lab, office=(OFFICE, {"closes_with": f"[{', '.join(CLOSING)}]"}))
    lab.rules("apply")
    return behind


def talk(lab, behind, name, number, family):
    """SPA for a service, one flow to it, words both ways, its end."""
    kind, door, port, place, inner = DOORS[name]
    address = source(number, family)
    to = {"gateway": GATEWAY, "one": ONE}[door][family]
    judged(lab, "member", packets.udp(address, GATEWAY[family], 5000, SPA_PORT, seal(lab, services=[name],
                                                                                     source=address)))
    server = behind.serve(place, family, inner, kind)
    known = len(server.poll())
    sock = lab.member.bound(kind, address)
    sock.settimeout(5)
    sock.connect((to, port))
    sock.send(b"ping")
    thing, *peer = server.wait(known + 1)[-1]
    if kind == TCP:
        thing.sendall(b"pong")
    else:
        server.sock.sendto(b"pong", tuple(peer))
    assert sock.recv(100) == b"pong"
    sock.send(b"and more")
    sock.close()


def passing(lab, family):
    """What `open` names, essentials, and ports that no service has: a server answers there."""
    to, from_, stranger = GATEWAY[family], STRANGER[family], lab.sender("stranger")
    lab.stranger.run("ping", f"-{family}", "-c1", "-W3", to)
    for port in (443, 8080):
        lab.listen(port, family)
    for role, port in (("member", 443), ("stranger", 443), ("stranger", 8080)):
        sock = getattr(lab, role).bound(TCP, {"member": MEMBER, "stranger": STRANGER}[role][family])
        sock.setblocking(False)
        sock.connect_ex((to, port))
        errno_of_connect(sock, 0.3)
        abort(sock)
    stranger.send(packets.ip(from_, to, 112, b"\0" * 8))
    lab.send_to_gateway(packets.ip(from_, "ff02::12" if family == 6 else "224.0.0.18", 112, b"\0" * 8))
    stranger.send(packets.udp(from_, to, 40010, 5301, b"x"))


def essentials(lab):
    """Discovery, groups and DHCP, as they should be and a hop too far."""
    for hops in (255, 254):
        lab.send_to_gateway(packets.icmp("fe80::99", GATEWAY[6], 135, 0, b"\0" * 4 + packets.packed(GATEWAY[6]), ttl=hops))
    for hops in (1, 2):
        lab.send_to_gateway(packets.icmp("fe80::99", "ff02::1", 130, 0, b"\0" * 20, ttl=hops))
        lab.send_to_gateway(packets.ip(STRANGER[4], "224.0.0.1", 2, b"\x11\0\xee\xff\0\0\0\0", ttl=hops))
    for to in (GATEWAY[4], ONE[4]):
        lab.send_to_gateway(packets.udp(STRANGER[4], to, 67, 68, b"x"))
    for from_ in ("fe80::99", STRANGER[6]):
        lab.send_to_gateway(packets.udp(from_, LINK_LOCAL, 547, 546, b"x"))


def of_a_gateway(lab, unmatched):
    behind = gateway(lab, unmatched)
    before = rule_counters(lab)
    captures = [Tcpdump(lab, "gw0", "gw0.pcap")]
    lab.listen(22)
    lab.listen(22, 6)
    for family in (4, 6):
        scan(lab, family)
        passing(lab, family)
        member(lab, 1 + family, family)
        for number, name in enumerate(DOORS):
            talk(lab, behind, name, 10 * family + number, family)
    essentials(lab)
    closed(lab, knocked(lab))
    path, = stop(lab, captures)
    counted = rule_counters(lab) - before
    explained = Explained(lab, path, *own_addresses(), "--local", LINK_LOCAL, "--behind", "10.9.0.0/16", "--behind", "2001:db8:9::/48")
    told = compare(lab, counted, [explained])
    used = {event[4] for event in explained.events() if event[0] == "grant_active"}
    assert used == {"ssh", *SERVICES}, used
    seen = set(explained.sums["not_queued"])
    assert {"open", "nd", "mld", "igmp", "dhcp", "established", "invalid"} <= seen, seen
    assert ("unmatched" in seen) == (unmatched == "pass"), seen
    return told


for word in ("drop", "pass"):
    suite.add("a gateway with forwarded, routed and UDP services, `open` and essentials: the same of its capture, "
              f"unmatched: {word}", lambda lab, word=word: of_a_gateway(lab, word), f"gateway_{word}", clients=(),
              rules=False, daemon=False)


# --- ends by time --------------------------------------------------------------------------------------------------------

def late(lab, kind, port, number, shift):
    """A flow with a server that has spoken; returns its socket."""
    address, server = source(number), lab.listen(port, 4, kind)
    judged(lab, "member", packets.udp(address, GATEWAY[4], 5000, SPA_PORT,
                                      seal(lab, services=["ssh" if kind == TCP else "dns"], source=address, offset=shift)))
    sock = lab.member.bound(kind, address)
    sock.settimeout(5)
    sock.connect((GATEWAY[4], port))
    sock.send(b"in time")
    thing, *peer = server.wait()[0]
    if kind == TCP:
        thing.sendall(b"yes")
    else:
        server.sock.sendto(b"yes", tuple(peer))
    assert sock.recv(100) == b"yes"
    return sock


def over(lab, what, shift=0):
    """Two flows that end for `what`; their next packets are `revoked`, in the capture as at the rules."""
    before = rule_counters(lab)
    capture = Tcpdump(lab, "gw0", "gw0.pcap")
    socks = [late(lab, TCP, 22, 1, shift), late(lab, UDP, 5300, 2, shift)]
    wait_until(lambda: len(lab.log.find(event_type="flow", what=what)) == 2, f"two flows that end as {what}", 15)
    for sock in socks:
        sock.send(b"late")
        abort(sock)
    path, = stop(lab, [capture])
    counted = rule_counters(lab) - before
    if shift:
        path = rewritten(path, lab.path("shifted.pcap"), 1, shift=shift)
    explained = Explained(lab, path, *own_addresses())
    told = compare(lab, counted, [explained])
    assert explained.sums["not_queued"]["revoked"] == 3, explained.sums
    assert sorted(explained.ends()) == [(what, "TCP", source(1)), (what, "UDP", source(2))], explained.ends()
    return told


@suite.check("session_max in a capture: flows end as in the log, and what they send then is revoked",
             services=("ssh=tcp/22", "dns=udp/5300"), daemon=False)
def session_max(lab):
    lab.set_policy("grants.session_max", "2s")
    lab.start()
    return over(lab, "session_max")


@suite.check("a client's `expires` in a capture, by the capture's own clock", services=("ssh=tcp/22", "dns=udp/5300"),
             daemon=False)
def expires(lab):
    return over(lab, "client_expired", last_day(lab, "alice"))


if __name__ == "__main__":
    suite.main()
