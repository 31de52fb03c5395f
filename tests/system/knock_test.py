#!/usr/bin/env python3
"""Static knocks: the real knock client and ours, lost order, duplicates, the closing sequence; scans, beside knockd."""
import itertools
import os
import shutil
import socket
import subprocess

import packets
import sshd
from knocking import CLOSING, OFFICE, knocks, packet
from lab import GATEWAY, MEMBER, phantom
from namespaces import end, wait_until
from suite import Skip, Suite, errno_of_connect

WITH_ECHO = ["icmp/echo-request", "tcp/7100", "udp/8100"]
PORTS = (7000, 8000, 9000)
suite = Suite(window="5m")


def send(lab, steps, source, family=4):
    """Sends the packets of steps, one behind the other."""
    for step in steps:
        lab.sender().send(packet(step, source, family))


def errno_of(lab, family, wait=3.0):
    """One connection to the service from the member's address: 0 or an errno."""
    with lab.member.bound(socket.SOCK_STREAM, MEMBER[family]) as sock:
        sock.setblocking(False)
        sock.connect_ex((GATEWAY[family], 22))
        return errno_of_connect(sock, wait)


# --- clients ---------------------------------------------------------------------------------------------------------

def real_client(lab, progress, family):
    """knock, then a connection at once, again and again; without a knock nothing."""
    if not shutil.which("knock"):
        raise Skip("knock is not installed")
    knocks(lab, office=OFFICE)
    lab.listen(22, family)
    assert errno_of(lab, family, 0.5), "a connection without a knock"
    rounds = suite.count(20, 1000)
    for number in range(rounds):
        progress(number, rounds)
        lab.member.run("knock", f"-{family}", GATEWAY[family], "7000:tcp", "8000:udp", "9000:tcp")
        assert errno_of(lab, family) == 0, f"round {number}: {dict(lab.verdicts())}"
    verdicts = lab.verdicts()
    assert verdicts["knock_opened"] == verdicts["grant_active"] == rounds, verdicts
    line = lab.log.find(reason="grant_active")[0]
    assert (line["client"], line["service"]) == ("office", "ssh"), line
    return f"{rounds} of {rounds}"


def our_client(lab, family):
    """postern knock with all three kinds of steps, as an ordinary user, then a connection."""
    knocks(lab, office=WITH_ECHO)
    lab.listen(22, family)
    words = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", lab.program("postern"), "knock", "-v",
             GATEWAY[family], *WITH_ECHO)
    refused = lab.member.run(*words, check=False)
    assert refused.returncode == 1 and "ping_group_range" in refused.stderr, refused.stderr
    lab.member.sysctl("ipv4/ping_group_range", "0 2147483647")
    said = lab.member.run(*words).stderr
    assert GATEWAY[family] in said and "udp/8100" in said, said
    assert errno_of(lab, family) == 0, dict(lab.verdicts())
    assert errno_of(lab, family, 0.5), "a second connection on one knock"
    lab.member.run(*words[:-3], *WITH_ECHO[1:], "--delay", "0")
    assert errno_of(lab, family, 0.5), "a connection without the first step"
    assert lab.log.find(reason="knock_opened")[0]["stage"] == 3


def no_wait(lab, progress, family):
    """The last step and the SYN behind it leave one after the other, with nothing awaited between."""
    knocks(lab, office=WITH_ECHO)
    rounds = suite.count(200, 5000)
    for number in range(rounds):
        progress(number, rounds)
        source = phantom(number, family)
        send(lab, WITH_ECHO, source, family)
        lab.sender().send(packets.tcp(source, GATEWAY[family], 4000, 22))
    verdicts = lab.verdicts()
    assert verdicts["knock_opened"] == verdicts["grant_active"] == rounds and not verdicts["no_grant"], verdicts
    return f"{rounds} of {rounds}"


# --- order and duplicates --------------------------------------------------------------------------------------------

def opened(lab):
    """The sources that a complete knock came from."""
    return sorted(line["src_ip"] for line in lab.log.find(reason="knock_opened"))


def order(lab, family):
    """Each kind of disorder from a source of its own: what opens and what does not."""
    knocks(lab, office=OFFICE + ["tcp/7500"])
    a, b, c, d = OFFICE + ["tcp/7500"]
    opening = [[a, b, c, d], [a, a, b, a, b, b, c, c, a, b, d], [a, c, b, d, a, b, c, d], [b, a, b, c, d],
               [a, "tcp/1", b, "udp/2", c, "icmp/echo-request", d],
               [a, b, "tcp/1", "tcp/2", "tcp/3", "tcp/4", a, b, c, d]]
    closed = [[a, c, b, d], [d, c, b, a], [a, b, d], [b, c, d], [a, b, "tcp/1", "tcp/2", "tcp/3", "tcp/4", c, d]]
    for number, steps in enumerate(opening + closed):
        send(lab, steps, phantom(number, family), family)
    should = sorted(phantom(number, family) for number in range(len(opening)))
    wait_until(lambda: opened(lab) == should, f"{should} to open")
    for number in range(len(opening + closed)):
        lab.sender().send(packets.tcp(phantom(number, family), GATEWAY[family], 4000, 22))
    verdicts = lab.verdicts()
    assert verdicts["grant_active"] == len(opening) and verdicts["no_grant"] == len(closed), verdicts
    assert verdicts["knock_opened"] == len(opening) and verdicts["knock_reset"] == 2, verdicts


