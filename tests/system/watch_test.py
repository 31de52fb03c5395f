#!/usr/bin/env python3
"""`posternctl rules watch`: whatever takes our rules away, they are back within a second, and what came in is dead.

Strangers keep knocking at the service meanwhile, so that it shows how long the gate was open, and how far.
"""
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from lab import GATEWAY, MEMBER, STRANGER
from namespaces import LabError, wait_until
from packets import tcp
from suite import Skip, Suite

suite = Suite(daemon=True)
TOOLS = "iptables", "ip6tables"
OTHERS = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 5060 -j TOS --set-tos 0x10/0x3f
COMMIT
"""
OTHERS_NFT = """\
flush ruleset
table inet admin {
	chain input {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
		iifname "lo" accept
	}

	chain marking {
		type filter hook prerouting priority mangle; policy accept;
		udp dport 5060 ip dscp set cs2
	}
}
"""
# What somebody does -> with nftables, nft's words for it; with iptables, the commands for each family's tool.
DAMAGE_NFT = {
    "flush ruleset": "flush ruleset",
    "our table deleted": "delete table inet postern",
    "our table flushed": "flush table inet postern",
    "our chain emptied": "flush chain inet postern judge",
    "a rule in front": "insert rule inet postern gate accept",
    "somebody's reload": OTHERS_NFT,
}
DAMAGE = {
    "iptables -t mangle -F": [("{}", "-t", "mangle", "-F")],
    "all tables flushed": [("{}", "-t", table, "-F") for table in ("raw", "mangle", "nat", "filter")],
    "the jump deleted": [("{}", "-t", "mangle", "-D", "PREROUTING", "-j", "POSTERN-GATE")],
    "the jump not first": [("{}", "-t", "mangle", "-I", "PREROUTING", "-j", "RETURN")],
    "our chain emptied": [("{}", "-t", "mangle", "-F", "POSTERN-JUDGE")],
    "somebody's restore": [("{}-restore",)],
}


def uses_nft(lab):
    return "nf_tables" in lab.gateway.run("iptables", "--version").stdout


def watch(lab):
    """Starts the watch and waits until it watches."""
    process = lab.gateway.popen(lab.program("posternctl"), "-c", lab.policy, "rules", "watch", "--backend", lab.backend,
                                stderr=subprocess.PIPE, text=True)
    process.lines = []

    def collect():
        for line in process.stderr:
            process.lines.append(line.rstrip())
    threading.Thread(target=collect, daemon=True).start()
    wait_until(lambda: any("watching the rules" in line for line in process.lines), "the watch", 30)
    return process


def put_back(process):
    """The lines that say that rules were put back."""
    return [line for line in list(process.lines) if "put back after" in line]


def do_damage(lab, commands):
    if isinstance(commands, str):
        return lab.gateway.run("nft", "-f", "-", input=commands)
    for tool in TOOLS:
        for words in commands:
            words = [word.format(tool) for word in words]
            text = OTHERS if words[0].endswith("-restore") else None
            lab.gateway.run(*words, input=text, check=False)


def empty_table(lab):
    """No packet is judged any more."""
    do_damage(lab, DAMAGE_NFT["our table flushed"] if lab.backend == "nftables" else DAMAGE["iptables -t mangle -F"])


class Strangers:
    """Sends SYNs to the service from ever new ports, some hundred a second; counts those that were answered."""

    def __init__(self, lab):
        self.lab, self.sent, self.stopping = lab, 0, threading.Event()
        self.sender, self.capture = lab.sender("stranger"), lab.capture()
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        while not self.stopping.wait(0.002):
            self.sender.send(tcp(STRANGER[4], GATEWAY[4], 1024 + self.sent % 60000, 22))
            self.sent += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.capture.stop()

    def let_in(self):
        """How many of them got an answer."""
        return len({packet.port for packet in self.capture.outgoing(destination=STRANGER[4]) if packet.is_syn_ack()})


def time_until_back(lab, process, damage):
    """Does the damage and waits until it is undone; the longest that the gate can have been open, in ms."""
    before = len(put_back(process))
    damage()
    wait_until(lambda: len(put_back(process)) > before, "the rules to be put back", 10)
    wait_until(lambda: lab.rules("check", check=False).returncode == 0, "the rules to stand", 10)
    return max(int(re.search(r"at most (\d+) ms", line).group(1)) for line in put_back(process)[before:])


@suite.check("whatever takes rules away, they are put back; how long that took, and how many packets of strangers passed")
def table(lab, progress):
    lab.listen(22)
    process = watch(lab)
    random.seed(4)
    kinds = DAMAGE_NFT if lab.backend == "nftables" else dict(DAMAGE)
    if lab.backend == "iptables" and uses_nft(lab):
        kinds["nft flush ruleset"] = "flush ruleset"
    rows, rounds = [], suite.count(1, 100)
    for done, (name, commands) in enumerate(kinds.items()):
        times, sent, let_in = [], 0, 0
        for number in range(rounds):
            progress(done * rounds + number, len(kinds) * rounds)
            with Strangers(lab) as strangers:
                time.sleep(random.random() * 0.3)  # the instant is random
                times.append(time_until_back(lab, process, lambda: do_damage(lab, commands)))
            sent, let_in = sent + strangers.sent, let_in + strangers.let_in()
        rows.append((name, sorted(times)[len(times) // 2], max(times), sent, let_in))
    for row in rows:
        print("     {:<24} median {:>5} ms, most {:>5} ms; {:>6} SYNs, {:>4} let in".format(*row), flush=True)
    end(process)
    return f"{rounds} of each of {len(kinds)} kinds, most {max(row[2] for row in rows)} ms"


def end(process):
    """SIGTERM ends the watch well."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0, process.lines


