#!/usr/bin/env python3
"""Explain, live: every verdict on a followed source as it happens, and nobody is held up by who follows."""
import json
import re
import signal
import subprocess
import threading

import packets
from lab import GATEWAY, SPA_PORT, phantom
from namespaces import end, wait_until
from recording import judged
from spa import seal
from suite import Suite

suite = Suite()


class Live:
    """posternctl explain --live, its lines as they come."""

    def __init__(self, lab, source_, *words):
        program = [lab.program("posternctl"), "-c", lab.policy, "--json", "explain", "--live", source_, *words]
        self.process = lab.gateway.popen(*program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.said = [], []
        self.readers = [threading.Thread(target=self._collect, args=one, daemon=True) for one in (
            (self.process.stdout, self.lines, json.loads), (self.process.stderr, self.said, str.rstrip))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _collect(pipe, into, read):
        for line in pipe:
            into.append(read(line))

    def missing(self):
        """How many packets it was told to have missed."""
        found = (re.search(r"warning: (\d+) packets are missing", line) for line in list(self.said))
        return sum(int(match[1]) for match in found if match)

    def reasons(self, count):
        """The reasons of the first so many verdicts, each with its advice."""
        wait_until(lambda: len(self.lines) >= count, f"{count} verdicts")
        return [(line["src_ip"], line["postern"]["reason"]) for line in self.lines[:count]]

    def wait(self):
        """Its exit code, when all was read."""
        code = self.process.wait(20)
        for reader in self.readers:
            reader.join(5)
        return code


def following(lab, *sources):
    """Live followers of sources, of whom the daemon knows."""
    live = [Live(lab, one) for one in sources]
    for one, address in zip(live, sources):
        wait_until(lambda one=one: one.said, "the daemon's answer")
        assert one.said == [f"posternctl: follows {address}"], one.said
    return live


@suite.check("live: every verdict on a followed source with its reason and advice, also what the log only counts; none "
             "on others; a prefix; two at a time")
def live(lab):
    stranger, network = following(lab, "100.64.0.1", "100.64.0.0/16")
    expected = []
    for packet, reason in (
            (packets.tcp(phantom(1), GATEWAY[4], 4000, 22), "no_grant"),
            (packets.tcp(phantom(1), GATEWAY[4], 4000, 23), "no_service"),
            (packets.udp(phantom(1), GATEWAY[4], 5000, SPA_PORT, seal(lab, source=phantom(1), fault="wrong_psk")),
             "spa_unauthentic"),
            (packets.udp(phantom(1), GATEWAY[4], 5000, SPA_PORT, seal(lab, source=phantom(9))), "spa_source"),
            (packets.udp(phantom(1), GATEWAY[4], 5000, SPA_PORT, seal(lab, source=phantom(1))), "spa_accepted"),
            (packets.tcp(phantom(1), GATEWAY[4], 4000, 22), "grant_active"),
            (packets.tcp(phantom(1), GATEWAY[4], 4001, 22), "grant_used"),
            *[(packets.tcp(phantom(1), GATEWAY[4], 4002, 22), "grant_used")] * 20):
        judged(lab, "member", packet)
        expected.append((phantom(1), reason))
    seen = stranger.reasons(len(expected))
    assert seen == expected, seen
    judged(lab, "member", packets.tcp(phantom(2), GATEWAY[4], 4000, 22))
    judged(lab, "member", packets.tcp(phantom(1 << 16), GATEWAY[4], 4000, 22))
    judged(lab, "member", packets.tcp(phantom(3), GATEWAY[4], 4000, 22))
    more = [(phantom(2), "no_grant"), (phantom(3), "no_grant")]
    seen = network.reasons(len(expected) + 2)
    assert seen == expected + more, seen
    assert len(stranger.lines) == len(expected), stranger.lines[len(expected):]
    refused = [line["postern"] for line in network.lines
               if line["postern"]["reason"] not in ("spa_accepted", "grant_active")]
    assert all(line["advice"] for line in refused), refused
    accepted = next(line for line in stranger.lines if line["postern"]["reason"] == "grant_active")
    assert accepted["postern"]["client"] == "alice" and accepted["postern"]["grant"] == 1, accepted


def nothing_untold(lab, follower, sent):
    """Sends on until the follower reads again; what it read and what it was told to have missed are all packets."""
    def reads():
        nonlocal sent
        sent += 1
        judged(lab, "member", packets.tcp(phantom(1), GATEWAY[4], 60000, 22))
        return any(line["src_port"] == 60000 for line in follower.lines)
    wait_until(reads, "the follower to read again", 20)
    wait_until(lambda: len(follower.lines) + follower.missing() == sent, f"{sent} packets in lines and losses")
    assert follower.missing() > 0, "nothing was lost, so nothing was shown"
    return sent


@suite.check("live: who stops reading, or is the fifth, holds nobody up; the end of the daemon is said; text says why")
def live_limits(lab):
    stopped, *others = following(lab, *[phantom(1)] * 4)
    fifth = Live(lab, phantom(1))
    assert fifth.wait() == 1 and "others follow" in fifth.said[0], fifth.said
    stopped.process.send_signal(signal.SIGSTOP)
    for number in range(3000):
        lab.sender().send(packets.tcp(phantom(1), GATEWAY[4], 1024 + number, 22))
    lab.settled()
    judged(lab, "member", packets.tcp(phantom(2), GATEWAY[4], 4000, 22))
    assert lab.log.wait(src_ip=phantom(2))["reason"] == "no_grant"
    stopped.process.send_signal(signal.SIGCONT)
    sent = nothing_untold(lab, stopped, 3000)
    detail = f"{sent} packets, {len(stopped.lines)} read, {stopped.missing()} told as missing"
    end(others.pop().process)
    text = lab.control("explain", "--live", phantom(3), "--for", "1s").stdout
    assert text == "", text
    process = lab.gateway.popen(lab.program("posternctl"), "-c", lab.policy, "explain", "--live", phantom(3), "--count",
                                "1", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "follows" in process.stderr.readline()
    judged(lab, "member", packets.tcp(phantom(3), GATEWAY[4], 4000, 22))
    assert process.wait(10) == 0
    said = process.stdout.read()
    assert "drop       no_grant" in said and "needed: an SPA message or a knock" in said, said
    lab.stop()
    for one in others:
        assert one.wait() == 1 and "daemon has ended" in one.said[-1], one.said
    return detail


if __name__ == "__main__":
    suite.main()