@suite.check("strictness reset, tolerate and ignore beside each other, each with its own ports")
def strictness(lab):
    def own(first):
        return [f"tcp/{first}", f"tcp/{first + 500}", f"udp/{first + 250}"]
    knocks(lab, strict=(own(11000), {"strictness": "reset"}), loose=(own(12000), {"strictness": "ignore"}),
           narrow=(own(13000), {"strictness": "tolerate(1)"}))
    noise = [f"tcp/{port}" for port in range(1, 21)]
    tries = [(11000, 0, True), (11000, 1, False), (12000, 20, True), (13000, 1, True), (13000, 2, False)]
    for number, (first, wrong, _) in enumerate(tries):
        steps = own(first)
        send(lab, steps[:2] + noise[:wrong] + steps[2:], phantom(number))
    should = sorted(phantom(number) for number, (*_, opens) in enumerate(tries) if opens)
    wait_until(lambda: opened(lab) == should, f"{should} to open")
    verdicts = lab.verdicts()
    assert verdicts["knock_reset"] == 2 and verdicts["knock_opened"] == 3, verdicts


def spoken(lab, family):
    """The closing sequence ends a session whose server keeps talking; from another source it does not."""
    knocks(lab, office=(OFFICE, {"closes_with": f"[{', '.join(CLOSING)}]"}))
    options = sshd.start(lab)
    lab.member.run(lab.program("postern"), "knock", GATEWAY[family], *OFFICE)
    session = sshd.Session(lab, [*options, "-o", "ProxyCommand=none"], family, "while :; do echo tick; done")
    session.says("tick")
    flow = lab.ask("flows")[0]
    assert flow["client"] == "office", flow
    send(lab, CLOSING, phantom(1, family), family)
    lab.log.wait(src_ip=phantom(1, family), reason="knock_step")
    assert lab.verdicts()["knock_closed"] == 1 and len(lab.ask("flows")) == 1
    behind = lab.watch_behind()
    lab.member.run(lab.program("postern"), "knock", GATEWAY[family], *CLOSING)
    lab.log.wait(event_type="flow", what="close_knock", src_port=flow["source_port"], client="office")
    sshd.dead_both_ways(lab, session, flow["source_port"], behind)
    assert not lab.ask("flows"), lab.ask("flows")
    session.process.kill()


@suite.check("TCP steps with other flags than a SYN's reach the gate and are taken; a plain SYN there is not the step")
def other_flags(lab):
    steps = ["tcp/7000/ack", "tcp/9000/syn+urg", "tcp/8000/ack+psh"]
    knocks(lab, probe=steps)
    send(lab, steps, phantom(1))
    send(lab, ["tcp/7000", "tcp/9000", "tcp/8000"], phantom(2))
    send(lab, [steps[0], "tcp/9000", "tcp/8000/ack", steps[1], steps[2]], phantom(3))
    should = sorted([phantom(1), phantom(3)])
    wait_until(lambda: opened(lab) == should, f"{should} to open")
    verdicts = lab.verdicts()
    assert verdicts["knock_wrong"] == 2 and verdicts["no_service"] == 3, verdicts


