#!/usr/bin/env python3
"""No way past: whatever protocol or state a packet has, it reaches the host only through a verdict, daemon up or down."""
import counters
import packets
from lab import GATEWAY, STRANGER, phantom
from namespaces import wait_until
from suite import Suite

suite = Suite()
PORTS = (22, 99, 62201)  # the service, nothing, SPA


def tcp_and_udp(family, number=0):
    """Packets that open something, from a stranger."""
    source, to = STRANGER[family], GATEWAY[family]
    for port in PORTS:
        yield packets.tcp(source, to, 4000 + number, port)
        yield packets.tcp(source, to, 4100 + number, port, packets.ACK)
        yield packets.tcp(source, to, 4200 + number, port, packets.SYN | packets.ACK)
        yield packets.udp(source, to, 4000 + number, port, b"x" * 130)


def other_protocols(family):
    """SCTP, GRE, ICMP of every kind a stranger might try, and protocols nobody has."""
    source, to = STRANGER[family], GATEWAY[family]
    for port in PORTS:
        yield packets.sctp_init(source, to, 4000, port)
    yield packets.gre(source, to, packets.tcp(source, to, 4000, 22))
    for protocol in (4, 41, 50, 51, 94, 103, 112, 136, 253):
        yield packets.ip(source, to, protocol, b"\0" * 40)
    yield packets.echo_request(source, to)
    kinds = range(130, 162) if family == 6 else (0, 3, 4, 5, 9, 10, 11, 12, 13, 15, 17)
    for kind in kinds:
        yield packets.icmp(source, to, kind, 0, b"\0" * 24)


def fragments(family):
    """Whole packets in pieces, pieces without the rest, and pieces whose first one comes last."""
    source, to = STRANGER[family], GATEWAY[family]
    for number, port in enumerate(PORTS):
        for packet in (packets.tcp(source, to, 4300, port, data=b"x" * 60),
                       packets.udp(source, to, 4300, port, b"x" * 200)):
            parts = packets.fragments(packet, 24, 0x100 + number)
            yield from parts
            yield from reversed(packets.fragments(packet, 48, 0x200 + number))
            yield packets.fragments(packet, 24, 0x300 + number)[0]
            yield packets.fragments(packet, 24, 0x400 + number)[1]


def extended(family):
    """IPv4 with options; IPv6 with extension headers in front of a SYN."""
    source, to = STRANGER[family], GATEWAY[family]
    if family == 4:
        for options in (b"\x07\x07\x04\0\0\0\0\0", b"\x83\x07\x04" + packets.packed(to) + b"\0", b"\x94\x04\0\0"):
            yield packets.tcp(source, to, 4400, 22, ip_fields={"options": options})
        return
    segment = packets.tcp(source, to, 4400, 22)[40:]
    for kind in (packets.HOP_BY_HOP, packets.DESTINATION):
        yield packets.ipv6(source, to, kind, packets.extension(packets.TCP) + segment)
    yield packets.ipv6(source, to, packets.ROUTING, packets.extension(packets.TCP, b"\x04\0\0\0\0\0") + segment)
    chain = packets.extension(packets.TCP) + segment
    for _ in range(6):
        chain = packets.extension(packets.DESTINATION) + chain
    yield packets.ipv6(source, to, packets.DESTINATION, chain)


def everything(family):
    """All of the above."""
    for group in (tcp_and_udp, other_protocols, fragments, extended):
        yield from group(family)


def nothing_arrives(lab, family, what=everything):
    """Sends it all; behind the gate nothing is seen, and nothing is answered."""
    lab.listen(22, family), lab.listen(62201, family, 2), lab.listen(99, family, 2)
    behind = lab.watch_behind()
    sent = list(what(family))
    with lab.capture() as capture:
        for packet in sent:
            lab.send_to_gateway(packet)
        capture.stop()
    if lab.daemon_runs():
        lab.status()
    seen = len(capture.incoming(source=STRANGER[family]))
    assert seen == len(sent), f"{seen} of {len(sent)} packets came to the gateway"
    assert behind() == 0, f"{behind()} packets came past the gate"
    answers = capture.outgoing(destination=STRANGER[family])
    assert not answers, f"{len(answers)} packets were sent back: {answers[0].data.hex()}"
    return f"{len(sent)} packets"


def untracked(lab):
    """The administrator takes the service out of connection tracking."""
    if lab.backend == "nftables":
        lab.gateway.run("nft", "table inet admin { chain raw { type filter hook prerouting priority -300; "
                        "iifname gw0 notrack; }; }")
        return
    for tool in ("iptables", "ip6tables"):
        lab.gateway.run(tool, "-t", "raw", "-A", "PREROUTING", "-i", "gw0", "-j", "CT", "--notrack")


