#!/usr/bin/env python3
"""What a gateway speaks with its neighbours: which of it passes by itself, which is judged and dropped, and as what.

Packets as the daemons send them (RFC 2131, 8415, 4861, 3810, 3376, 9568, 4303, 7296), put on the guarded wire.
"""
import os
import re
import struct

from lab import GATEWAY, STRANGER
from namespaces import wait_until
from packets import HOP_BY_HOP, ICMPV6, Read, checksum, extension, icmp, ip, packed, pseudo, udp
from suite import Suite

IGMP, ESP, AH, OSPF, VRRP = 2, 50, 51, 89, 112
NEAR = {4: "192.0.2.1", 6: "fe80::1"}
ALL_NODES, ALL_ROUTERS, DHCP_SERVERS, MLD_ROUTERS = "ff02::1", "ff02::2", "ff02::1:2", "ff02::16"
ROUTER_ALERT4 = b"\x94\x04\0\0"
suite = Suite()


def bootp(op, message_type, gives="0.0.0.0"):
    """A DHCPv4 message with its type and a server identifier."""
    fixed = struct.pack("!BBBBIHH4s4s4s4s16s192x", op, 1, 6, 0, 0x3903F326, 0, 0x8000, bytes(4), packed(gives),
                        packed(NEAR[4]), bytes(4), b"\x02\0\0\0\0\x01")
    return fixed + b"\x63\x82\x53\x63" + bytes([53, 1, message_type, 54, 4]) + packed(NEAR[4]) + b"\xff"


def dhcpv6(message_type):
    """A DHCPv6 message with a client identifier."""
    return bytes([message_type]) + b"\x12\x34\x56" + struct.pack("!HHHH6s", 1, 10, 3, 1, b"\x02\0\0\0\0\x01")


def discovery(kind, destination, hop_limit=255, source=NEAR[6]):
    """Router and neighbour discovery: 133 and 134 without options, 135 and 136 about the gateway."""
    body = {133: bytes(4), 134: struct.pack("!BBHII", 64, 0, 1800, 0, 0)}.get(kind, bytes(4) + packed(GATEWAY[6]))
    return icmp(source, destination, kind, 0, body, ttl=hop_limit)


def listener_report(destination, source=NEAR[6], hop_limit=1):
    """An MLDv2 report behind its router alert option."""
    body = struct.pack("!BBHHHBBH16s", 143, 0, 0, 0, 1, 4, 0, 0, packed("ff02::fb"))
    sum_ = checksum(pseudo(source, destination, ICMPV6, len(body)) + body)
    message = body[:2] + struct.pack("!H", sum_) + body[4:]
    return ip(source, destination, HOP_BY_HOP, extension(ICMPV6, b"\x05\x02\0\0\x01\0") + message, ttl=hop_limit)


def igmp_report(ttl=1):
    """An IGMPv3 report behind its router alert option."""
    body = struct.pack("!BBHHHBBH4s", 0x22, 0, 0, 0, 1, 4, 0, 0, packed("224.0.0.251"))
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return ip(NEAR[4], "224.0.0.22", IGMP, body, ttl=ttl, options=ROUTER_ALERT4)


def advertisement(source=NEAR[4], destination="224.0.0.18"):
    """A VRRPv3 advertisement."""
    body = struct.pack("!BBBBHH4s", 0x31, 51, 200, 1, 100, 0, packed("192.0.2.254"))
    return ip(source, destination, VRRP, body, ttl=255)


def ike(port):
    """The first packet of IKEv2; to port 4500 behind the marker that says it is not ESP."""
    header = os.urandom(8) + bytes(8) + struct.pack("!BBBBII", 33, 0x20, 34, 8, 0, 28)
    return udp(STRANGER[4], GATEWAY[4], port, port, (bytes(4) if port == 4500 else b"") + header)


# What, its packet, its word in the rules.
PASSES = [
    ("DHCPOFFER to the gateway", udp(NEAR[4], GATEWAY[4], 67, 68, bootp(2, 2, GATEWAY[4])), "dhcp"),
    ("DHCPACK to broadcast", udp(NEAR[4], "255.255.255.255", 67, 68, bootp(2, 5, GATEWAY[4])), "dhcp"),
    ("DHCPv6 advertise", udp(NEAR[6], "fe80::2", 547, 546, dhcpv6(2)), "dhcp"),
    ("router solicitation", discovery(133, ALL_ROUTERS), "nd"),
    ("router advertisement", discovery(134, ALL_NODES), "nd"),
    ("neighbour solicitation", discovery(135, GATEWAY[6]), "nd"),
    ("neighbour advertisement", discovery(136, GATEWAY[6]), "nd"),
    ("MLDv2 report", listener_report(MLD_ROUTERS), "mld"),
    ("MLDv2 report without an address", listener_report(MLD_ROUTERS, "::"), "mld"),
    ("IGMPv3 report", igmp_report(), "igmp"),
]

