#!/usr/bin/env python3
"""One flow: a grant lets exactly one connection in, however many race for it, through however many queues."""
import socket

import packets
from burst import at_once
from lab import GATEWAY, phantom
from namespaces import wait_until
from spa import seal, seal_many
from suite import Suite

RACERS = 64
PORTS = range(40000, 40000 + RACERS)
suite = Suite(services=("ssh=tcp/22", "dns=udp/5300"), clients=("alice", "bob", "carol", "dave"))


def syns(source, family, copies=1):
    """One SYN from each racing port, the same one `copies` times in a row."""
    return [packets.tcp(source, GATEWAY[family], port, 22, sequence=1000 + port)
            for port in PORTS for _ in range(copies)]


def send_halves(lab, everything):
    """Sends the packets at once, every other one from another processor."""
    def job(part):
        sender = lab.sender()

        def send():
            for packet in part:
                sender.send(packet)
        return send
    at_once(job(everything[::2]), job(everything[1::2]))


def answered(capture, source):
    """The ports of `source` that got a SYN|ACK."""
    return {packet.port for packet in capture.outgoing(destination=source) if packet.is_syn_ack()}


def race(lab, progress, family, copies=1):
    """Rounds of one grant and 64 racers; exactly one may win each."""
    rounds = suite.count(10, 100)
    lab.listen(22, family)
    sources = [phantom(number, family) for number in range(rounds)]
    for number, source in enumerate(sources):
        progress(number, rounds)
        datagram = seal(lab, client=lab.client_names[number % 4], source=source)
        before = lab.verdicts()
        with lab.capture() as capture:
            lab.knock(datagram, source, family)
            send_halves(lab, syns(source, family, copies))
            capture.stop()
        after = lab.verdicts()
        winners = answered(capture, source)
        assert len(winners) == 1, f"round {number}: {len(winners)} of {RACERS} got in: {sorted(winners)}"
        new = after - before
        assert new["grant_active"] == 1, f"round {number}: {dict(new)}"
        assert copies > 1 or new["grant_used"] == RACERS - 1, f"round {number}: {dict(new)}"
        still_accepted(lab, source, family, winners.pop())
    assert len(lab.queues()) >= 2
    return f"{rounds} rounds, {copies * RACERS} SYNs each"


def still_accepted(lab, source, family, port):
    """The winner's SYN comes again: the server answers again, and no other port of the source gets in."""
    with lab.capture() as capture:
        lab.sender().send(packets.tcp(source, GATEWAY[family], port, 22, sequence=1000 + port))
        lab.sender().send(packets.tcp(source, GATEWAY[family], PORTS[-1] + 1, 22))
        wait_until(lambda: port in answered(capture, source), f"an answer to the SYN that was sent again from {port}")
        capture.stop()
    assert answered(capture, source) == {port}


@suite.check("64 SYNs behind one grant, IPv4: one gets in, and again when it is sent again")
def steered_v4(lab, progress):
    return race(lab, progress, 4)


@suite.check("64 SYNs behind one grant, IPv6: one gets in, and again when it is sent again")
def steered_v6(lab, progress):
    return race(lab, progress, 6)


@suite.check("one source spread over all queues, IPv4: one of 64 gets in")
def spread_v4(lab, progress):
    lab.spread()
    detail = race(lab, progress, 4)
    assert all(queue.last_id > 0 for queue in lab.queues().values()), lab.queues()
    return detail


@suite.check("one source spread over all queues, IPv6: one of 64 gets in")
def spread_v6(lab, progress):
    lab.spread()
    return race(lab, progress, 6)


@suite.check("four queues, each SYN three times at once: one of 64 gets in, its copies with it", queues=4)
def copies(lab, progress):
    lab.spread()
    return race(lab, progress, 4, copies=3)


@suite.check("SYNs over IPv4 and IPv6 of one attempt at once: one gets in")
def both_families(lab, progress):
    lab.spread()
    rounds = suite.count(10, 100)
    lab.listen(22, 4), lab.listen(22, 6)
    for number in range(rounds):
        progress(number, rounds)
        sources = {family: phantom(number, family) for family in (4, 6)}
        wish = {"client": lab.client_names[number % 4], "sources": sources, "attempt": f"{number:032x}"}
        for family, datagram in zip((4, 6), seal_many(lab, [wish, wish])):
            lab.knock(datagram, sources[family], family)
        with lab.capture() as capture:
            jobs = [[packets.tcp(sources[family], GATEWAY[family], port, 22) for port in PORTS[:4]] for family in (4, 6)]
            send_halves(lab, [packet for pair in zip(*jobs) for packet in pair])
            capture.stop()
        winners = [(family, port) for family in (4, 6) for port in answered(capture, sources[family])]
        assert len(winners) == 1, f"round {number}: {winners}"
    assert lab.verdicts()["grant_active"] == rounds, lab.verdicts()
    return f"{rounds} rounds"


def udp_flow(lab, family):
    """A UDP service that never answers: the first source port gets in with all its datagrams, no other one does."""
    server = lab.listen(5300, family, socket.SOCK_DGRAM)
    source = phantom(1, family)
    lab.knock(seal(lab, source=source, services=["dns"]), source, family)
    send_halves(lab, [packets.udp(source, GATEWAY[family], port, 5300, b"first") for port in PORTS])
    server.wait(1)
    lab.status()
    winner = server.peers()[0][1]
    for _ in range(5):
        lab.sender().send(packets.udp(source, GATEWAY[family], winner, 5300, b"again"))
        lab.sender().send(packets.udp(source, GATEWAY[family], PORTS[0] - 1, 5300, b"other"))
    server.wait(6)
    lab.status()
    assert {port for _, port in server.peers()} == {winner}, server.peers()
    assert len(server.peers()) == 6, server.peers()
    assert lab.verdicts()["grant_active"] == 1, lab.verdicts()


@suite.check("UDP service, IPv4: one source port gets in with all its datagrams")
def udp_v4(lab):
    udp_flow(lab, 4)


@suite.check("UDP service, IPv6, one source over all queues: one source port gets in with all its datagrams")
def udp_v6(lab):
    lab.spread()
    udp_flow(lab, 6)


if __name__ == "__main__":
    suite.main()
