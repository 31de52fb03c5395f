#!/usr/bin/env python3
"""Explain: a capture of what happened at the gate tells the same as the daemon that was there, and as the rules.

tcpdump records at the guarded interface while members open, strangers scan and replays come. Run through the policy
from an empty state, the capture gives the live log's accepts and grants, its sums by reason and by source, and for what
the daemon never saw the very words that the rules counted.
"""
import collections
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading

import counters
import packets
import sshd
from knocking import CLOSING, OFFICE, knocks
from knocking import packet as step_packet
from lab import GATEWAY, SPA_PORT, STRANGER, phantom, source
from namespaces import end, run, wait_until
from spa import seal
from suite import Skip, Suite, errno_of_connect

WORDS = ("established", "again", "invalid", "related", "break-glass")  # of the rules' counters
suite = Suite()


class Tcpdump:
    """A capture file of an interface of the gateway, from here to stop()."""

    def __init__(self, lab, interface, name):
        if not shutil.which("tcpdump"):
            raise Skip("tcpdump is not installed")
        self.path = lab.path(name)
        self.process = lab.gateway.popen("tcpdump", "-i", interface, "-w", self.path, "-U", "--immediate-mode", "-Z",
                                         "root", "-B", "16384", stderr=subprocess.PIPE, text=True)
        self.lines = []
        while "listening on" not in (self.lines or [""])[-1]:
            line = self.process.stderr.readline()
            assert line, f"tcpdump ended: {self.lines}"
            self.lines.append(line)

    def stop(self):
        """Ends the capture; fails where it lost a packet."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.stderr.read()
        self.process.wait(10)
        assert "\n0 packets dropped by kernel" in said, said
        os.chmod(self.path, 0o644)
        return self.path


class Explained:
    """What posternctl says of a capture."""

    def __init__(self, lab, path, *words):
        done = lab.control("--json", "explain", "--pcap", path, *words)
        self.lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.sums = self.lines.pop()["postern"]

    def packets(self):
        """The lines that are about a packet."""
        return [line for line in self.lines if "pcap_cnt" in line]

    def events(self):
        """Grants made and used, in their order: reason, source, port, client, service and number."""
        return events(self.lines)


def events(lines):
    """The same of any lines."""
    told = [{**line, **line["postern"]} for line in lines if line["event_type"] == "verdict"]
    return [(line["reason"], line["src_ip"], line["src_port"], line["client"], line.get("service"), line.get("grant"))
            for line in told if line["reason"] in ("spa_accepted", "knock_opened", "grant_active")]


def rule_counters(lab):
    """Packets by the word of the rule."""
    count = collections.Counter()
    for rule in counters.rules(lab.gateway, lab.backend):
        count[rule.word] += rule.packets
    return count


def quiet(lab, captures):
    """Waits until the rules count nothing more and every capture has written what they counted."""
    def look():
        return rule_counters(lab), [os.path.getsize(capture.path) for capture in captures]
    wait_until(lambda: look() == look() == look(), "silence at the gateway")


def judged(lab, role, packet):
    """Sends a packet that will be queued and waits for its verdict, so that everything has one order."""
    before = lab.queued()
    lab.sender(role).send(packet)
    wait_until(lambda: lab.queued() > before, "a packet in the queue")
    lab.status()


def scan(lab, family):
    """A stranger tries ports, protocols, odd flags and fragments."""
    from_, to = STRANGER[family], GATEWAY[family]
    for port in (22, 80, 443, 8080):
        judged(lab, "stranger", packets.tcp(from_, to, 40000, port))
    for flags in (packets.ACK, packets.SYN | packets.FIN, 0, packets.FIN | packets.PSH | packets.URG, packets.RST,
                  packets.SYN | packets.ACK, packets.FIN | packets.ACK):
        lab.sender("stranger").send(packets.tcp(from_, to, 40001, 22, flags))
    for data in (b"", b"x" * 100, b"x" * 300, b"x" * 600):
        judged(lab, "stranger", packets.udp(from_, to, 40002, SPA_PORT, data))
    judged(lab, "stranger", packets.udp(from_, to, 40002, 53, b"x"))
    judged(lab, "stranger", packets.echo_request(from_, to, 7))
    judged(lab, "stranger", packets.sctp_init(from_, to, 40003, 22))
    for piece in packets.fragments(packets.tcp(from_, to, 40004, 22)):
        lab.sender("stranger").send(piece)
    for piece in packets.fragments(packets.tcp(from_, to, 40005, 22), ident=0x4343)[:-1]:
        lab.sender("stranger").send(piece)
    for piece in reversed(packets.fragments(packets.tcp(from_, to, 40006, 22, data=b"x" * 44), size=24, ident=0x4444)):
        lab.sender("stranger").send(piece)
    lab.settled()


def member(lab, number, family):
    """A member's whole visit: SPA, connection, talk, its end; the same message again, from here and from elsewhere."""
    address = source(number, family)
    datagram = seal(lab, source=address)
    spa = packets.udp(address, GATEWAY[family], 5000, SPA_PORT, datagram)
    judged(lab, "member", spa)
    sock = lab.member.bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[family], 22))
    assert errno_of_connect(sock) == 0, "the member was not let in"
    judged(lab, "member", spa)
    other = phantom(number, family)
    judged(lab, "stranger", packets.udp(other, GATEWAY[family], 5000, SPA_PORT, datagram))
    judged(lab, "member", packets.tcp(address, GATEWAY[family], 4001, 22))
    sock.close()


