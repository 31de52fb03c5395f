#!/usr/bin/env python3
"""What goes by unjudged because the policy says so, and what stays judged beside it: unmatched, open, and interfaces
of every kind."""
import socket

import packets
from lab import GATEWAY, MEMBER, STRANGER, source
from namespaces import LabError, Namespace, run, wait_until, wire
from spa import seal
from suite import Skip, Suite, connects, errno_of_connect

suite = Suite(rules=False, daemon=False)


def guard(lab, **keys):
    """Rules and daemon for a policy with these keys of gateway."""
    for key, value in keys.items():
        lab.set_policy(f"gateway.{key}", value)
    lab.rules("apply")
    lab.start()


def refused(lab, reason, packet):
    """Sends a packet and waits for its verdict."""
    before = lab.verdicts()[reason]
    lab.send_to_gateway(packet)
    wait_until(lambda: lab.verdicts()[reason] == before + 1, f"a packet refused as {reason}")


@suite.check("unmatched: pass: other ports and protocols go by, services and SPA ports stay judged",
             services=("ssh=tcp/22", "dns=udp/5300"))
def unmatched(lab):
    guard(lab, unmatched="pass")
    for family in (4, 6):
        lab.listen(80, family)
        lab.listen(22, family)
        web = lab.listen(81, family, socket.SOCK_DGRAM)
        assert connects(lab.stranger, STRANGER[family], GATEWAY[family], 80, 3), "a port that no service has is not left to the rest"
        before = lab.queued()
        lab.sender("stranger").send(packets.udp(STRANGER[family], GATEWAY[family], 5, 81, b"x"))
        web.wait()
        assert lab.queued() == before, "what concerns no service was queued"
        refused(lab, "no_grant", packets.tcp(STRANGER[family], GATEWAY[family], 40000, 22))
        refused(lab, "not_syn", packets.tcp(STRANGER[family], GATEWAY[family], 40001, 22, flags=packets.ACK))
        refused(lab, "spa_length", packets.udp(STRANGER[family], GATEWAY[family], 40000, 62201, b"x"))
        lab.knock(seal(lab, source=source(1, family)), source(1, family), family)
        sock = lab.member.bound(socket.SOCK_STREAM, source(1, family), 40000)
        sock.setblocking(False)
        sock.connect_ex((GATEWAY[family], 22))
        assert errno_of_connect(sock) == 0, "a member's SPA opens nothing"


@suite.check("open: ports, ICMP and protocols go by, to the gateway itself and from where it says")
def opened(lab):
    guard(lab, open=f"[icmp/echo-request, {{match: tcp/443, from: [{MEMBER[4]}, '{MEMBER[6]}']}}, tcp/80, proto/47]")
    for family in (4, 6):
        for port in (80, 443):
            lab.listen(port, family)
        lab.stranger.run("ping", f"-{family}", "-c1", "-W3", GATEWAY[family])
        assert connects(lab.stranger, STRANGER[family], GATEWAY[family], 80, 3)
        assert connects(lab.member, MEMBER[family], GATEWAY[family], 443, 3)
        refused(lab, "no_service", packets.tcp(STRANGER[family], GATEWAY[family], 40000, 443))
        refused(lab, "no_service", packets.udp(STRANGER[family], GATEWAY[family], 40000, 80, b"x"))
    refused(lab, "no_service", packets.tcp(STRANGER[4], "198.18.255.255", 40000, 80))  # routed: no address of its own
    before = lab.queued()
    lab.send_to_gateway(packets.ip(STRANGER[4], GATEWAY[4], packets.GRE, b"\0" * 8))
    lab.settled()
    assert lab.queued() == before, "a protocol that is open was queued"


def neighbour(lab, interface, master="", address_on=""):
    """A namespace wired to an interface of the gateway that did not exist before; its SYN to port 22 is judged."""
    other = Namespace(f"{lab.gateway.name.removesuffix('gateway')}{interface}")
    lab.namespaces.append(other)
    wire(other, "eth0", lab.gateway, interface)
    if master:
        lab.gateway.ip(f"link set {interface} master {master}", f"link set {master} up")
    lab.gateway.ip(f"addr add 172.16.0.1/24 dev {address_on or interface}")
    other.ip("addr add 172.16.0.2/24 dev eth0")
    return other


def judged(lab, other, reason="no_grant"):
    """Whether a SYN from that neighbour to port 22 gets its verdict."""
    before = lab.verdicts()[reason]
    sock = other.bound(socket.SOCK_STREAM, "172.16.0.2")
    sock.setblocking(False)
    sock.connect_ex(("172.16.0.1", 22))
    wait_until(lambda: lab.verdicts()[reason] > before, "the verdict of a SYN on another interface")
    sock.close()


@suite.check("interfaces that come and go while the rules stand are guarded by their names")
def come_and_go(lab):
    guard(lab, interfaces="[gw0, ppp*]")
    lab.listen(22, 4)
    for name in ("ppp0", "ppp17", "ppp0"):
        other = neighbour(lab, name)
        judged(lab, other)
        lab.gateway.ip(f"link del {name}")
        other.close()
        lab.namespaces.remove(other)
    refused(lab, "no_grant", packets.tcp(STRANGER[4], GATEWAY[4], 40000, 22))
    assert lab.rules("check").returncode == 0


@suite.check("a bridge is guarded by its own name")
def bridge(lab):
    lab.gateway.ip("link add br0 type bridge")
    guard(lab, interfaces="[gw0, br0]")
    judged(lab, neighbour(lab, "port0", master="br0", address_on="br0"))


def add_vrf(lab):
    try:
        run(["ip", "-netns", lab.gateway.name, "link", "add", "vrf0", "type", "vrf", "table", "10"])
    except LabError as error:
        raise Skip("this kernel has no VRF") from error


@suite.check("an interface in a VRF is guarded by its own name, and its address is the gateway's own")
def vrf(lab):
    add_vrf(lab)
    guard(lab, interfaces="[gw0, slave0]")
    judged(lab, neighbour(lab, "slave0", master="vrf0"))


@suite.check("an address of the VRF device itself is another host's, which a service has to name")
def vrf_device(lab):
    add_vrf(lab)
    lab.set_policy("services.inner", "{ports: [tcp/22], to: [172.16.0.1]}")
    guard(lab, interfaces="[gw0, slave0]")
    other = neighbour(lab, "slave0", master="vrf0", address_on="vrf0")
    judged(lab, other)
    assert not lab.verdicts()["no_service"]


if __name__ == "__main__":
    suite.main()
