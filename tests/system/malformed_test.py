#!/usr/bin/env python3
"""Malformed packets through the real queue: thousands of each kind, every one accounted for, and the daemon lives on."""
import random
import struct

import counters
import packets
from lab import GATEWAY, STRANGER
from suite import Suite

CHUNK = 500  # packets between two looks at the queue, which holds far more
suite = Suite()
KINDS = []


def kind(family, title):
    """Marks a function (number) -> packet as a kind of malformed packet."""
    def mark(make):
        KINDS.append((family, title, make))
        return make
    return mark


def changed(packet, at, data):
    """`packet` with other bytes at a place; a changed IPv4 header gets its checksum anew."""
    packet = packet[:at] + data + packet[at + len(data):]
    if packet[0] >> 4 == 4 and at < 20 and at != 10:
        header = packet[:10] + b"\0\0" + packet[12:20]
        packet = packet[:10] + struct.pack("!H", packets.checksum(header)) + packet[12:]
    return packet


def tcp(family, number, **fields):
    """A good SYN to the service."""
    return packets.tcp(STRANGER[family], GATEWAY[family], 1024 + number % 60000, 22, **fields)


def udp(family, number, data=b"x" * 150):
    """A good datagram to the SPA port."""
    return packets.udp(STRANGER[family], GATEWAY[family], 1024 + number % 60000, 62201, data)


def ip(family, protocol, payload, **fields):
    """A good header around any payload."""
    return packets.ip(STRANGER[family], GATEWAY[family], protocol, payload, **fields)


# --- the IP header itself: the kernel's own checks refuse these -------------------------------------------------------

@kind(4, "version 5")
def wrong_version4(number):
    return changed(tcp(4, number), 0, b"\x55")


@kind(4, "header length 16")
def short_header4(number):
    return changed(tcp(4, number), 0, b"\x44")


@kind(4, "header longer than the packet")
def long_header4(number):
    return changed(tcp(4, number)[:40], 0, b"\x4f")


@kind(4, "total length beyond the packet")
def long_total4(number):
    return changed(tcp(4, number), 2, struct.pack("!H", 41 + number % 1000))


@kind(4, "total length shorter than the header")
def short_total4(number):
    return changed(tcp(4, number), 2, struct.pack("!H", number % 20))


@kind(4, "wrong header checksum")
def wrong_checksum4(number):
    packet = tcp(4, number)
    return changed(packet, 10, struct.pack("!H", packet[10] << 8 ^ 0x5555 ^ packet[11]))


@kind(4, "cut inside the header")
def cut4(number):
    return tcp(4, number)[:1 + number % 19]


@kind(6, "version 7")
def wrong_version6(number):
    return changed(tcp(6, number), 0, b"\x70")


@kind(6, "payload length beyond the packet")
def long_payload6(number):
    return changed(tcp(6, number), 4, struct.pack("!H", 21 + number % 1000))


@kind(6, "cut inside the header")
def cut6(number):
    return tcp(6, number)[:1 + number % 39]


@kind(6, "hop-by-hop header beyond the packet")
def long_hop_by_hop6(number):
    return ip(6, packets.HOP_BY_HOP, b"\x06\xff" + b"\0" * (6 + 8 * (number % 8)))


@kind(6, "an empty payload and a transport")
def empty6(number):
    return ip(6, (packets.TCP, packets.UDP, packets.ICMPV6)[number % 3], b"")


# --- extension headers -----------------------------------------------------------------------------------------------

@kind(6, "destination header beyond the packet")
def long_destination6(number):
    return ip(6, packets.DESTINATION, b"\x06\xff" + b"\0" * (6 + 8 * (number % 8)))


@kind(6, "hop-by-hop header that is not the first")
def late_hop_by_hop6(number):
    rest = packets.extension(packets.HOP_BY_HOP) + packets.extension(packets.TCP) + tcp(6, number)[40:]
    return ip(6, packets.DESTINATION, rest)


