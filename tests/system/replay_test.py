#!/usr/bin/env python3
"""Replay: an SPA that was sent once opens nothing when it is sent again, whoever sends it, and through whatever queue."""
import packets
from burst import at_once
from lab import GATEWAY, SPA_PORT, phantom
from namespaces import wait_until
from spa import seal
from suite import Suite

suite = Suite()


def captured(lab, source, family, **wish):
    """An SPA that opens, as an eavesdropper has it: from the capture at the gateway. Its grant is used up."""
    lab.listen(22, family) if not lab.listeners else None
    with lab.capture() as capture:
        lab.knock(seal(lab, source=source, **wish), source, family)
        lab.sender().send(packets.tcp(source, GATEWAY[family], 4000, 22))
        lab.log.wait(src_ip=source, reason="grant_active")
        capture.stop()
    datagram = capture.incoming(source=source, port=SPA_PORT)[0]
    return datagram.transport[8:]


def opens_nothing(lab, source, family):
    """A SYN from `source` is refused."""
    before = lab.verdicts()
    lab.sender().send(packets.tcp(source, GATEWAY[family], 4001, 22))
    wait_until(lambda: sum(lab.verdicts().values()) > sum(before.values()), "the SYN's verdict")
    new = lab.verdicts() - before
    assert new["grant_active"] == 0 and new["no_grant"] + new["grant_used"] == 1, dict(new)


def send(lab, source, family, datagram, port=5001):
    """Sends an SPA datagram and returns its verdicts, by reason."""
    before = lab.verdicts()
    lab.sender().send(packets.udp(source, GATEWAY[family], port, SPA_PORT, datagram))
    wait_until(lambda: sum(lab.verdicts().values()) > sum(before.values()), "the datagram's verdict")
    return lab.verdicts() - before


def show(lab, family):
    """The same bytes again: from the same address, from another one, and both at the same instant through two queues."""
    source, other = phantom(1, family), phantom(2, family)
    datagram = captured(lab, source, family)
    assert dict(send(lab, source, family, datagram)) == {"spa_replayed": 1}
    lab.log.wait(src_ip=source, reason="spa_replayed")
    opens_nothing(lab, source, family)
    refused = send(lab, other, family, datagram)
    assert dict(refused) in ({"spa_replayed": 1}, {"spa_source": 1}), refused
    opens_nothing(lab, other, family)
    lab.spread()
    before = lab.verdicts()
    at_once(*(lambda s=s: lab.sender().send(packets.udp(s, GATEWAY[family], 5002, SPA_PORT, datagram))
              for s in (source, source, other, other)))
    wait_until(lambda: sum((lab.verdicts() - before).values()) == 4, "four verdicts")
    new = lab.verdicts() - before
    assert new["spa_replayed"] + new["spa_source"] == 4, dict(new)
    opens_nothing(lab, source, family)
    opens_nothing(lab, other, family)


@suite.check("a captured SPA again, IPv4: from the same address, from another, from two queues at once: nothing")
def again_v4(lab):
    show(lab, 4)


@suite.check("a captured SPA again, IPv6: from the same address, from another, from two queues at once: nothing")
def again_v6(lab):
    show(lab, 6)


@suite.check("an SPA that names no address, again from another one: nothing")
def unbound(lab):
    datagram = captured(lab, phantom(1), 4, as_seen=True)
    assert dict(send(lab, phantom(2), 4, datagram)) == {"spa_replayed": 1}
    opens_nothing(lab, phantom(2), 4)


@suite.check("two copies of a fresh SPA at the same instant through two queues: one grant, one flow")
def fresh_twice(lab, progress):
    lab.spread()
    lab.listen(22, 4)
    rounds = suite.count(20, 100)
    for number in range(rounds):
        progress(number, rounds)
        source, datagram = phantom(number), seal(lab, source=phantom(number))
        before = lab.verdicts()
        at_once(*[lambda: lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))] * 2)
        wait_until(lambda: sum((lab.verdicts() - before).values()) == 2, "two verdicts")
        new = lab.verdicts() - before
        assert dict(new) == {"spa_accepted": 1, "spa_replayed": 1}, dict(new)
        at_once(*(lambda port=port: lab.sender().send(packets.tcp(source, GATEWAY[4], port, 22)) for port in (1, 2)))
        wait_until(lambda: sum((lab.verdicts() - before).values()) == 4, "two verdicts more")
        assert (lab.verdicts() - before)["grant_active"] == 1, dict(lab.verdicts() - before)
    return f"{rounds} rounds"


def after(lab, again, reason):
    """The same bytes after the daemon began anew or read its policy anew, while they are still fresh: nothing."""
    source = phantom(1)
    datagram = captured(lab, source, 4)
    again()
    assert dict(send(lab, source, 4, datagram)) == {reason: 1}
    opens_nothing(lab, source, 4)


@suite.check("a captured SPA after a reload: nothing")
def reloaded(lab):
    after(lab, lab.reload, "spa_replayed")


@suite.check("a captured SPA after a restart: nothing")
def restarted(lab):
    after(lab, lab.restart, "spa_replayed")


@suite.check("a captured SPA after kill -9 and a start: nothing")
def killed(lab):
    after(lab, lambda: lab.restart(9), "spa_old")


if __name__ == "__main__":
    suite.main()
