#!/usr/bin/env python3
"""Strangers cannot hurt members: a flood of SYNs from the member's own address breaks no attempt and gets nowhere."""
import random
import time

import packets
from burst import Flag, join, spawn
from lab import GATEWAY, MEMBER
from namespaces import wait_until
from suite import Skip, Suite

RATE = 10_000  # SYNs a second
BATCH = 100
suite = Suite()


def flood(sender, family, stop, sent):
    """SYNs to the service from the member's address and random ports, RATE a second, until told to stop."""
    pool = [packets.tcp(MEMBER[family], GATEWAY[family], random.randrange(1024, 65536), 22,
                        sequence=random.getrandbits(32)) for _ in range(20_000)]
    began, number = time.monotonic(), 0
    while not stop.value():
        for _ in range(BATCH):
            sender.send(pool[number % len(pool)])
            number += 1
        sent.set(number)
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))


def show(lab, progress, family):
    """`postern connect` again and again during the flood; all of them get in and nobody else."""
    attempts = suite.count(25, 100)
    server = lab.listen(22, family)
    lab.log.update()
    stop, sent = Flag(), Flag()
    with lab.capture() as capture:
        pid = spawn(lambda: flood(lab.sender("stranger"), family, stop, sent))
        try:
            wait_until(lambda: sent.value() > RATE // 10, "the flood to begin")
            began, before = time.monotonic(), sent.value()
            for number in range(attempts):
                progress(number, attempts)
                connect(lab, server, family, number)
            rate = (sent.value() - before) / (time.monotonic() - began)
        finally:
            stop.set(1)
            join([pid])
        capture.stop()
    lab.status()
    answered = {(packet.port, packet.acknowledgement) for packet in capture.outgoing() if packet.is_syn_ack()}
    assert len(answered) == attempts, f"{len(answered)} connections were answered, {attempts} were asked for"
    lines = lab.log.find(reason="grant_active")
    assert len(lines) == attempts and all(line["client"] == "alice" for line in lines), f"{len(lines)} accepts logged"
    assert lab.verdicts()["grant_active"] == attempts, lab.verdicts()
    shown = f"{attempts} of {attempts} in, {sent.value()} forged SYNs, {rate:.0f} a second"
    if rate <= 0.9 * RATE:
        raise Skip(f"this machine makes too thin a flood: {shown}")
    return shown


def connect(lab, server, family, number):
    """One `postern connect`: the server's greeting has to arrive through it."""
    client = lab.member.popen(lab.program("postern"), "--profile", lab.profile(), "connect", GATEWAY[family], "22",
                              stdin=-1, stdout=-1, stderr=-1)
    wait_until(lambda: server.poll() or client.poll() is not None, f"connection {number}", 10)
    assert server.accepted, f"connection {number}: {client.stderr.read().decode()}"
    server.accepted[0][0].sendall(b"welcome\n")
    server.forget()
    out, _ = client.communicate(timeout=10)
    assert out == b"welcome\n", f"connection {number}: got {out!r}"


@suite.check("10 000 forged SYNs a second from the member's address, IPv4: every `postern connect` gets in, no other")
def forged_v4(lab, progress):
    return show(lab, progress, 4)


@suite.check("10 000 forged SYNs a second from the member's address, IPv6: every `postern connect` gets in, no other",
             family=6)
def forged_v6(lab, progress):
    return show(lab, progress, 6)


if __name__ == "__main__":
    suite.main()
