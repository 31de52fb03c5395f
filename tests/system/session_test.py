#!/usr/bin/env python3
"""Sessions: an established ssh session outlives the daemon and its rules' renewal, and ends when it is revoked."""
import signal
import socket

import packets
import sshd
from lab import GATEWAY, phantom
from namespaces import LabError, wait_until
from spa import seal
from suite import Suite

suite = Suite(skew="1s", window="5m")


def refused_now(lab, family, number):
    """While the daemon is away a SYN of a granted source is dropped, and nobody is answered."""
    source = phantom(number, family)
    with lab.capture() as capture:
        lab.sender().send(packets.tcp(source, GATEWAY[family], 4000, 22))
        wait_until(lambda: capture.incoming(source=source), "the SYN to arrive")
        capture.stop()
    assert not capture.outgoing(destination=source), "a packet got through while the daemon is away"


def admit(lab, source, family):
    """Makes a live grant; behind a kill messages are refused for the skew and eight seconds, so it may take several."""
    def taken():
        try:
            lab.knock(seal(lab, source=source), source, family)
        except LabError as error:
            assert "spa_old" in str(error), error
            return False
        return True
    wait_until(taken, "a grant after the start", 20)


def away_and_back(lab, session, family, number, signal_number):
    """Ends the daemon; the session talks on, new packets are dropped; starts it again; both still hold."""
    admit(lab, phantom(number, family), family)
    lab.stop(signal_number)
    session.echo(f"without a daemon {number}")
    refused_now(lab, family, number)
    lab.start()
    session.echo(f"with a new daemon {number}")


def show(lab, family):
    """One session through everything."""
    options = sshd.start(lab)
    session = sshd.Session(lab, options, family, "cat")
    session.echo("hello")
    away_and_back(lab, session, family, 1, signal.SIGTERM)
    away_and_back(lab, session, family, 2, signal.SIGKILL)
    lab.reload()
    session.echo("after a reload")
    lab.rules("apply")
    session.echo("after the rules were applied again")
    lab.spread()
    lab.rules("apply")
    session.echo("after changed rules were put right")
    lab.stop(signal.SIGKILL)
    lab.spread()
    lab.rules("apply")
    session.echo("after the rules were put right without a daemon")
    lab.start()
    another_login(lab, options, family)
    session.echo("the same session at the end")


def another_login(lab, options, family):
    """The gate still lets new sessions in."""
    wait_until(lambda: try_login(lab, options, family), "a new login", 30)


def try_login(lab, options, family):
    """One login; just after a start messages of the second before are refused, so it may take another."""
    session = sshd.Session(lab, options + ["-o", "ConnectTimeout=2"], family, "echo in")
    return session.process.wait(20) == 0


@suite.check("an ssh session over IPv4 outlives stop, kill -9, restart, reload, rules applied; new packets do not pass")
def survives_v4(lab):
    show(lab, 4)


@suite.check("an ssh session over IPv6 outlives stop, kill -9, restart, reload, rules applied; new packets do not pass", family=6)
def survives_v6(lab):
    show(lab, 6)


def revoked(lab, family, words):
    """The server keeps talking; after `revoke` not one packet of the flow leaves or enters the host."""
    session = sshd.Session(lab, sshd.start(lab), family, "while :; do echo tick; done")
    session.says("tick")
    flow = lab.ask("flows")[0]
    behind = lab.watch_behind()
    lab.control("revoke", *words(flow))
    sshd.dead_both_ways(lab, session, flow["source_port"], behind)
    assert not lab.ask("flows"), lab.ask("flows")
    lab.log.wait(event_type="flow", what="revoked", src_port=flow["source_port"], grant=flow["grant"], client="alice")
    session.process.kill()


@suite.check("revoke of the client ends an ssh session over IPv4 while its server keeps sending")
def revoke_client_v4(lab):
    revoked(lab, 4, lambda flow: ("--client", "alice"))


@suite.check("revoke of the flow ends an ssh session over IPv6 while its server keeps sending", family=6)
def revoke_flow_v6(lab):
    revoked(lab, 6, lambda flow: ("--flow", flow["id"]))


@suite.check("revoke of the grant ends an ssh session over IPv4 while its server keeps sending")
def revoke_grant_v4(lab):
    revoked(lab, 4, lambda flow: ("--grant", str(flow["grant"])))