def faults(lab):
    """Messages that do not open, each from a source of its own."""
    for number, wish in enumerate(({"fault": "wrong_psk"}, {"fault": "unknown_client"}, {"offset": 120},
                                   {"services": ["ssh"], "gateway_name": "gw2.example.net"}, {"fault": "tag_bit"})):
        address = phantom(100 + number)
        judged(lab, "member", packets.udp(address, GATEWAY[4], 5000, SPA_PORT, seal(lab, source=address, **wish)))


def retransmissions(lab):
    """A SYN let in that comes again, before and after its first verdict settled; its server never hears the client."""
    address = phantom(200)
    judged(lab, "member", packets.udp(address, GATEWAY[4], 5000, SPA_PORT, seal(lab, source=address)))
    judged(lab, "member", packets.tcp(address, GATEWAY[4], 4000, 22))
    for _ in range(3):
        lab.sender().send(packets.tcp(address, GATEWAY[4], 4000, 22))


def knock(lab):
    """A knock, the connection behind it, and the closing sequence that ends it: its last packet is `revoked`."""
    address = source(20)
    for step in OFFICE[:2] + OFFICE[1:]:
        judged(lab, "member", step_packet(step, address, 4))
    sock = lab.member.bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[4], 22))
    assert errno_of_connect(sock) == 0, "the knock let nobody in"
    wait_until(lambda: select.select([sock], [], [], 0)[0], "the server's first words")
    for step in CLOSING:
        judged(lab, "member", step_packet(step, address, 4))
    lab.log.wait(event_type="flow", what="close_knock")
    sock.close()


def everything(lab):
    """All of it, ssh by the real client included."""
    options = sshd.start(lab)
    for family in (4, 6):
        scan(lab, family)
        member(lab, 1 + family, family)
    faults(lab)
    knock(lab)
    session = sshd.Session(lab, options, 4, "cat")
    session.echo("hello")
    retransmissions(lab)
    lab.settled()
    return session


def agrees(lab, explained, log):
    """The capture tells what status, log and rules tell."""
    verdicts = dict(lab.verdicts())
    assert explained.sums["verdicts"] == verdicts, f"explained {explained.sums['verdicts']}, status {verdicts}"
    assert explained.events() == events(log), f"explained {explained.events()}, log {events(log)}"
    by_source = collections.defaultdict(collections.Counter)
    for line in log:
        if line["event_type"] in ("verdict", "repeats"):
            by_source[line["src_ip"]][line["reason"]] += line.get("count", 1)
    for address, words in explained.sums["sources"].items():
        told = {word: count for word, count in words.items() if word in verdicts}
        assert told == dict(by_source.pop(address, {})), f"{address}: explained {words}"
    assert not by_source, f"only in the log: {dict(by_source)}"


