#!/usr/bin/env python3
"""Ends: a flow ends at session_max, with its client's time, with its client or service, by revoke; not one packet more
reaches the member while the server sends. `flows` is true when a connection is over, and a SYN has no second life."""
import contextlib
import datetime
import os
import signal
import socket
import time

import packets
from lab import GATEWAY, MEMBER, phantom, source
from namespaces import wait_until
from preload import environment
from spa import seal
from suite import Suite
from talk import DNS, Talk, ends, forget_connections

suite = Suite(services=("ssh=tcp/22", f"dns=udp/{DNS}"), skew="5s", window="60s", daemon=False)


# --- why flows end ------------------------------------------------------------------------------------------------------

def session_max(lab, kind, family):
    lab.set_policy("grants.session_max", "2s")
    lab.start()
    talk = Talk(lab, kind, family=family)
    line = ends(lab, talk, "session_max", client="alice")
    assert line["grant"] > 0, line


for kind in ("tcp", "udp"):
    for family in (4, 6):
        suite.add(f"session_max ends a flow while its server sends: {kind}, IPv{family}",
                  lambda lab, kind=kind, family=family: session_max(lab, kind, family), f"session_max_{kind}_v{family}")


@suite.check("session_max that a reload brings ends what is older already, and nothing else changes for the client")
def session_max_by_reload(lab):
    lab.start()
    talk = Talk(lab, "udp")
    wait_until(lambda: lab.ask("flows")[0]["age_ms"] > 1000, "a flow of a second")
    lab.set_policy("grants.session_max", "1s")
    lab.reload()
    ends(lab, talk, "session_max", client="alice")
    lab.knock(seal(lab, source=phantom(1)), phantom(1))


def last_day(lab, client):
    """Starts the daemon eight seconds before the client's time is over; returns how far its clock is ahead, in seconds."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    midnight = datetime.datetime.combine(today + datetime.timedelta(1), datetime.time(), datetime.timezone.utc)
    with open(lab.path(f"clients.d/{client}.yaml"), "a", encoding="utf-8") as file:
        file.write(f"expires: {today}\n")
    ahead = int(midnight.timestamp() - 8 - time.time())
    lab.start(env=environment(lab, "clock_shift", POSTERN_CLOCK_OFFSET=ahead))
    return ahead


@suite.check("a client's last day ends, and his flow with it, while its server sends; another client's goes on",
             clients=("alice", "bob"))
def expires(lab):
    tomorrow = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(1)
    ahead = last_day(lab, "alice")
    other = Talk(lab, "tcp", client="bob", now=time.time() + ahead)
    talk = Talk(lab, "udp", client="alice", now=time.time() + ahead)
    line = ends(lab, talk, "client_expired", other, client="alice")
    assert line["timestamp"] >= f"{tomorrow}T00:00:00", line


@suite.check("revoke ends a flow while its server sends")
def revoke(lab):
    lab.start()
    talk = Talk(lab, "udp")
    lab.control("revoke", "--client", "alice")
    ends(lab, talk, "revoked", client="alice")


def withdrawn(lab, change, kind="udp", **names):
    """A reload ends a flow that the new policy would not open, and leaves the other client's."""
    lab.start()
    other = Talk(lab, "tcp", client="bob")
    talk = Talk(lab, kind, client="alice")
    change(lab)
    lab.reload()
    ends(lab, talk, "withdrawn", other, client="alice", **names)
    assert [flow["client"] for flow in lab.ask("flows")] == ["bob"]


@suite.check("a reload without a client ends its flow while the server sends; another client's goes on", clients=("alice", "bob"))
def removed_client(lab):
    withdrawn(lab, lambda lab: os.rename(lab.path("clients.d/alice.yaml"), lab.path("alice.away")))


def without_service(lab):
    """Takes the service dns out of the policy and of every client."""
    for name in ("postern.yaml", "clients.d/alice.yaml", "clients.d/bob.yaml"):
        with open(lab.path(name), encoding="utf-8") as file:
            lines = file.read().replace(", dns", "").splitlines()
        with open(lab.path(name), "w", encoding="utf-8") as file:
            file.write("\n".join(line for line in lines if not line.strip().startswith("dns:")) + "\n")


@suite.check("a reload without a service ends its flow while the server sends; another service's goes on", clients=("alice", "bob"))
def removed_service(lab):
    withdrawn(lab, without_service, service="dns")