def incomplete(lab, family):
    """The kernel would report first fragments whose rest never came; the gate does not let it."""
    lab.gateway.sysctl("ipv4/ipfrag_time", 1)
    lab.gateway.sysctl("netfilter/nf_conntrack_frag6_timeout", 1)
    key = "Ip.ReasmTimeout" if family == 4 else "Ip6ReasmTimeout"
    before = counters.snmp(lab.gateway)[key]
    with lab.capture() as capture:
        for number, port in enumerate(PORTS):
            whole = packets.udp(STRANGER[family], GATEWAY[family], 4500, port, b"x" * 200)
            lab.send_to_gateway(packets.fragments(whole, 48, 0x500 + number)[0])
        wait_until(lambda: counters.snmp(lab.gateway)[key] >= before + len(PORTS), "the fragments to time out")
        capture.stop()
    answers = capture.outgoing()
    assert not answers, f"{len(answers)} packets were sent back: {answers[0].data.hex()}"


@suite.check("first fragments that stay alone, IPv4: no answer when their time is over")
def incomplete_v4(lab):
    incomplete(lab, 4)


@suite.check("first fragments that stay alone, IPv6: no answer when their time is over")
def incomplete_v6(lab):
    incomplete(lab, 6)


@suite.check("IPv6 options that ask for an error from whoever does not know them: no answer")
def unknown_options(lab):
    segment = packets.tcp(STRANGER[6], GATEWAY[6], 4600, 22)[40:]
    with lab.capture() as capture:
        for kind in (0x80, 0xC0, 0xC2, 0x9E):
            for header in (packets.HOP_BY_HOP, packets.DESTINATION):
                options = packets.extension(packets.TCP, bytes([kind, 4, 0, 0, 0, 0]))
                lab.send_to_gateway(packets.ipv6(STRANGER[6], GATEWAY[6], header, options + segment))
        capture.stop()
    assert len(capture.incoming(source=STRANGER[6])) == 8
    answers = capture.outgoing()
    assert not answers, f"{len(answers)} packets were sent back: {answers[0].data.hex()}"


for family in (4, 6):
    def up(lab, family=family):
        detail = nothing_arrives(lab, family)
        verdicts = lab.verdicts()
        assert verdicts["other"] and verdicts["no_service"] and verdicts["no_grant"], verdicts
        return detail

    def down(lab, family=family):
        lab.stop()
        return nothing_arrives(lab, family)

    def never_started(lab, family=family):
        return nothing_arrives(lab, family)

    def untracked_up(lab, family=family):
        untracked(lab)
        before = lab.queued()
        detail = nothing_arrives(lab, family)
        assert lab.queued() > before, "untracked packets did not come to the queue"
        return detail

    def untracked_down(lab, family=family):
        untracked(lab)
        lab.stop()
        return nothing_arrives(lab, family)

    def forwarded(lab, family=family):
        """To a host behind the gateway: the same answer, none."""
        lab.gateway.sysctl("ipv4/ip_forward", 1)
        lab.gateway.sysctl("ipv6/conf/all/forwarding", 1)
        behind = lab.watch_behind()
        beyond = phantom(7, family)
        with lab.capture() as capture:
            for packet in (packets.tcp(STRANGER[family], beyond, 4000, 22),
                           packets.udp(STRANGER[family], beyond, 4000, 62201, b"x" * 130),
                           packets.echo_request(STRANGER[family], beyond)):
                lab.send_to_gateway(packet)
            capture.stop()
        assert len(capture.incoming(source=STRANGER[family])) == 3
        assert behind() == 0, f"{behind()} packets came past the gate"
        assert not capture.outgoing(), capture.outgoing()[0].data.hex()

    suite.add(f"TCP, UDP, SCTP, GRE, ICMP, fragments, extension headers, IPv{family}: nothing reaches the host", up,
              f"up_v{family}")
    suite.add(f"the same with the daemon stopped, IPv{family}", down, f"down_v{family}")
    suite.add(f"the same with the daemon never started, IPv{family}", never_started, f"never_v{family}", daemon=False)
    suite.add(f"UNTRACKED packets, IPv{family}: to the queue, and nothing reaches the host", untracked_up,
              f"untracked_up_v{family}")
    suite.add(f"UNTRACKED packets with the daemon stopped, IPv{family}", untracked_down, f"untracked_down_v{family}")
    suite.add(f"packets that the gateway would forward, IPv{family}: to the queue, and no further", forwarded,
              f"forwarded_v{family}")

if __name__ == "__main__":
    suite.main()