def unseen(explained, counted):
    """What the queue did not see is what the rules passed or dropped, word by word."""
    told = explained.sums["not_queued"]
    for word in WORDS:
        assert told.get(word.replace("-", "_"), 0) == counted[word], f"{word}: explained {told}, rules {counted}"
    incoming = [line for line in explained.packets() if line["postern"]["reason"] not in ("outgoing", "not_ip")]
    queued = sum(line["event_type"] == "verdict" for line in incoming)
    assert queued == counted["queue"], f"explained {queued} as queued, rules {counted['queue']}"
    total = sum(sum(explained.sums[kind].values()) for kind in ("verdicts", "not_queued", "unjudged"))
    assert total == explained.sums["packets"] == len(explained.packets())


@suite.check("a capture at the guarded interface: the accepts, grants and sums of the live log, and not_queued for "
             "what the rules counted; the same of a cooked capture")
def same_as_live(lab):
    lab.set_policy("gateway.break_glass", "[203.0.113.77]")
    lab.rules("apply")
    knocks(lab, office=(OFFICE, {"closes_with": f"[{', '.join(CLOSING)}]"}))
    before = rule_counters(lab)
    captures = [Tcpdump(lab, "gw0", "gw0.pcap"), Tcpdump(lab, "any", "any.pcap")]
    lab.sender("stranger").send(packets.tcp("203.0.113.77", GATEWAY[4], 40000, 22, sequence=9))
    session = everything(lab)
    quiet(lab, captures)
    paths = [capture.stop() for capture in captures]
    counted = rule_counters(lab) - before
    local = [word for family in (4, 6) for word in ("--local", GATEWAY[family])]
    explained = Explained(lab, paths[0], *local)
    end(session.process)
    unseen(explained, counted)
    cooked = Explained(lab, paths[1], *local)
    unseen(cooked, counted)
    verdicts = lab.verdicts()
    lab.stop()
    lab.verdicts = lambda: verdicts
    log = lab.log.update()
    agrees(lab, explained, log)
    agrees(lab, cooked, log)
    keyless(lab, paths[0])
    seen = {line["postern"]["reason"] for line in explained.packets()}
    wanted = {"incomplete", "outgoing", "revoked", "spa_replayed", "spa_unauthentic", "grant_used", "knock_closed"}
    assert wanted <= seen, seen
    assert explained.sums["not_queued"]["revoked"] == 1, explained.sums
    assert [line["postern"]["what"] for line in explained.lines if line["event_type"] == "flow"] == ["close_knock"]
    return f"{len(explained.packets())} packets, {sum(explained.sums['verdicts'].values())} verdicts, " \
           f"{len(explained.events())} grants made and used"


def keyless(lab, path):
    """The same capture with the policy and without keys: only the knock opens, SPA is told apart, and nothing fails."""
    folder = lab.path("elsewhere")
    shutil.copytree(lab.directory, folder, ignore=shutil.ignore_patterns("*.key", "*.psk", "*.seed", "*.sock", "ssh",
                                                                        "*.json", "*.pcap", "*.fresh", "elsewhere"))
    run(["chown", "-R", "64124", folder])
    done = lab.gateway.run("setpriv", "--reuid=64124", "--regid=64124", "--clear-groups", "--bounding-set=-all",
                           "--inh-caps=-all", lab.program("posternctl"), "-c", f"{folder}/postern.yaml", "--json",
                           "explain", "--pcap", path, "--local", GATEWAY[4], "--local", GATEWAY[6])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    sums = lines.pop()["postern"]
    assert "gateway.key" in done.stderr, done.stderr
    assert sums["unjudged"]["no_key"] > 0, sums
    assert [(event[0], event[3]) for event in events(lines)] == [("knock_opened", "office"), ("grant_active", "office")]
    assert not any(word.startswith("spa_") and word != "spa_length" for word in sums["verdicts"]), sums


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