@suite.check("a live grant is judged by the policy of the reload: withdrawn with its client, good again with him")
def grant_revalidated(lab):
    lab.start()
    lab.listen(22)
    source = phantom(1)
    lab.knock(seal(lab, source=source), source)
    os.rename(lab.path("clients.d/alice.yaml"), lab.path("alice.away"))
    lab.reload()
    lab.sender().send(packets.tcp(source, GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=source, reason="grant_withdrawn")
    os.rename(lab.path("alice.away"), lab.path("clients.d/alice.yaml"))
    lab.reload()
    lab.sender().send(packets.tcp(source, GATEWAY[4], 4001, 22))
    lab.log.wait(src_ip=source, reason="grant_active", src_port=4001)


# --- flows that are over ------------------------------------------------------------------------------------------------

def udp_flows(lab, numbers):
    """A UDP flow from each of the numbered sources."""
    server = lab.listen(DNS, 4, socket.SOCK_DGRAM)
    for number in numbers:
        source = phantom(number)
        lab.knock(seal(lab, source=source, services=["dns"]), source)
        lab.sender().send(packets.udp(source, GATEWAY[4], 5000, DNS, b"x"))
    server.wait(len(numbers))
    wait_until(lambda: len(lab.ask("flows")) == len(numbers), "all flows to be listed")
    return [phantom(number) for number in numbers]


def listed_until_over(lab, within):
    """Two flows are listed while their connections live, and both are gone `within` seconds after them."""
    sources = udp_flows(lab, (1, 2))
    wait_until(lambda: all(flow["age_ms"] > 1500 for flow in lab.ask("flows")), "flows of a second and a half")
    assert len(lab.ask("flows")) == 2
    forget_connections(lab)
    wait_until(lambda: not lab.ask("flows"), "flows to be taken off the list", within)
    for source in sources:
        lab.log.wait(event_type="flow", what="closed", src_ip=source, client="alice", count=1)


@suite.check("by its event a flow is off the list as soon as its connection is over")
def event(lab):
    lab.start()
    listed_until_over(lab, 40)  # the comparison comes a minute after the start


@suite.check("where events are off the comparison takes the flow off the list")
def no_events(lab):
    lab.gateway.sysctl("netfilter/nf_conntrack_events", 0)
    lab.start()
    listed_until_over(lab, 30)
    assert not lab.log.find(what="events_lost")


@suite.check("a session that its client made conntrack forget, by a FIN far ahead, does not come back by its server's "
             "next word")
def forgotten(lab):
    lab.gateway.sysctl("netfilter/nf_conntrack_tcp_timeout_close_wait", 1)
    lab.start()
    server, capture, from_ = lab.listen(22), lab.capture("member"), source(1)
    lab.knock(seal(lab, source=from_), from_)
    member = lab.member.bound(socket.SOCK_STREAM, from_, 40000)
    member.settimeout(5)
    member.connect((GATEWAY[4], 22))
    peer = server.wait()[0][0]
    peer.sendall(b"hello")
    assert member.recv(100) == b"hello"
    last = wait_until(lambda: [packet for packet in capture.outgoing(destination=GATEWAY[4]) if packet.flags and packet.flags & packets.ACK],
                      "the member's segments")[-1]
    lab.sender().send(packets.tcp(from_, GATEWAY[4], 40000, 22, packets.FIN | packets.ACK,
                                  sequence=(last.sequence + 50_000) % 2 ** 32, acknowledgement=last.acknowledgement))
    wait_until(lambda: "sport=40000" not in lab.gateway.read("nf_conntrack"), "conntrack to forget it", 20)
    peer.sendall(b"secret")
    wait_until(lambda: lab.dropped("revived"), "the server's words to be dropped")
    member.settimeout(0.5)
    assert not readable(member), "the session that nobody lists is alive"


def readable(sock):
    """What comes within the socket's time."""
    with contextlib.suppress(TimeoutError):
        return sock.recv(100)
    return b""


@suite.check("events that were lost to a full buffer are made good by a comparison", services=("ssh=tcp/22", f"dns=udp/{DNS}"))
def overrun(lab):
    lab.start("--events-buffer", "2304")
    udp_flows(lab, range(1, suite.count(12, 60)))
    lab.daemon.send(signal.SIGSTOP)
    forget_connections(lab)
    lab.daemon.send(signal.SIGCONT)
    lab.log.wait(event_type="engine", what="events_lost")
    wait_until(lambda: not lab.ask("flows"), "flows to be taken off the list", 40)


# --- no second life -----------------------------------------------------------------------------------------------------

@suite.check("a SYN that is sent again when its connection is over opens nothing, however soon it comes")
def no_twin(lab):
    lab.start()
    lab.listen(22)
    rounds = suite.count(20, 200)
    with lab.capture() as capture:
        for number in range(rounds):
            source = phantom(number)
            lab.knock(seal(lab, source=source), source)
            syn = packets.tcp(source, GATEWAY[4], 4000, 22, sequence=1000)
            lab.sender().send(syn)
            wait_until(lambda: capture.outgoing(destination=source), "the server's answer")
            forget_connections(lab)
            lab.sender().send(syn)
            lab.log.wait(src_ip=source, verdict="drop", src_port=4000)
    verdicts = lab.verdicts()
    assert verdicts["grant_active"] == rounds, verdicts
    assert verdicts["flow_again"] + verdicts["grant_used"] == rounds, verdicts
    assert not lab.log.find(verdict="accept", reason="flow_again")
    return f"{rounds} rounds, {verdicts['flow_again']} SYNs within half a second"


if __name__ == "__main__":
    suite.main()
