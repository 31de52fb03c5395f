#!/usr/bin/env python3
"""The client: what `postern open` and `postern connect` bring about at a real gateway; and the demonstration."""
import glob
import os
import socket
import subprocess
import tempfile

import sshd
from lab import GATEWAY, MEMBER
from named import HOST, with_host
from namespaces import run, wait_until
from suite import Suite, errno_of_connect

HERE = os.path.dirname(os.path.abspath(__file__))
suite = Suite(clients=(), window="60s")


def add_alice(lab):
    """A client whose profile names the gateway by a host name with an address of either family."""
    lab.host = HOST
    lab.add_client("alice")


def postern_open(lab, *options):
    """`postern open ssh` in the member's namespace; returns the log lines of what it sent, by source address."""
    before = len(lab.log.find(reason="spa_accepted"))
    done = lab.member.run(*with_host(lab, lab.program("postern"), "--profile", lab.profile(), "open", "ssh", *options))
    assert not done.stdout and not done.stderr, done
    families = [family for family in MEMBER if f"-{10 - family}" not in options]
    lines = wait_until(lambda: len(lab.log.find(reason="spa_accepted")) >= before + len(families) and
                       lab.log.find(reason="spa_accepted")[before:], "the messages of postern open")
    assert sorted(line["src_ip"] for line in lines) == sorted(MEMBER[family] for family in families), lines
    return {line["src_ip"]: line for line in lines}


def connects(lab, family, port=0, timeout=5.0):
    """Whether a connection from the member's own address and that port comes about; then it stays open."""
    sock = lab.member.bound(socket.SOCK_STREAM, MEMBER[family], port)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[family], 22))
    connected = errno_of_connect(sock, timeout) == 0
    if not connected:
        sock.close()  # its SYN must not come again and find a later grant
    return connected


def silent(lab, family, port=0):
    """Whether nobody answers such a connection for a while."""
    return not connects(lab, family, port, 0.5)


def one_call(lab, first, then):
    """One call sends a message over each family, of one attempt; one connection gets in, over whichever comes first."""
    add_alice(lab)
    for family in (4, 6):
        lab.listen(22, family)
    lines = postern_open(lab)
    assert len({line["attempt"] for line in lines.values()}) == 1, lines
    assert not any(line["unbound"] for line in lines.values()), lines
    assert connects(lab, first) and silent(lab, then) and silent(lab, first)
    assert lab.log.wait(src_ip=MEMBER[first], reason="grant_active")["grant"] == lines[MEMBER[first]]["grant"]
    for family in (4, 6):
        lab.log.wait(src_ip=MEMBER[family], reason="grant_used")
    assert lab.verdicts()["grant_active"] == 1 and len(lab.ask("flows")) == 1
    again = postern_open(lab)
    assert {line["attempt"] for line in again.values()} != {line["attempt"] for line in lines.values()}


for one, other in ((4, 6), (6, 4)):
    suite.add(f"postern open, once: a message over either family, one attempt; the connection over IPv{one} gets in alone",
              lambda lab, one=one, other=other: one_call(lab, one, other), f"one_call_v{one}")


@suite.check("postern open -4, then -6: only that family's message goes out, only its connection gets in")
def one_family(lab):
    add_alice(lab)
    for family in (4, 6):
        lab.listen(22, family)
    for family, other in ((4, 6), (6, 4)):
        postern_open(lab, f"-{family}")
        assert silent(lab, other) and connects(lab, family) and silent(lab, family)


@suite.check("postern open --source-port: the connection from that port gets in, no other one")
def source_port(lab):
    add_alice(lab)
    lab.listen(22, 4)
    postern_open(lab, "-4", "--source-port", "40022")
    assert [row["source_port"] for row in lab.ask("grants")] == [40022]
    assert silent(lab, 4, 40023)
    lab.log.wait(src_ip=MEMBER[4], src_port=40023, reason="grant_source_port")
    assert connects(lab, 4, 40022)


@suite.check("postern open --window: the grant lasts as long as was asked for, not as the policy allows")
def window(lab):
    add_alice(lab)
    lab.listen(22, 4)
    postern_open(lab, "-4", "--window", "1s")
    assert lab.ask("grants")[0]["expires_in_ms"] <= 1000
    wait_until(lambda: lab.ask("grants")[0]["state"] == "expired", "the grant to expire")
    assert silent(lab, 4)
    lab.log.wait(src_ip=MEMBER[4], reason="grant_expired")


# --- connect ---------------------------------------------------------------------------------------------------------

def proxy_command(lab, family):
    """A real ssh through `postern connect`: in at once, by one attempt whose message names the connection's own port."""
    add_alice(lab)
    options = sshd.start(lab)
    with lab.capture() as capture:
        session = sshd.Session(lab, options, family, "echo in; cat", around=lambda *words: with_host(lab, *words))
        session.says("in")
        capture.stop()
    syns = [packet for packet in capture.incoming(port=22) if packet.is_syn()]
    assert len(syns) == 1 and syns[0].source == MEMBER[family], [(syn.source, syn.source_port) for syn in syns]
    flow, = lab.ask("flows")
    grants = {row["source"]: row["source_port"] for row in lab.ask("grants")}
    assert flow["source"] == MEMBER[family] and grants[MEMBER[family]] == flow["source_port"], (flow, grants)
    lines = lab.log.find(reason="spa_accepted")
    assert len({line["attempt"] for line in lines}) == 1 and not any(line["unbound"] for line in lines), lines
    assert silent(lab, family)
    session.echo("and it still talks")


for number in (4, 6):
    suite.add(f"ssh with ProxyCommand postern connect, IPv{number}: one SYN, one attempt, its own port named; nobody beside it",
              lambda lab, number=number: proxy_command(lab, number), f"proxy_command_v{number}")


@suite.check("postern connect to a name with both families: one connection, of one attempt")
def connect_by_name(lab):
    add_alice(lab)
    servers = [lab.listen(22, family) for family in (4, 6)]
    client = lab.member.popen(*with_host(lab, lab.program("postern"), "--profile", lab.profile(), "connect", HOST, "22"),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_until(lambda: any(server.poll() for server in servers), "the connection")
    (connection, *_), = [one for server in servers for one in server.poll()]
    connection.setblocking(True)
    client.stdin.write(b"there")
    client.stdin.flush()
    assert connection.recv(100) == b"there"
    connection.sendall(b"and back")
    connection.close()
    assert client.stdout.read() == b"and back"
    client.stdin.close()
    assert client.wait(10) == 0
    lab.settled()
    assert lab.verdicts()["grant_active"] == 1, lab.verdicts()
    assert len({line["attempt"] for line in lab.log.find(reason="spa_accepted")}) == 1


# --- the demonstration -----------------------------------------------------------------------------------------------

@suite.check("tests/demo: every step is shown, exit code 0, nothing stays behind", daemon=False, rules=False)
def demonstration(lab):
    def left():
        return set(glob.glob(f"{tempfile.gettempdir()}/postern-demo.*")), {name for name in os.listdir("/run/netns") if name.startswith("pd")}
    before = left()
    done = run([os.path.join(HERE, "../demo"), lab.build], check=False, timeout=300)
    steps = [line for line in done.stdout.splitlines() if line.startswith("== ")]
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(steps) == 8 and steps[-1].startswith("== Done"), steps
    assert done.stdout.count("    logged in as root on the gateway") == 2, done.stdout
    for reason in ("no_grant", "spa_accepted", "grant_active", "grant_used"):
        assert f'"reason":"{reason}"' in done.stdout, reason
    assert left() == before, "the demonstration left something"


if __name__ == "__main__":
    suite.main()