@suite.check("revoke --client with a knock's name ends its live grant")
def revoke(lab):
    knocks(lab, office=OFFICE)
    send(lab, OFFICE, phantom(1))
    lab.log.wait(src_ip=phantom(1), reason="knock_opened", client="office", service="ssh")
    lab.control("revoke", "--client", "office")
    lab.log.wait(event_type="grant", what="revoked", src_ip=phantom(1), client="office")
    lab.sender().send(packets.tcp(phantom(1), GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=phantom(1), reason="no_grant")


@suite.check("a knock whose steps a reload changes: its grant is withdrawn, the new steps open, the old ones do not")
def changed(lab):
    knocks(lab, office=OFFICE)
    send(lab, OFFICE, phantom(1))
    lab.log.wait(src_ip=phantom(1), reason="knock_opened")
    with open(lab.policy, encoding="utf-8") as file:
        text = file.read()
    with open(lab.policy, "w", encoding="utf-8") as file:
        file.write(text.replace("tcp/9000", "tcp/9100"))
    lab.reload()
    lab.sender().send(packets.tcp(phantom(1), GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=phantom(1), reason="grant_withdrawn")
    send(lab, OFFICE, phantom(2))
    send(lab, [*OFFICE[:2], "tcp/9100"], phantom(3))
    lab.log.wait(src_ip=phantom(3), reason="knock_opened")
    assert lab.verdicts()["knock_opened"] == 2


# --- scans -----------------------------------------------------------------------------------------------------------

class Knockds:
    """A real knockd on the gateway's interface for each of some sequences, all of them new: one process of it tests a
    packet against one sequence only while its source is in that one."""

    def __init__(self, lab, sequences):
        if not os.path.exists("/usr/sbin/knockd"):
            raise Skip("knockd is not installed")
        self.opened = lab.path("knockd.opened")
        with open(self.opened, "w", encoding="ascii"):
            pass
        before = self._sockets(lab)
        self.processes = [self._start(lab, name, ports) for name, ports in sequences.items()]
        wait_until(lambda: self._sockets(lab) == before + len(sequences), "the packet sockets of knockd")

    @staticmethod
    def _sockets(lab):
        return len(lab.gateway.read("packet").splitlines())

    def _start(self, lab, name, ports):
        config = lab.path(f"knockd.{name}.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[options]\n  logfile = {config}.log\n[{name}]\n  sequence = {','.join(map(str, ports))}\n"
                       f"  seq_timeout = 30\n  tcpflags = syn\n  command = /bin/echo {name} >> {self.opened}\n")
        return lab.gateway.popen("/usr/sbin/knockd", "-i", "gw0", "-c", config, "-p", f"{config}.pid",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def names(self):
        """Which sequences were opened."""
        with open(self.opened, encoding="ascii") as file:
            return file.read().split()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            end(process)


def scan(lab, family, words):
    """One scan by the stranger, as fast as the laboratory carries it; a release also has nmap's own pace for its own
    choice of ports, which takes minutes."""
    pace = () if suite.options.full and family == 4 and "-p" not in words else ("--min-rate", "12000")
    lab.stranger.run("nmap", "-Pn", "-n", "-6" if family == 6 else "-sS", *pace, *words, GATEWAY[family], timeout=900)


def scans(lab, family):
    """All six orders of three ports, at knockd and here: a full scan opens one of knockd's, none opens one of ours."""
    if not shutil.which("nmap"):
        raise Skip("nmap is not installed")
    orders = {f"n{number}": ports for number, ports in enumerate(itertools.permutations(PORTS))}
    knocks(lab, **{name: [f"tcp/{port}" for port in ports] for name, ports in orders.items()})
    every = ("-p", "1-65535" if suite.options.full or family == 4 else "6000-10000", "--max-retries", "0")
    kinds = {"every port, sequential": ("-r", *every), "every port, random": every,
             "default ports, sequential": ("-r",), "default ports, random": ()}
    told = []
    for kind, words in kinds.items():
        before = lab.verdicts()
        with Knockds(lab, orders) as knockds:
            scan(lab, family, words)
            if "every" in kind:
                wait_until(knockds.names, f"knockd to open on {kind}", 5)
            told.append(f"{kind}: knockd {len(knockds.names())}, postern 0")
        new = lab.verdicts() - before
        assert new["knock_step"] > 0, f"{kind}: no first step was met: {dict(new)}"
        assert new["knock_opened"] == 0, f"{kind}: opened a sequence: {dict(new)}"
    assert not lab.ask("grants")
    lab.listen(22, family)
    lab.member.run(lab.program("postern"), "knock", GATEWAY[family], *(f"tcp/{port}" for port in orders["n3"]))
    assert errno_of(lab, family) == 0, "the sequence itself does not open"
    return "; ".join(told)


for number in (4, 6):
    options = {"family": number}
    suite.add(f"the real knock client, TCP and UDP mixed, IPv{number}: the connection right behind it is let in",
              lambda lab, progress, number=number: real_client(lab, progress, number), f"knock_v{number}", **options)
    suite.add(f"postern knock with TCP, UDP and ICMP steps as an ordinary user, IPv{number}; one connection",
              lambda lab, number=number: our_client(lab, number), f"postern_knock_v{number}", **options)
    suite.add(f"a SYN right behind the last of three knocks, source after source, IPv{number}: always in",
              lambda lab, progress, number=number: no_wait(lab, progress, number), f"no_wait_v{number}", **options)
    suite.add(f"duplicates and tolerated noise open, lost order opens when sent again, IPv{number}",
              lambda lab, number=number: order(lab, number), f"order_v{number}", **options)
    suite.add(f"the closing sequence ends an ssh session over IPv{number} while its server keeps sending",
              lambda lab, number=number: spoken(lab, number), f"closing_v{number}", **options)
    suite.add(f"nmap, IPv{number}: no scan opens any of six orders of three ports; a full one opens one of knockd's",
              lambda lab, number=number: scans(lab, number), f"scans_v{number}", **options)


if __name__ == "__main__":
    suite.main()
