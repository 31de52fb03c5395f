"""Packets as expressions: IPv4 and IPv6, TCP, UDP, ICMP, SCTP, GRE, fragments, extension headers, with right checksums.

Each builder returns the bytes of one packet from the IP header on. Faults are made by the caller, by changing bytes.
"""
import ipaddress
import struct

TCP, UDP, ICMP, ICMPV6, SCTP, GRE = 6, 17, 1, 58, 132, 47
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60


def checksum(data):
    """The Internet checksum (RFC 1071) over `data`."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def packed(address):
    """4 or 16 bytes of an address in text."""
    return ipaddress.ip_address(address).packed


def pseudo(source, destination, protocol, length):
    """The pseudo header that TCP, UDP and ICMPv6 checksums start with."""
    addresses = packed(source) + packed(destination)
    if ":" in source:
        return addresses + struct.pack("!IxxxB", length, protocol)
    return addresses + struct.pack("!BBH", 0, protocol, length)


def ip(source, destination, protocol, payload, **fields):
    """A whole packet of the family of its addresses around `payload`."""
    return (ipv6 if ":" in source else ipv4)(source, destination, protocol, payload, **fields)


def ipv4(source, destination, protocol, payload, *, ttl=64, ident=0, fragment=0, more=False, options=b"", length=None):
    """`fragment`: offset in bytes, a multiple of 8. `options`: a multiple of 4 bytes. `length`: a lie about the total."""
    header_length = 20 + len(options)
    total = header_length + len(payload) if length is None else length
    flags = (0x2000 if more else 0) | fragment // 8
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | header_length // 4, 0, total, ident, flags, ttl, protocol, 0,
                         packed(source), packed(destination)) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, destination, protocol, payload, *, ttl=64, length=None):
    """`protocol`: the next header. `length`: a lie about the payload's."""
    size = len(payload) if length is None else length
    return struct.pack("!IHBB16s16s", 6 << 28, size, protocol, ttl, packed(source), packed(destination)) + payload