# --- revoke of what is no ssh session --------------------------------------------------------------------------------

def udp_flow(lab, number, family=4):
    """A UDP flow that was let in, from the number-th source: its source, and a function that sends a datagram more."""
    source = phantom(number, family)
    lab.knock(seal(lab, source=source, services=["dns"]), source, family)

    def send(text):
        lab.sender().send(packets.udp(source, GATEWAY[family], 5000, 5300, text))
    send(b"first")
    return source, send


def udp_ends(lab, family):
    """A revoked UDP flow: its datagrams come to the gateway and not to the server, the server's answers do not leave."""
    server = lab.listen(5300, family, socket.SOCK_DGRAM)
    source, send = udp_flow(lab, 1, family)
    server.wait(1)
    with lab.capture() as capture:
        server.sock.sendto(b"answer", (source, 5000))
        wait_until(lambda: capture.outgoing(destination=source), "an answer before the revoke")
        lab.control("revoke", "--flow", lab.ask("flows")[0]["id"])
        before = lab.dropped("revoked")
        for _ in range(5):
            send(b"again")
        answers_refused(server, source)
        wait_until(lambda: lab.dropped("revoked") == before + 6, "six dropped packets")
        capture.stop()
    assert len(capture.incoming(source=source)) == 5 and len(capture.outgoing(destination=source)) == 1
    assert len(server.poll()) == 1 and not lab.ask("flows")
    lab.log.wait(event_type="flow", what="revoked", src_ip=source, proto="UDP")


def answers_refused(server, source):
    """The server sends one answer more; the output hook drops it, which the server may be told."""
    try:
        server.sock.sendto(b"answer", (source, 5000))
    except PermissionError:
        pass


for number in (4, 6):
    suite.add(f"revoke of a UDP flow over IPv{number}: nothing more comes to the server, nothing more leaves",
              lambda lab, number=number: udp_ends(lab, number), f"revoke_udp_v{number}", services=("dns=udp/5300",))


@suite.check("revoke --all ends the flows and the live grants of every client", services=("ssh=tcp/22", "dns=udp/5300"),
             clients=("alice", "bob"))
def revoke_all(lab):
    server = lab.listen(5300, 4, socket.SOCK_DGRAM)
    flows = [udp_flow(lab, number) for number in (1, 2)]
    server.wait(2)
    for number, client in ((3, "alice"), (4, "bob")):
        lab.knock(seal(lab, source=phantom(number), client=client), phantom(number))
    lab.control("revoke", "--all")
    assert lab.ask("flows") == [] and lab.ask("grants") == []
    for source, send in flows:
        send(b"again")
        lab.log.wait(event_type="flow", what="revoked", src_ip=source)
    for number, client in ((3, "alice"), (4, "bob")):
        lab.log.wait(event_type="grant", what="revoked", src_ip=phantom(number), client=client)
        opens_nothing(lab, phantom(number))
    wait_until(lambda: lab.dropped("revoked") >= 2, "the datagrams to be dropped")
    assert len(server.poll()) == 2


def opens_nothing(lab, source):
    """A SYN from there has no grant."""
    lab.sender().send(packets.tcp(source, GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=source, reason="no_grant", src_port=4000)


def live_grant_ends(lab, words):
    """A live grant that is revoked opens nothing; another one does still."""
    lab.listen(22)
    for number in (1, 2):
        lab.knock(seal(lab, source=phantom(number), client=lab.client_names[number - 1]), phantom(number))
    row = next(row for row in lab.ask("grants") if row["source"] == phantom(1))
    lab.control("revoke", *words(row))
    lab.log.wait(event_type="grant", what="revoked", src_ip=phantom(1), grant=row["id"], service="ssh")
    opens_nothing(lab, phantom(1))
    lab.sender().send(packets.tcp(phantom(2), GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=phantom(2), reason="grant_active")


@suite.check("revoke of a live grant: the SYN behind it has no grant; another grant opens", clients=("alice", "bob"))
def revoke_live_grant(lab):
    live_grant_ends(lab, lambda row: ("--grant", str(row["id"])))


@suite.check("revoke of a client with a live grant: the SYN has no grant; another client's opens", clients=("alice", "bob"))
def revoke_live_client(lab):
    live_grant_ends(lab, lambda row: ("--client", "alice"))


if __name__ == "__main__":
    suite.main()
