"""A capture at the gateway beside the daemon and its rules, and what posternctl makes of it afterwards.

agrees() and unseen() hold the three against each other: what the capture tells from an empty state is what the log
tells, and what the daemon never saw is what the rules counted, word by word.
"""
import collections
import json
import os
import shutil
import signal
import struct
import subprocess

import counters
from lab import GATEWAY
from namespaces import wait_until
from suite import Skip

# What rules count that is not queued; `revoked` by the packets that came in, since what is sent dies before a capture.
WORDS = ("established", "again", "invalid", "related", "nd", "mld", "igmp", "dhcp", "break-glass", "open", "unmatched",
         "revoked")


class Tcpdump:
    """A capture file of an interface of the gateway, from here to stop()."""

    def __init__(self, lab, interface, name, *words):
        if not shutil.which("tcpdump"):
            raise Skip("tcpdump is not installed")
        self.path = lab.path(name)
        self.process = lab.gateway.popen("tcpdump", "-i", interface, "-w", self.path, "-U", "--immediate-mode", "-Z",
                                         "root", "-B", "16384", *words, stderr=subprocess.PIPE, text=True)
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

    def ends(self):
        """Flows that ended: what, protocol, source."""
        return [(line["postern"]["what"], line["proto"], line["src_ip"]) for line in self.lines
                if line["event_type"] == "flow"]

    def events(self):
        """Grants made and used, in their order: reason, source, port, client, service and number."""
        return events(self.lines)


def events(lines):
    """The same of any lines."""
    told = [{**line, **line["postern"]} for line in lines if line["event_type"] == "verdict"]
    return [(line["reason"], line["src_ip"], line["src_port"], line["client"], line.get("service"), line.get("grant"))
            for line in told if line["reason"] in ("spa_accepted", "knock_opened", "grant_active")]


def rule_counters(lab):
    """Packets that came in, by the word of the rule."""
    count = collections.Counter()
    for rule in counters.rules(lab.gateway, lab.backend):
        if rule.chain not in ("out", "hush"):
            count[rule.word] += rule.packets
    return count


def own_addresses():
    """The words that name the gateway's own addresses."""
    return [word for family in (4, 6) for word in ("--local", GATEWAY[family])]


def records(path):
    """The header of a capture in this machine's order with microseconds, and its records: seconds, the rest of the
    head, the frame."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:4] == struct.pack("=I", 0xA1B2C3D4), data[:4]
    found, at = [], 24
    while at < len(data):
        seconds, micro, kept, length = struct.unpack_from("=IIII", data, at)
        found.append((seconds, micro, length, data[at + 16:at + 16 + kept]))
        at += 16 + kept
    return data[:24], found


def rewritten(path, new, link, change=lambda frame: frame, shift=0):
    """The same capture in another file: with that link type, its frames changed, its clock `shift` seconds later."""
    head, found = records(path)
    with open(new, "wb") as file:
        file.write(head[:20] + struct.pack("=I", link))
        for seconds, micro, length, frame in found:
            other = change(frame)
            file.write(struct.pack("=IIII", seconds + shift, micro, len(other), length + len(other) - len(frame)) + other)
    os.chmod(new, 0o644)
    return new


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


def agrees(explained, verdicts, log):
    """The capture tells what status and log tell."""
    assert explained.sums["verdicts"] == dict(verdicts), f"explained {explained.sums['verdicts']}, status {verdicts}"
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


