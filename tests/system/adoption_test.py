#!/usr/bin/env python3
"""Sessions older than the first rule that tracks: the host's own live on, and so do forwarded ones that speak in time."""
import os
import signal
import socket
import subprocess

from lab import GATEWAY, MEMBER, STRANGER
from namespaces import Namespace, wait_until, wire
from packets import ACK, PSH, tcp
from suite import Skip, Suite

HOST = {4: "10.99.0.2", 6: "fd99::2"}
suite = Suite(rules=False, daemon=False)


class Session:
    """A TCP session with its two ends, and what each of them says."""

    def __init__(self, client, source, server, address, port):
        listener = server.bound(socket.SOCK_STREAM, address, port)
        listener.listen()
        self.client = client.bound(socket.SOCK_STREAM, source)
        self.client.settimeout(5)
        self.client.connect((address, port))
        self.server, _ = listener.accept()
        self.server.settimeout(5)
        listener.close() if address.startswith(("10.", "fd")) else None

    def talks(self, timeout=5):
        """Whether what the client says first reaches the server, and the answer the client."""
        self.server.settimeout(timeout)
        self.client.settimeout(timeout)
        try:
            self.client.sendall(b"are you there")
            if self.server.recv(64) != b"are you there":
                return False
            self.server.sendall(b"yes")
            return self.client.recv(64) == b"yes"
        except TimeoutError:
            return False

    def heard(self):
        """What came to the server since it was asked last."""
        self.server.setblocking(False)
        try:
            return self.server.recv(4096)
        except BlockingIOError:
            return b""


def add_host(lab):
    """A host behind the gateway, which forwards to it."""
    host = Namespace(lab.gateway.name.replace("gateway", "host"))
    lab.namespaces.append(host)
    wire(lab.gateway, "lan0", host, "eth0")
    lab.gateway.ip("addr add 10.99.0.1/24 dev lan0", "addr add fd99::1/64 dev lan0 nodad",
                   "addr add fe80::1/64 dev lan0 nodad")
    host.ip("addr add 10.99.0.2/24 dev eth0", "addr add fd99::2/64 dev eth0 nodad", "addr add fe80::2/64 dev eth0 nodad",
            "route add default via 10.99.0.1",
            "route add default via fd99::1")
    lab.router.ip(f"route add 10.99.0.0/24 via {GATEWAY[4]}", f"route add fd99::/64 via {GATEWAY[6]}")
    lab.gateway.sysctl("ipv4/ip_forward", 1)
    lab.gateway.sysctl("ipv6/conf/all/forwarding", 1)
    return host


def apply_and_wait_for(lab, said, *words):
    """Starts `rules apply` and waits until it has said something; returns the process."""
    if lab.backend == "nftables":
        probe = lab.rules("check", check=False)
        if "no native queue" in probe.stderr:
            raise Skip("this kernel has no native queue of nft")
    process = lab.gateway.popen(lab.program("posternctl"), "-c", lab.policy, "rules", "--backend", lab.backend, "apply",
                                *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if said in line:
            return process
    raise AssertionError(f"apply never says {said!r}: {process.stderr.read()}")


def midstream(source, destination, port, number):
    """A packet from the middle of a session that never was."""
    return tcp(source, destination, 40000 + number, port, ACK | PSH, sequence=1000, acknowledgement=2000, data=b"junk")


@suite.check("a host that never tracked: its own idle sessions live on with the client first, forwarded ones that spoke; "
             "no mid-stream packet of a stranger gets in")
def first_apply(lab):
    host = add_host(lab)
    own = {family: Session(lab.member, MEMBER[family], lab.gateway, GATEWAY[family], 22) for family in (4, 6)}
    outward = Session(lab.gateway, GATEWAY[4], lab.member, MEMBER[4], 8022)
    spoke = {family: Session(lab.member, MEMBER[family], host, HOST[family], 80) for family in (4, 6)}
    silent = Session(lab.member, MEMBER[4], host, HOST[4], 81)
    lab.start()
    process = apply_and_wait_for(lab, "are learnt", "--adopt", "4s")
    process.send_signal(signal.SIGSTOP)  # it learns as long as the test wants
    assert all(session.talks() for session in spoke.values()), "a forwarded session stops before anything is judged"
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 0, process.stderr.read()
    for family in (4, 6):
        assert own[family].talks(), f"IPv{family}: the host's own session is lost"
        assert spoke[family].talks(), f"IPv{family}: the forwarded session that spoke is lost"
    assert outward.talks(), "the session that the host began is lost"
    before = lab.verdicts()
    assert not silent.talks(0.5), "a session that nobody knows gets in"
    for number, (to, port) in enumerate([(GATEWAY[4], 22), (HOST[4], 80)] * 10):
        lab.sender("stranger").send(midstream(STRANGER[4], to, port, number))
        lab.sender("stranger").send(midstream(MEMBER[4], to, port, number))  # spoofed
    lab.settled()
    new = lab.verdicts() - before
    assert new["not_syn"] >= 20 and new["no_service"] >= 20, dict(new)
    assert all(session.heard() == b"" for session in (*own.values(), *spoke.values())), "junk came in"
    return "40 mid-stream packets dropped"


@suite.check("where nothing is forwarded the host's sessions are entered without a wait, and once the rules are in nothing is")
def without_forwarding(lab):
    own = Session(lab.member, MEMBER[4], lab.gateway, GATEWAY[4], 22)
    lab.start()
    said = lab.rules("apply", adopt=None).stdout
    assert "sessions of this host that nothing tracked: 1" in said and "learnt" not in said, said
    assert own.talks(), "the session is lost"
    again = lab.rules("apply", adopt="60s").stdout  # would wait a minute
    assert "sessions" not in again and "learnt" not in again, again


@suite.check("with --adopt 0s nothing is adopted: the contrast")
def contrast(lab):
    own = Session(lab.member, MEMBER[4], lab.gateway, GATEWAY[4], 22)
    lab.start()
    lab.rules("apply", adopt="0s")
    assert not own.talks(0.5), "the session lives on by itself: the tests beside this one show nothing"
    own.server.sendall(b"hello")  # nor does its other end bring it back
    wait_until(lambda: lab.dropped("revived"), "the server's words to be dropped")
    assert not own.talks(0.5)


@suite.check("apply killed while it learns leaves the host as open as it was, and the next apply guards it")
def killed(lab):
    add_host(lab)
    lab.start()
    process = apply_and_wait_for(lab, "are learnt", "--adopt", "30s")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    Session(lab.stranger, STRANGER[4], lab.gateway, GATEWAY[4], 22)  # connects
    assert lab.rules("check", check=False).returncode == 1
    lab.rules("apply")
    assert lab.rules("check").returncode == 0


suite.main()