def session(lab, listener, namespace, own):
    """A connection to the service, made as soon as that is possible: both of its ends."""
    known = len(listener.poll())
    end_of_time = time.monotonic() + 10
    while time.monotonic() < end_of_time:
        sock = namespace.bound(socket.SOCK_STREAM, own)
        sock.settimeout(0.05)
        if sock.connect_ex((GATEWAY[4], 22)) == 0:
            wait_until(lambda: len(listener.poll()) > known, "the server's end")
            return sock, listener.accepted[-1][0]
        sock.close()
    raise LabError("no connection came about in the gap")


def alive(near, far):
    """Whether bytes get through a connection in either direction."""
    heard = False
    for sender, receiver in ((near, far), (far, near)):
        sender.settimeout(0.3)
        receiver.settimeout(0.3)
        try:
            sender.sendall(b"x")
            heard = receiver.recv(1) == b"x" or heard
        except OSError:
            pass
    return heard


def add_others(lab):
    """Rules of an administrator, which use connection tracking."""
    if lab.backend == "nftables":
        return lab.gateway.run("nft", "-f", "-", input=OTHERS_NFT.removeprefix("flush ruleset\n"))
    for tool in TOOLS:
        lab.gateway.run(tool + "-restore", "--noflush", input=OTHERS)


@suite.check("a stranger's session begun in the gap is dead when the rules are back; break-glass and sessions from "
             "before go on")
def intruder(lab):
    lab.set_policy("gateway.break_glass", f"[{MEMBER[4]}]")
    lab.rules("apply")
    lab.reload()
    listener = lab.listen(22)
    add_others(lab)
    old = session(lab, listener, lab.member, MEMBER[4])
    process = watch(lab)
    process.send_signal(signal.SIGSTOP)  # the gap lasts as long as the test wants
    empty_table(lab)
    glass = session(lab, listener, lab.member, MEMBER[4])
    stranger = session(lab, listener, lab.stranger, STRANGER[4])
    assert alive(*stranger) and alive(*glass)
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: put_back(process), "the rules to be put back", 10)
    wait_until(lambda: not alive(*stranger), "the stranger's session to be dead", 3)
    assert alive(*glass), "a session that the rules pass was ended"
    assert alive(*old), "a session from before the gap was ended"
    told(lab)
    end(process)


def intrude(lab, listener, process):
    """A stranger's session that begins in a gap, which the watch does not see yet: both of its ends."""
    process.send_signal(signal.SIGSTOP)
    empty_table(lab)
    return session(lab, listener, lab.stranger, STRANGER[4])


def dies(stranger, process):
    """The watch sees the gap, and the session ends."""
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: not alive(*stranger), "the stranger's session to be dead", 10)
    end(process)


@suite.check("a stranger's session from a gap that `rules apply` closed is dead, too, and is not adopted; whatever the "
             "policy says of observing meanwhile")
def closed_by_apply(lab):
    add_others(lab)
    listener, process = lab.listen(22), watch(lab)
    stranger = intrude(lab, listener, process)
    lab.rules("apply", adopt=None)
    assert alive(*stranger), "ended without the watch: this shows nothing"
    lab.set_policy("gateway.observe", "true")  # not applied: the set on record guards
    dies(stranger, process)


@suite.check("a stranger's session from a gap is dead, too, where only the rules of policy routing lead back to it")
def policy_routing(lab):
    add_others(lab)
    listener, process = lab.listen(22), watch(lab)
    lab.gateway.ip("link add name lan0 type veth peer name lan1", "link set lan0 up", "route replace default dev lan0",
                   "route add default via 192.0.2.1 dev gw0 table 100", f"rule add from {GATEWAY[4]} table 100")
    stranger = intrude(lab, listener, process)
    dies(stranger, process)


@suite.check("a stranger's session from a gap that was there when the watch began is dead, too")
def before_the_watch(lab):
    add_others(lab)
    listener = lab.listen(22)
    end(watch(lab))  # the kernel notes begins of connections from now on
    empty_table(lab)
    stranger, begun = session(lab, listener, lab.stranger, STRANGER[4]), time.monotonic()
    wait_until(lambda: time.monotonic() > begun + 2, "the session to be older than what clocks may differ")
    assert alive(*stranger)
    process = watch(lab)
    wait_until(lambda: not alive(*stranger), "the stranger's session to be dead", 10)
    end(process)