@kind(6, "forty extension headers")
def many_extensions6(number):
    rest = packets.extension(packets.TCP) + tcp(6, number)[40:]
    for _ in range(39):
        rest = packets.extension(packets.DESTINATION) + rest
    return ip(6, packets.DESTINATION, rest)


@kind(6, "a chain that ends inside a header")
def cut_chain6(number):
    return ip(6, packets.DESTINATION, packets.extension(packets.DESTINATION) + b"\x06\x01"[:number % 3])


# --- transports, in both families --------------------------------------------------------------------------------------

for family in (4, 6):
    @kind(family, "TCP header cut")
    def cut_tcp(number, family=family):
        return ip(family, packets.TCP, tcp(family, number)[-20:][:1 + number % 19])

    @kind(family, "TCP data offset below 5")
    def short_tcp(number, family=family):
        packet = tcp(family, number)
        return changed(packet, len(packet) - 8, bytes([(number % 5) << 4]))

    @kind(family, "TCP data offset beyond the packet")
    def long_tcp(number, family=family):
        packet = tcp(family, number)
        return changed(packet, len(packet) - 8, bytes([(6 + number % 10) << 4]))

    @kind(family, "UDP header cut")
    def cut_udp(number, family=family):
        return ip(family, packets.UDP, udp(family, number)[-158:][:1 + number % 7])

    @kind(family, "UDP length beyond the packet")
    def long_udp(number, family=family):
        packet = udp(family, number)
        return changed(packet, len(packet) - 154, struct.pack("!H", 159 + number % 1000))

    @kind(family, "UDP length below 8")
    def short_udp(number, family=family):
        packet = udp(family, number)
        return changed(packet, len(packet) - 154, struct.pack("!H", number % 8))

    @kind(family, "ICMP header cut")
    def cut_icmp(number, family=family):
        message = packets.echo_request(STRANGER[family], GATEWAY[family])[-8:]
        return ip(family, packets.ICMPV6 if family == 6 else packets.ICMP, message[:1 + number % 7])

    @kind(family, "random bytes behind a good IP header")
    def random_transport(number, family=family):
        noise = random.Random(number)
        return ip(family, noise.choice((1, 6, 17, 58, 132, 47)), noise.randbytes(noise.randrange(1, 80)))


def kernel_refusals(namespace):
    """Packets that the kernel refused before or inside of our hook, fragments apart."""
    values = counters.snmp(namespace)
    names = ("Ip.InHdrErrors", "Ip.InAddrErrors", "IpExt.InTruncatedPkts", "Ip6InHdrErrors", "Ip6InTruncatedPkts",
             "Ip6InAddrErrors")
    return {name: values.get(name, 0) for name in names}


def show(lab, progress, family, make):
    """Sent = queued + dropped by rules + refused by the kernel; queued = verdicts; nothing passes, nothing answers."""
    count = suite.count(1000, 10_000)
    behind = lab.watch_behind()
    refused, queued = kernel_refusals(lab.gateway), lab.queued()
    with lab.capture() as capture:
        for number in range(count):
            lab.send_to_gateway(make(number), family)
            if number % CHUNK == CHUNK - 1:
                progress(number, count)
                lab.settled()
        capture.stop()
    queued = lab.queued() - queued
    dropped = counters.packets(counters.drop_rules(lab.gateway, lab.backend))
    refused = counters.difference(refused, kernel_refusals(lab.gateway))
    assert len(capture.packets) == count, f"{len(capture.packets)} packets on the wire"
    assert count == queued + dropped + sum(refused.values()), \
        f"sent {count}, queued {queued}, dropped by rules {dropped}, refused by the kernel {refused}"
    assert sum(lab.verdicts().values()) == queued, f"{queued} queued, {lab.verdicts()}"
    assert behind() == 0, f"{behind()} packets came past the gate"
    return f"{count} sent, {queued} queued, {dropped} dropped by rules, {sum(refused.values())} refused"


for family, title, make in KINDS:
    suite.add(f"IPv{family}, {title}", lambda lab, progress, family=family, make=make: show(lab, progress, family, make),
              f"{make.__name__}_v{family}")

if __name__ == "__main__":
    suite.main()
