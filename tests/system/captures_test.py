#!/usr/bin/env python3
"""The recorded captures through `posternctl explain --pcap`: strangers' open nothing, the knock clients' what they should,
and every packet of a file is in its sums, whatever link type it was recorded on."""
import json
import os
import re

from recording import Explained, rewritten
from suite import Suite

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "pcap")
OPENING = {"spa_accepted", "spa_again", "knock_opened", "grant_active", "flow_again"}
# Link type by libpcap's number: what stands in front of a raw packet of IPv4 or IPv6.
LINKS = {
    1: lambda packet: b"\2" * 12 + ethertype(packet),
    101: lambda packet: b"",
    113: lambda packet: b"\0\0\0\1\0\6" + b"\0" * 8 + ethertype(packet),
    276: lambda packet: ethertype(packet) + b"\0\0\0\0\0\2\0\1\0\6" + b"\0" * 8,
}
suite = Suite(clients=(), rules=False, daemon=False)


def ethertype(packet):
    """Of a raw packet; whatever is no IPv6 counts as IPv4, as in raw captures."""
    return b"\x86\xdd" if packet and packet[0] >> 4 == 6 else b"\x08\0"


def captures(knocks):
    """(path, description) of the recorded captures: those of knock clients, or all others."""
    for name in sorted(os.listdir(VECTORS)):
        if name.endswith(".pcap") and knocks == bool(re.search("knock_", name)):
            with open(os.path.join(VECTORS, name.removesuffix("pcap") + "json"), encoding="utf-8") as file:
                yield os.path.join(VECTORS, name), json.load(file)


def sums_of(lab, path, told):
    """The sums of a capture, which must be its packets; and what it opened."""
    explained = Explained(lab, path)
    sums = explained.sums
    by_kind = sum(sum(sums[kind].values()) for kind in ("verdicts", "not_queued", "unjudged"))
    by_source = sum(sum(words.values()) for words in (*sums["sources"].values(), sums["without_source"]))
    assert by_kind == by_source == sums["packets"] == len(explained.packets()) == told["count"], f"{path}: {sums}"
    return sums, {word: count for word, count in sums["verdicts"].items() if word in OPENING}


def linked(lab, path, link):
    """The capture as recorded on another kind of link."""
    return rewritten(path, lab.path("linked.pcap"), link, lambda packet: LINKS[link](packet) + packet)


@suite.check("strangers' captures, with a policy that knocks and listens: nothing opens, the sums are the packets")
def strangers(lab):
    with open(lab.policy, "a", encoding="utf-8") as file:
        file.write("knocks:\n  office: {scheme: static, steps: [tcp/7000, udp/8000, tcp/9000], opens: ssh}\n")
    files = packets = 0
    for path, told in captures(knocks=False):
        sums, opened = sums_of(lab, path, told)
        assert not opened, f"{path}: {opened}"
        files, packets = files + 1, packets + sums["packets"]
    return f"{files} captures, {packets} packets"


@suite.check("captures of the real knock clients open what they should, once, and their sums are the packets")
def knocking(lab):
    with open(lab.policy, encoding="utf-8") as file:
        policy = file.read()
    files = 0
    for path, told in captures(knocks=True):
        steps = [f"{kind}/{port}" for kind, port in told.get("sequence", [])]
        steps += [f"tcp/{port}" for port in told.get("ports", [])][:16]  # no static sequence is longer
        with open(lab.policy, "w", encoding="utf-8") as file:
            file.write(policy + f"knocks:\n  office: {{scheme: static, steps: [{', '.join(steps)}], opens: ssh, "
                       "deadline: 60s}\n")
        _, opened = sums_of(lab, path, told)
        assert opened == {"knock_opened": 1}, f"{path}: {opened}"
        files += 1
    return f"{files} captures"


@suite.check("a capture says the same as raw IP, Ethernet and as cooked captures of both versions")
def links(lab):
    chosen = [(path, told) for path, told in captures(knocks=False)]
    step = suite.count(9, 1)
    for path, told in chosen[::step]:
        plain, _ = sums_of(lab, path, told)
        for link in LINKS:
            sums, _ = sums_of(lab, linked(lab, path, link), told)
            assert sums == plain, f"{path} as link type {link}: {sums}, raw {plain}"
    return f"{len(chosen[::step])} captures, {len(LINKS)} link types"


if __name__ == "__main__":
    suite.main()