@suite.check("a daemon that does not answer keeps no rules from coming back, and is told when it does")
def busy_daemon(lab):
    process = watch(lab)
    lab.daemon.send(signal.SIGSTOP)
    for times in (1, 2):
        empty_table(lab)
        wait_until(lambda: len(put_back(process)) >= times, "the rules to be put back", 10)
    lab.daemon.send(signal.SIGCONT)
    wait_until(lambda: len(lab.log.find(what="guarded")) >= 2, "the daemon to be told", 20)
    end(process)


def of_children(process):
    """What the programs that it started and that ended have cost: page faults, more with each of them (proc(5))."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return int(file.read().rsplit(")", 1)[1].split()[8])


def sleeps(process):
    """How often it has gone to sleep."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)[1])


@suite.check("while nothing changes, the watch starts no program; what then changes is mended as ever")
def calm(lab):
    if not uses_nft(lab):
        raise Skip("tables of iptables-legacy do not tell when they change")
    process = watch(lab)
    cost, before = of_children(process), sleeps(process)
    wait_until(lambda: sleeps(process) >= before + 5, "five looks")
    assert of_children(process) == cost, "it lists rules that have not changed"
    empty_table(lab)
    wait_until(lambda: put_back(process), "the rules to be put back", 10)
    assert of_children(process) > cost
    end(process)


def told(lab):
    """The daemon knows, and its log too."""
    wait_until(lambda: lab.ask("status")["guarded"].startswith("guarded and watched"), "status to say so")
    back, gone = lab.log.wait(what="guarded"), lab.log.find(what="unguarded")
    where = {"iptables": "mangle", "nftables": "nftables: chain"}[lab.backend]
    assert len(gone) == 1 and where in gone[0]["text"] and back["count"] >= 1, (gone, back)


@suite.check("a session that began while nothing tracked connections is dead, too")
def untracked(lab):
    if lab.backend == "iptables" and not uses_nft(lab):
        raise Skip("of tables that nft can flush")
    listener = lab.listen(22)
    process = watch(lab)
    process.send_signal(signal.SIGSTOP)
    lab.gateway.run("nft", "flush", "ruleset")
    stranger = session(lab, listener, lab.stranger, STRANGER[4])
    assert alive(*stranger)
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: put_back(process), "the rules to be put back", 10)
    wait_until(lambda: not alive(*stranger), "the stranger's session to be dead", 3)
    end(process)


@suite.check("rules of others stay as they are, byte for byte, while ours come back; remove is not undone")
def others(lab):
    process = watch(lab)
    do_damage(lab, OTHERS_NFT if lab.backend == "nftables" else DAMAGE["somebody's restore"])
    wait_until(lambda: put_back(process), "the rules to be put back", 10)
    wait_until(lambda: lab.rules("check", check=False).returncode == 0, "the rules to stand", 10)
    theirs_stand(lab)
    lab.rules("remove")
    wait_until(lambda: "none are meant to stand" in lab.ask("status")["guarded"], "the daemon to be told", 10)
    left = lab.gateway.run("iptables-save").stdout + lab.gateway.run("nft", "list", "ruleset").stdout
    assert "postern" not in left.lower(), "what was removed is back"
    theirs_stand(lab)
    end(process)


def theirs_stand(lab):
    """The rules of others are all there, and as they were."""
    if lab.backend == "nftables":
        listing = lab.gateway.run("nft", "list", "table", "inet", "admin").stdout
        assert "flush ruleset\n" + listing == OTHERS_NFT, listing
        return
    for tool in TOOLS:
        for table in ("filter", "mangle"):
            text = lab.gateway.run(tool + "-save", "-t", table).stdout
            theirs = [line for line in OTHERS.splitlines() if line.startswith("-A")]
            kept = [line for line in text.splitlines() if line.startswith("-A") and "POSTERN" not in line]
            wanted = [line for line in theirs if ("5060" in line) == (table == "mangle")]
            assert sorted(kept) == sorted(wanted), f"{tool} {table}: {kept}"


@suite.check("rules are put back also where the policy has become broken, and the watch says that what came in is then "
             "not ended")
def broken_policy(lab):
    good = shutil.copy(lab.policy, lab.path("good.yaml"))
    with open(lab.policy, "a", encoding="utf-8") as file:
        file.write("nonsense: [\n")
    process = watch(lab)
    assert any("what comes in while rules are gone is not ended" in line for line in process.lines), process.lines
    empty_table(lab)
    wait_until(lambda: put_back(process), "the rules to be put back", 10)
    stand = lambda: lab.gateway.run(lab.program("posternctl"), "-c", good, "rules", "check", "--backend", lab.backend,
                                    check=False).returncode == 0
    wait_until(stand, "the rules to stand", 10)
    assert "count" not in lab.log.wait(what="guarded"), "it is said that something was ended"
    end(process)


suite.main()