def extension(next_header, body=b"\x01\x04\0\0\0\0"):
    """A hop-by-hop, routing or destination header; `body` follows its first two bytes (default: one PadN option)."""
    return struct.pack("!BB", next_header, (len(body) + 2) // 8 - 1) + body


def fragment_header(next_header, offset, more, ident):
    """The IPv6 fragment header; `offset` in bytes."""
    return struct.pack("!BBHI", next_header, 0, offset | more, ident)


def tcp_header(source_port, port, flags, *, sequence=1, acknowledgement=0, window=64240, options=b"", data=b""):
    """TCP without its checksum."""
    return struct.pack("!HHIIBBHHH", source_port, port, sequence, acknowledgement, (20 + len(options)) // 4 << 4, flags,
                       window, 0, 0) + options + data


def tcp(source, destination, source_port, port, flags=SYN, **fields):
    """One TCP packet; `fields` go to tcp_header() and, for `ip_fields`, to the IP header."""
    ip_fields = fields.pop("ip_fields", {})
    segment = tcp_header(source_port, port, flags, **fields)
    sum_ = checksum(pseudo(source, destination, TCP, len(segment)) + segment)
    return ip(source, destination, TCP, segment[:16] + struct.pack("!H", sum_) + segment[18:], **ip_fields)


def udp_header(source, destination, source_port, port, data):
    """A UDP datagram with its checksum, without the IP header."""
    datagram = struct.pack("!HHHH", source_port, port, 8 + len(data), 0) + data
    sum_ = checksum(pseudo(source, destination, UDP, len(datagram)) + datagram) or 0xFFFF
    return datagram[:6] + struct.pack("!H", sum_) + datagram[8:]


def udp(source, destination, source_port, port, data=b"", **ip_fields):
    """One UDP packet."""
    return ip(source, destination, UDP, udp_header(source, destination, source_port, port, data), **ip_fields)


def echo_request(source, destination, ident=1, sequence=1, data=b"", **ip_fields):
    """An ICMP or ICMPv6 echo request, by the family of the addresses."""
    return icmp(source, destination, 128 if ":" in source else 8, 0, struct.pack("!HH", ident, sequence) + data,
                **ip_fields)


def icmp(source, destination, kind, code, body, **ip_fields):
    """An ICMP or ICMPv6 message; `body` follows the checksum."""
    message = struct.pack("!BBH", kind, code, 0) + body
    if ":" in source:
        sum_ = checksum(pseudo(source, destination, ICMPV6, len(message)) + message)
    else:
        sum_ = checksum(message)
    message = message[:2] + struct.pack("!H", sum_) + message[4:]
    return ip(source, destination, ICMPV6 if ":" in source else ICMP, message, **ip_fields)


def crc32c(data):
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp_init(source, destination, source_port, port, **ip_fields):
    """An SCTP packet with one INIT chunk."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 0x1234, 65536, 1, 1, 0x5678)
    message = struct.pack("!HHII", source_port, port, 0, 0) + chunk
    message = message[:8] + struct.pack("<I", crc32c(message)) + message[12:]
    return ip(source, destination, SCTP, message, **ip_fields)


def gre(source, destination, inner, **ip_fields):
    """A GRE packet around an IP packet."""
    return ip(source, destination, GRE, struct.pack("!HH", 0, 0x86DD if inner[0] >> 4 == 6 else 0x0800) + inner,
              **ip_fields)


def fragments(packet, size=16, ident=0x4242):
    """Cuts a packet without extension headers or options into fragments of `size` bytes of payload."""
    if packet[0] >> 4 == 4:
        head, payload = packet[:20], packet[20:]
    else:
        head, payload = packet[:40], packet[40:]
    return [_fragment(head, payload, at, size, ident) for at in range(0, len(payload), size)]


def _fragment(head, payload, at, size, ident):
    part, more = payload[at:at + size], at + size < len(payload)
    if head[0] >> 4 == 6:
        body = fragment_header(head[6], at, more, ident) + part
        return head[:4] + struct.pack("!HB", len(body), FRAGMENT) + head[7:] + body
    flags = (0x2000 if more else 0) | at // 8
    head = head[:2] + struct.pack("!HHH", 20 + len(part), ident & 0xFFFF, flags) + head[8:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + part


class Read:
    """What a captured packet says: family, source, destination, protocol, ports and flags; absent parts are None."""

    def __init__(self, data):
        self.data = data
        self.version = data[0] >> 4 if data else 0
        self.source = self.destination = self.protocol = self.source_port = self.port = self.flags = None
        self.sequence = self.acknowledgement = None
        if self.version == 4 and len(data) >= 20:
            self._read_ipv4(data)
        elif self.version == 6 and len(data) >= 40:
            self._read_ipv6(data)

    def _read_ipv4(self, data):
        self.source = str(ipaddress.IPv4Address(data[12:16]))
        self.destination = str(ipaddress.IPv4Address(data[16:20]))
        self.protocol = data[9]
        if struct.unpack("!H", data[6:8])[0] & 0x1FFF == 0:
            self._read_transport(data[(data[0] & 15) * 4:])

    def _read_ipv6(self, data):
        self.source = str(ipaddress.IPv6Address(data[8:24]))
        self.destination = str(ipaddress.IPv6Address(data[24:40]))
        self.protocol, rest = data[6], data[40:]
        while self.protocol in (HOP_BY_HOP, ROUTING, DESTINATION) and len(rest) >= 8:
            self.protocol, rest = rest[0], rest[(rest[1] + 1) * 8:]
        self._read_transport(rest)

    def _read_transport(self, data):
        self.transport = data
        if self.protocol in (TCP, UDP) and len(data) >= 8:
            self.source_port, self.port = struct.unpack("!HH", data[:4])
        if self.protocol == TCP and len(data) >= 20:
            self.sequence, self.acknowledgement, self.flags = struct.unpack("!IIxB", data[4:14])

    def is_syn(self):
        """Whether this opens a TCP connection."""
        return self.protocol == TCP and self.flags is not None and self.flags & (SYN | ACK) == SYN

    def is_syn_ack(self):
        """Whether this is the second packet of a TCP connection."""
        return self.protocol == TCP and self.flags is not None and self.flags & (SYN | ACK) == SYN | ACK
