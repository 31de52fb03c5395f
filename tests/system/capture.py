"""Seeing and sending packets on an interface, below the IP stack (AF_PACKET)."""
import socket
import struct
import threading
import time

from namespaces import ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, SO_RCVBUFFORCE, SO_SNDBUFFORCE, LabError, wait_until
from packets import Read

SOL_PACKET, PACKET_STATISTICS = 263, 6
PACKET_OUTGOING = 4
BUFFER = 128 << 20  # bytes; a short packet is charged less than 1 KiB


class Capture:
    """Every unicast IP packet on an interface from the moment it is made: (incoming, bytes) each. Fails if one was
    lost. Multicast is left out: hosts report their groups to each other whenever they like."""

    def __init__(self, namespace, interface):
        self.where = f"{namespace.name}:{interface}"
        self.packets = []
        self.idle_since = time.monotonic()
        self.stopping = False
        self.sock = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.sock.bind((interface, ETH_P_ALL))
        self.sock.settimeout(0.02)
        self.thread = threading.Thread(target=self._collect, daemon=True)
        self.thread.start()

    def _collect(self):
        while not self.stopping:
            try:
                data, (_, protocol, kind, *_) = self.sock.recvfrom(65536)
            except TimeoutError:
                self.idle_since = self.idle_since or time.monotonic()
                continue
            except OSError:
                return
            self.idle_since = None
            multicast = protocol == ETH_P_IPV6 and data[24:25] == b"\xff"
            if protocol in (ETH_P_IP, ETH_P_IPV6) and not multicast:
                self.packets.append((kind != PACKET_OUTGOING, data))

    def stop(self, quiet=0.15):
        """Waits until nothing came for `quiet` seconds, ends the capture, and returns self."""
        wait_until(lambda: self.idle_since and time.monotonic() - self.idle_since > quiet, f"silence at {self.where}")
        self.stopping = True
        self.thread.join()
        _, dropped = struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.sock.close()
        if dropped:
            raise LabError(f"the capture at {self.where} lost {dropped} packets")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        self.sock.close()

    def incoming(self, **wanted):
        """The received packets whose fields (of packets.Read) have the given values."""
        return self._select(True, wanted)

    def outgoing(self, **wanted):
        """The sent packets whose fields have the given values."""
        return self._select(False, wanted)

    def _select(self, incoming, wanted):
        found = (Read(data) for direction, data in list(self.packets) if direction == incoming)
        return [packet for packet in found if all(getattr(packet, name) == value for name, value in wanted.items())]


class Sender:
    """Puts whole IP packets on an interface towards one neighbour, whatever their source address says."""

    def __init__(self, namespace, interface, mac):
        self.sock = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
        self.to = {4: (interface, ETH_P_IP, 0, 0, mac), 6: (interface, ETH_P_IPV6, 0, 0, mac)}

    def send(self, packet, version=None):
        """One packet. `version`: of the frame, where the packet's own first byte lies about it."""
        self.sock.sendto(packet, self.to[version or (6 if packet[:1] and packet[0] >> 4 == 6 else 4)])
