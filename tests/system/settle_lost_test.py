#!/usr/bin/env python3
"""Settle lost: another program's rule in front takes our mark away; the daemon notices, says so and is not worn out."""
import socket
import time

import packets
from lab import GATEWAY, phantom
from spa import seal
from suite import Skip, Suite

LIMIT = 256  # accepts of one flow in a second
suite = Suite(services=("ssh=tcp/22", "dns=udp/5300"))


def wg_quick(lab):
    """wg-quick's rule, in front of our jump; with nftables, in our chain: no other is passed again."""
    if lab.backend == "nftables":
        lab.gateway.run("nft", "insert rule inet postern gate meta l4proto udp meta mark set ct mark")
        return
    for tool in ("iptables", "ip6tables"):
        lab.gateway.run(tool, "-t", "mangle", "-I", "PREROUTING", "-p", "udp", "-j", "CONNMARK", "--restore-mark")


def show(lab, family):
    """Datagrams of an accepted flow: at most 256 rounds through the queue a second, then a drop each."""
    wg_quick(lab)
    source = phantom(1, family)
    lab.listen(5300, family, socket.SOCK_DGRAM)
    lab.knock(seal(lab, source=source, services=["dns"]), source, family)
    before, began, sent = lab.queued(), time.monotonic(), 500
    sender = lab.sender()
    for _ in range(sent):
        sender.send(packets.udp(source, GATEWAY[family], 5000, 5300, b"x"))
    lab.status()
    seconds = int(time.monotonic() - began) + 2  # seconds that were begun, counted from either side
    rounds = lab.queued() - before - sent
    assert 0 < rounds <= LIMIT * seconds, f"{rounds} rounds in {seconds} s for {sent} datagrams"
    verdicts = lab.verdicts()
    assert verdicts["settle_lost"] >= 1, verdicts
    lab.log.wait(reason="settle_lost", src_ip=source)
    text = lab.control("status").stdout
    assert "settle_lost" in text and "mark" in text, text
    return f"{sent} datagrams, {rounds} rounds more"


@suite.check("wg-quick's CONNMARK --restore-mark in front, IPv4: at most 256 packets a second, and status says why")
def restored_v4(lab):
    return show(lab, 4)


@suite.check("wg-quick's CONNMARK --restore-mark in front, IPv6: at most 256 packets a second, and status says why")
def restored_v6(lab):
    return show(lab, 6)


@suite.check("without that rule the same datagrams pass, and only the first comes to the queue")
def control(lab):
    pass_once(lab)


@suite.check("with nftables such a rule in a chain of its own takes no mark away")
def apart(lab):
    if lab.backend != "nftables":
        raise Skip("of the backend nftables")
    lab.gateway.run("nft", "table inet wg { chain pre { type filter hook prerouting priority -151; "
                    "meta l4proto udp meta mark set ct mark; }; }")
    pass_once(lab)


def pass_once(lab):
    """Datagrams of an accepted flow all reach the server, and only the first one the queue."""
    source = phantom(1)
    server = lab.listen(5300, 4, socket.SOCK_DGRAM)
    lab.knock(seal(lab, source=source, services=["dns"]), source, 4)
    before = lab.queued()
    sender = lab.sender()
    sender.send(packets.udp(source, GATEWAY[4], 5000, 5300, b"x"))
    server.wait(1)
    for _ in range(500):
        sender.send(packets.udp(source, GATEWAY[4], 5000, 5300, b"x"))
    server.wait(501)
    assert lab.queued() - before == 1, lab.queued() - before


if __name__ == "__main__":
    suite.main()