# What, its packet, the daemon's reason; what `open` must name for it to pass.
JUDGED = [
    ("DHCPDISCOVER of somebody's client", udp("0.0.0.0", "255.255.255.255", 68, 67, bootp(1, 1)), "no_service", "udp/67"),
    ("DHCPv6 solicit of somebody's client", udp(NEAR[6], DHCP_SERVERS, 546, 547, dhcpv6(1)), "no_service", "udp/547"),
    ("VRRP advertisement", advertisement(), "other", "proto/112"),
    ("VRRP advertisement over IPv6", advertisement(NEAR[6], "ff02::12"), "other", "proto/112"),
    ("OSPF hello", ip(NEAR[4], "224.0.0.5", OSPF, b"\2\1\0\x2c" + bytes(40), ttl=1), "other", "proto/89"),
    ("ESP", ip(STRANGER[4], GATEWAY[4], ESP, struct.pack("!II", 0x1000, 1) + bytes(64)), "other", "esp"),
    ("ESP over IPv6", ip(STRANGER[6], GATEWAY[6], ESP, struct.pack("!II", 0x1000, 1) + bytes(64)), "other", "esp"),
    ("AH", ip(STRANGER[4], GATEWAY[4], AH, struct.pack("!BBHII", 59, 4, 0, 0x1000, 1) + bytes(12)), "other", "proto/51"),
    ("IKE", ike(500), "no_service", "udp/500"),
    ("IKE behind a NAT", ike(4500), "no_service", "udp/4500"),
]

OPENED = ("proto/112", "esp", "udp/500")

# What only looks like an essential.
FORGED = [
    ("neighbour solicitation from behind a router", discovery(135, GATEWAY[6], 254)),
    ("router advertisement from behind a router", discovery(134, GATEWAY[6], 64)),
    ("MLD report of a global address", listener_report(GATEWAY[6], STRANGER[6])),
    ("MLD report from afar", listener_report(MLD_ROUTERS, hop_limit=64)),
    ("IGMP report from afar", igmp_report(ttl=64)),
    ("DHCP reply from another port", udp(STRANGER[4], GATEWAY[4], 1067, 68, bootp(2, 2))),
    ("DHCPv6 reply of a global address", udp(STRANGER[6], GATEWAY[6], 547, 546, dhcpv6(2))),
]


class Passed:
    """Counts packets that leave our chain towards the rest of the firewall, each packet of a list by itself."""

    def __init__(self, lab, packets):
        self.lab = lab
        rules = "".join(f'iifname "gw0" {family(one)} saddr {Read(one).source} {family(one)} daddr {Read(one).destination} '
                        f'meta length {len(one)} counter comment "{number}"\n' for number, one in enumerate(packets))
        lab.gateway.run("nft", "-f", "-", input="table inet behind {\n chain watch {\n"
                        f" type filter hook prerouting priority -140;\n{rules} }}\n}}\n")

    def counts(self):
        """How many of each have passed, in the order of the list."""
        listing = self.lab.gateway.run("nft", "list", "chain", "inet", "behind", "watch").stdout
        return [int(count) for count in re.findall(r"counter packets (\d+)", listing)]


def family(packet):
    """The family as nft writes it."""
    return "ip" if packet[0] >> 4 == 4 else "ip6"


@suite.check("essentials pass without the daemon: DHCP and DHCPv6 replies, discovery, listener reports")
def essentials(lab):
    passed = Passed(lab, [packet for _, packet, _ in PASSES])
    for number, (name, packet, word) in enumerate(PASSES):
        before, so_far = lab.seen(word), passed.counts()[number]
        lab.send_to_gateway(packet)
        wait_until(lambda: passed.counts()[number] > so_far, f"{name} to pass")
        assert lab.seen(word) > before, f"{name}: not as {word}"
    return f"{len(PASSES)} kinds"


@suite.check("everything else between neighbours is judged and dropped, with its reason: VRRP, OSPF, ESP, AH, IKE, DHCP requests")
def judged(lab):
    passed = Passed(lab, [packet for _, packet, _, _ in JUDGED])
    for name, packet, reason, _ in JUDGED:
        before = lab.verdicts()[reason]
        lab.send_to_gateway(packet)
        wait_until(lambda: lab.verdicts()[reason] == before + 1, f"{name} to get {reason}: {dict(lab.verdicts())}")
    assert not any(passed.counts()), f"something passed: {passed.counts()}"
    return f"{len(JUDGED)} kinds"


@suite.check("what `open` names passes, and nothing else with it")
def opened(lab):
    named = [packet for _, packet, _, word in JUDGED if word in OPENED]
    passed = Passed(lab, named)
    lab.set_policy("gateway.open", f"[{', '.join(OPENED)}]")
    lab.rules("apply")
    for number, packet in enumerate(named):
        lab.send_to_gateway(packet)
        wait_until(lambda: passed.counts()[number] >= 1, f"packet {number} to pass")
    before = lab.verdicts()["other"]
    lab.send_to_gateway(next(packet for name, packet, _, _ in JUDGED if name == "AH"))
    wait_until(lambda: lab.verdicts()["other"] == before + 1, "AH to be judged")
    return f"{len(named)} kinds"


@suite.check("what only looks like an essential does not pass")
def forged(lab):
    passed = Passed(lab, [packet for _, packet in FORGED])
    refused = lambda: sum(lab.verdicts().values()) + lab.dropped("invalid")
    for name, packet in FORGED:
        before = refused()
        lab.send_to_gateway(packet)
        wait_until(lambda: refused() > before, f"{name} to be refused")
    assert not any(passed.counts()), f"something passed: {passed.counts()}"
    return f"{len(FORGED)} kinds"


suite.main()
