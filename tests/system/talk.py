"""A member and a server that talk without end, and how such a flow ends."""
import os
import socket
import struct
import threading
import time

from lab import GATEWAY, MEMBER
from namespaces import PATIENCE, wait_until
from spa import seal

DNS = 5300
NFNETLINK, CONNTRACK_DELETE = 12, 1 << 8 | 2


class Talk:
    """A flow that was let in, whose server sends as fast as every millisecond until stop()."""

    def __init__(self, lab, kind, client="alice", family=4, now=None):
        self.lab, self.kind = lab, kind
        self.port = 22 if kind == "tcp" else DNS
        times = {} if now is None else {"offset": round(now - time.time())}
        lab.knock(seal(lab, client=client, source=MEMBER[family], services=["ssh" if kind == "tcp" else "dns"], **times),
                  MEMBER[family], family)
        self.socket_kind = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        self.server = lab.listen(self.port, family, self.socket_kind)
        self.member = lab.member.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, self.socket_kind)
        self.member.settimeout(5)
        self.member.connect((GATEWAY[family], self.port))
        if kind == "udp":
            self.member.send(b"hello")
        self.name = self.member.getsockname()[:2]
        thing, *_ = self.server.wait(1)[0]
        self.send = thing.send if kind == "tcp" else lambda data: self.server.sock.sendto(data, self.name)
        self.sent, self.refused, self.stopping = 0, 0, False
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()
        assert self.member.recv(100), "the server does not reach the member"

    def _talk(self):
        while not self.stopping:
            try:
                self.send(b"tick")
                self.sent += 1
            except OSError:
                self.refused += 1
            time.sleep(0.001)

    def goes_on(self):
        """What the server says still comes to the member, behind all that it said before."""
        said, heard, end = b"still here", b"", time.monotonic() + 5 * PATIENCE
        while said not in heard:
            self.send(said)  # again and again: UDP drops what comes to a full buffer
            assert time.monotonic() < end, "the member does not hear the server any more"
            heard = heard[-len(said):] + self.member.recv(1 << 16)

    def stop(self):
        """The server falls silent."""
        self.stopping = True
        self.thread.join()


def ends(lab, talk, what, other=None, **names):
    """The flow ends for `what`; from then on not one packet of it is at the member, and none of the member's gets in.
    The other member's flow goes on."""
    line = lab.log.wait(15, event_type="flow", what=what, src_port=talk.name[1], proto=talk.kind.upper(), **names)
    behind = lab.watch_behind()
    tries, dropped = talk.sent + talk.refused, lab.dropped("revoked")
    if other:
        other.stop()
    with lab.capture("member") as capture:
        for _ in range(5):
            talk.member.send(b"anybody there?")
        wait_until(lambda: talk.sent + talk.refused >= tries + 200, "the server to send 200 times more")
        wait_until(lambda: lab.dropped("revoked") > dropped, "dropped packets of the flow")
        talk.stop()
        capture.stop()
    assert not capture.incoming(source_port=talk.port), "packets of a flow that was ended reach the member"
    assert capture.outgoing(port=talk.port), "the member did not speak"
    assert other or behind() == 0, f"{behind()} packets of the member passed"
    assert not [flow for flow in lab.ask("flows") if flow["source_port"] == talk.name[1]], lab.ask("flows")
    if other:
        other.goes_on()
    return line


def forget_connections(lab):
    """Empties the gateway's table of connections, as if all had timed out."""
    sock = lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW, NFNETLINK)
    sock.sendto(struct.pack("=IHHIIBBH", 20, CONNTRACK_DELETE, 5, 1, 0, socket.AF_UNSPEC, 0, 0), (0, 0))
    error = struct.unpack_from("=i", sock.recv(8192), 16)[0]
    assert error == 0, os.strerror(-error)
