#!/usr/bin/env python3
"""`gateway.observe: true`: everything is let in, with the daemon and without, and the log says what would have been."""
import signal
import socket

from lab import GATEWAY, MEMBER, STRANGER
from namespaces import wait_until
from spa import seal
from suite import Suite, connects

suite = Suite(rules=False, daemon=False)


def let_in(lab, port, family=4, timeout=3.0):
    """Whether a stranger's TCP connection comes about."""
    return connects(lab.stranger, STRANGER[family], GATEWAY[family], port, timeout)


def observe(lab, word="true"):
    lab.set_policy("gateway.observe", word)


@suite.check("a stranger gets in where rules and policy observe, and the log says that it would have been no_grant")
def told(lab):
    observe(lab)
    lab.rules("apply")
    lab.start()
    for family in (4, 6):
        for port in (22, 80):
            lab.listen(port, family)
            assert let_in(lab, port, family), f"IPv{family}, port {port}: refused"
        line = lab.log.wait(src_ip=STRANGER[family], reason="no_grant")
        assert line["verdict"] == "drop" and line["observe"] is True, line
        assert lab.log.wait(src_ip=STRANGER[family], reason="no_service")["observe"] is True
    lab.knock(seal(lab, source=MEMBER[4]), MEMBER[4])
    assert connects(lab.member, MEMBER[4], GATEWAY[4], 22)
    assert "observe" not in lab.log.wait(client="alice", reason="grant_active")
    assert any("observe" in warning for warning in lab.ask("status")["warnings"])


@suite.check("where the daemon is killed, everything still gets in")
def alone(lab):
    observe(lab)
    lab.rules("apply")
    lab.listen(22)
    assert let_in(lab, 22), "refused before the daemon's start"
    lab.start()
    assert let_in(lab, 22)
    lab.stop(signal.SIGKILL)
    assert let_in(lab, 22), "refused behind the daemon's end"


@suite.check("rules that guard refuse, whatever the daemon's policy says of observing; and the other way round")
def doubt(lab):
    lab.rules("apply")
    observe(lab)
    lab.start()
    lab.listen(22)
    assert not let_in(lab, 22, timeout=0.5), "let in by guarding rules"
    lab.log.wait(src_ip=STRANGER[4], reason="no_grant")
    lab.rules("apply")
    assert let_in(lab, 22), "refused where both observe"
    observe(lab, "false")
    lab.control("reload", "--backend", lab.backend, root=True)
    assert not let_in(lab, 22, timeout=0.5), "let in where both guard"


@suite.check("a flow that was let in by observing is judged when the rules guard")
def afterwards(lab):
    observe(lab)
    lab.rules("apply")
    lab.start()
    server = lab.listen(22, kind=socket.SOCK_DGRAM)
    with lab.stranger.bound(socket.SOCK_DGRAM, STRANGER[4]) as sock:
        sock.connect((GATEWAY[4], 22))
        sock.send(b"one")
        server.wait()
        observe(lab, "false")
        lab.control("reload", "--backend", lab.backend, root=True)
        before = lab.queued()
        sock.send(b"two")
        wait_until(lambda: lab.queued() > before, "the datagram in a queue")
        lab.settled()
    assert len(server.poll()) == 1, "let in by the mark of a ruleset that observed"


suite.main()
