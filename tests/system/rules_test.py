#!/usr/bin/env python3
"""The rules alone, without a daemon: put in, put right, taken out among rules of others; what they let pass by themselves.

With the backend iptables everything about tables is shown for iptables-nft and for iptables-legacy.
"""
import json
import os
import re
import shutil
import socket
import threading

from lab import GATEWAY, MEMBER, SPA_PORT, STRANGER
from namespaces import wait_until, wire
from packets import icmp, tcp, udp
from suite import Skip, Suite, connects

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../rules")
OURS = ("EARLY", "ARRIVE", "GATE", "SETTLE", "JUDGE", "STEER", "FORWARD", "ASTRAY", "REVIVED", "OUT", "HUSH")
JUMPS = {("raw", "PREROUTING"): "POSTERN-EARLY", ("mangle", "PREROUTING"): "POSTERN-GATE",
         ("mangle", "INPUT"): "POSTERN-ASTRAY", ("mangle", "FORWARD"): "POSTERN-REVIVED",
         ("mangle", "OUTPUT"): "POSTERN-OUT"}
OTHERS = {
    "raw": ["-A PREROUTING -p udp -m udp --dport 5001 -j CT --notrack", "-N POSTERN-MINE",
            "-A PREROUTING -m comment --comment \"not -j POSTERN-EARLY\" -j POSTERN-MINE"],
    "mangle": ["-A PREROUTING -p udp -j MARK --set-xmark 0x7/0xff", "-A OUTPUT -p udp -j CONNMARK --save-mark",
               "-A FORWARD -p tcp -j RETURN", "-P FORWARD DROP"],
    "nat": ["-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80"],
    "filter": ["-N MINE", "-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 9 -j MINE", "-A MINE -j DROP"],
}
suite = Suite(rules=False, daemon=False)


class Tables:
    """One kind of iptables in the laboratory's gateway, both families."""

    def __init__(self, lab, kind):
        self.lab, self.kind = lab, kind
        if lab.gateway.run(kind + "-save", check=False).returncode:
            raise Skip(f"{kind} does not work here")

    def tools(self):
        """The kind's tool of each family."""
        return self.kind, self.kind.replace("ip", "ip6", 1)

    def rules(self, action, *words, check=True):
        """posternctl rules, with this kind of iptables."""
        return self.lab.control("rules", action, "--backend", "iptables", "--iptables", self.kind, *words, check=check,
                                root=True)

    def saved(self):
        """Every table of both families as saved, without counters and comments."""
        lines = []
        for tool in self.tools():
            for table in ("raw", "mangle", "nat", "filter"):
                text = self.lab.gateway.run(tool + "-save", "-t", table).stdout
                text = re.sub(r"^(:.*) \[\d+:\d+\]$", r"\1", text, flags=re.M)
                lines += [f"{tool} {table} {line}" for line in text.splitlines() if line[:1] in ":-"]
        return lines

    def others(self):
        """What is saved without our chains, their rules and the jumps to them."""
        ours = re.compile(rf"( :| -A |-j )POSTERN-({'|'.join(OURS)})( |$)")
        return [line for line in self.saved() if not ours.search(re.sub(r'"[^"]*"', "", line))]

    def chain(self, tool, table, name):
        """The rules of one chain, in order."""
        text = self.lab.gateway.run(tool + "-save", "-t", table).stdout
        return [line for line in text.splitlines() if line.startswith(f"-A {name} ")]

    def change(self, *words, family=4):
        """One iptables command of somebody else."""
        self.lab.gateway.run(self.tools()[family == 6], *words)

    def add_others(self):
        """Rules of an administrator in every table of both families."""
        for tool in self.tools():
            for table, lines in OTHERS.items():
                lines = [line for line in lines if "REDIRECT" not in line or tool == self.kind]
                made = [f":{line[3:]} - [0:0]" for line in lines if line.startswith("-N ")]
                rest = [line for line in lines if not line.startswith("-N ")]
                self.lab.gateway.run(tool + "-restore", "--noflush",
                                     input="\n".join([f"*{table}", *made, *rest, "COMMIT", ""]))

    def assert_guarded(self):
        """One jump per hook, first, in both families; `check` agrees."""
        for tool in self.tools():
            for (table, hook), chain in JUMPS.items():
                found = self.chain(tool, table, hook)
                ours = [line for line in found if line.endswith(f"-j {chain}")]
                assert ours == [f"-A {hook} -j {chain}"], f"{tool} {table} {hook}: {ours}"
                assert found[0] == ours[0], f"{tool} {table} {hook}: first is {found[0]}"
        checked = self.rules("check", check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def on_kind(function, kind):
    """A check of a laboratory, made of one of the tables of a kind."""
    return lambda lab: function(Tables(lab, kind))


def for_kinds(title, only=("iptables-nft", "iptables-legacy")):
    """Marks a function (tables) as a check of each kind of iptables."""
    def mark(function):
        for kind in only:
            suite.add(f"{title} ({kind})", on_kind(function, kind), f"{function.__name__}_{kind}", backend="iptables")
        return function
    return mark


@for_kinds("apply twice is apply once; there is exactly one jump per hook, and it is the first")
def idempotent(tables):
    tables.add_others()
    tables.rules("apply")
    tables.assert_guarded()
    first = tables.saved()
    tables.rules("apply")
    assert tables.saved() == first, "the second apply changed something"
    tables.rules("remove")
    tables.rules("apply")
    assert tables.saved() == first, "apply after remove is something else"


@for_kinds("rules of others in raw, mangle, nat and filter stay as they are, also when ours are put right and removed")
def others_untouched(tables):
    tables.add_others()
    before = tables.saved()
    tables.rules("apply")
    assert tables.others() == before, difference(tables.others(), before)
    tables.change("-t", "mangle", "-D", "POSTERN-JUDGE", "1")
    tables.change("-t", "raw", "-F", "POSTERN-ARRIVE", family=6)
    tables.rules("apply")
    assert tables.others() == before, difference(tables.others(), before)
    tables.assert_guarded()
    tables.rules("remove")
    assert tables.saved() == before, difference(tables.saved(), before)
    assert "postern" not in tables.lab.gateway.run("ipset", "list", "-name").stdout, "a set is left"
    removed = tables.rules("remove").stdout
    assert "no rules" in removed, removed


def difference(found, wanted):
    """The first line that two lists do not share."""
    odd = [line for line in found if line not in wanted] + [line for line in wanted if line not in found]
    return odd[0] if odd else "the order changed"


# What somebody does to our rules -> what `check` then says, among other things.
DAMAGE = {
    "a jump deleted": (["-t", "mangle", "-D", "PREROUTING", "1"], "iptables mangle: the jump is missing"),
    "a second jump": (["-t", "mangle", "-A", "PREROUTING", "-j", "POSTERN-GATE"], "2 jumps to POSTERN-GATE, expected one"),
    "a rule before the jump": (["-t", "raw", "-I", "PREROUTING", "-j", "ACCEPT"],
                               "the jump is rule 2 of PREROUTING, expected first"),
    "a rule before the jump that restores marks": (
        ["-t", "mangle", "-I", "PREROUTING", "-p", "udp", "-j", "CONNMARK", "--restore-mark"],
        "a rule of another stands before ours and touches marks: -A PREROUTING -p udp -j CONNMARK"),
    "a chain emptied": (["-t", "mangle", "-F", "POSTERN-STEER"], "chain POSTERN-STEER differs in line 1: got nothing"),
    "a rule added": (["-t", "mangle", "-I", "POSTERN-JUDGE", "-j", "RETURN"], "chain POSTERN-JUDGE differs in line 1"),
    "a jump narrowed": (["-t", "mangle", "-R", "PREROUTING", "1", "-i", "eth9", "-j", "POSTERN-GATE"],
                        "the jump is \"-A PREROUTING -i eth9 -j POSTERN-GATE\""),
    "the table flushed": (["-t", "mangle", "-F"], "the jump is missing"),
}


@for_kinds("check names what is wrong, exit 1, and apply puts it right")
def damage(tables):
    tables.rules("apply")
    for name, (words, said) in DAMAGE.items():
        tables.change(*words)
        checked = tables.rules("check", check=False)
        assert checked.returncode == 1, f"{name}: check exits {checked.returncode}"
        assert said in checked.stdout, f"{name}: check says {checked.stdout!r}"
        as_json = json.loads(tables.lab.control("--json", "rules", "check", "--backend", "iptables", "--iptables",
                                                tables.kind, check=False, root=True).stdout)
        assert as_json["guarded"] is False and as_json["differences"] == checked.stdout.splitlines(), name
        assert seed(tables.lab) not in checked.stdout, f"{name}: check tells the steering seed"
        tables.rules("apply")
        tables.assert_guarded()
    return f"{len(DAMAGE)} kinds of damage"


def seed(lab):
    """The secret of the laboratory's gateway, as it stands in the rules."""
    rendered = lab.control("rules", "render", "--backend", "iptables", root=True).stdout
    return re.search(r"hash-seed (0x[0-9a-f]+)", rendered).group(1)


@suite.check("check says that rules are missing before they are applied and after they are removed")
def missing(lab):
    apply(lab, "remove")
    for _ in range(2):
        checked = lab.rules("check", check=False)
        assert checked.returncode == 1 and "missing" in checked.stdout, checked.stdout + checked.stderr
        apply(lab)
        assert lab.rules("check").stdout.startswith("guarded")
        apply(lab, "remove")


def apply(lab, action="apply"):
    """Loads or removes the rules; skips where the kernel does not know what the backend needs."""
    done = lab.rules(action, check=False)
    if done.returncode and "no native queue" in done.stderr:
        raise Skip("this kernel has no native queue of nft")
    assert done.returncode == 0, done.stderr


@suite.check("while rules are put in again and again, changed each time, not one packet of a stranger gets through")
def no_gap(lab):
    apply(lab)
    listener = lab.listen(22)
    sender, stopping, sent = lab.sender("stranger"), threading.Event(), [0]

    def flood():
        while not stopping.is_set():
            sender.send(tcp(STRANGER[4], GATEWAY[4], 1024 + sent[0] % 60000, 22))
            sent[0] += 1
    thread = threading.Thread(target=flood)
    with lab.capture() as capture:
        thread.start()
        for number in range(suite.count(10, 100)):
            lab.set_policy("gateway.break_glass", f"[192.0.2.{128 + number % 100}]")
            lab.rules("apply")
        stopping.set()
        thread.join()
        capture.stop()
    assert not listener.poll() and not capture.outgoing(destination=STRANGER[4]), "a SYN got through"
    return f"{sent[0]} SYNs"


@suite.check("other interfaces and loopback are not touched; the guarded one lets nothing in without a daemon")
def other_interfaces(lab):
    wire(lab.gateway, "lan0", lab.router, "lan1")
    lab.gateway.ip("addr add 10.99.0.1/24 dev lan0", "addr add fd99::1/64 dev lan0 nodad")
    lab.router.ip("addr add 10.99.0.2/24 dev lan1", "addr add fd99::2/64 dev lan1 nodad")
    apply(lab)
    for family, inside, near, loopback in ((4, "10.99.0.1", "10.99.0.2", "127.0.0.1"), (6, "fd99::1", "fd99::2", "::1")):
        for address in (inside, GATEWAY[family], loopback):
            listener = lab.gateway.bound(socket.SOCK_STREAM, address, 22)
            listener.listen()
        assert connects(lab.router, near, inside, 22, 3), f"IPv{family}: the other interface is shut"
        assert connects(lab.gateway, loopback, loopback, 22, 3), f"IPv{family}: loopback is shut"
        assert not connects(lab.member, MEMBER[family], GATEWAY[family], 22), f"IPv{family}: the guarded one is open"
    assert lab.seen("queue") > 0, "nothing was queued"


@suite.check("marks of others on a packet survive; a packet that comes in with our mark is judged all the same")
def foreign_marks(lab):
    apply(lab)
    setter = lab.gateway.run("nft", "-f", "-", check=False, input="table inet other {\n chain early {\n"
                             " type filter hook prerouting priority -320;\n meta mark set 0x050000ab\n }\n"
                             " chain late {\n type filter hook prerouting priority -140;\n"
                             " meta mark 0x000000ab counter\n meta mark != 0x000000ab counter\n }\n}\n")
    assert setter.returncode == 0, setter.stderr
    lab.set_policy("gateway.break_glass", f"[{MEMBER[4]}]")
    lab.rules("apply")
    lab.listen(22)
    assert connects(lab.member, MEMBER[4], GATEWAY[4], 22, 3), "break-glass is shut"
    assert not connects(lab.stranger, STRANGER[4], GATEWAY[4], 22), "a mark set in front let a stranger in"
    listing = lab.gateway.run("nft", "list", "chain", "inet", "other", "late").stdout
    kept, lost = map(int, re.findall(r"counter packets (\d+)", listing))
    assert kept and not lost, listing


@suite.check("break-glass admits TCP to local port 22 and echo from its prefixes, and nothing else from nowhere else")
def break_glass(lab):
    lab.set_policy("gateway.break_glass", f"[{MEMBER[4]}, \"2001:db8:1::/64\"]")
    apply(lab)
    for family in (4, 6):
        for port in (22, 23):
            lab.listen(port, family)
        assert connects(lab.member, MEMBER[family], GATEWAY[family], 22, 3), f"IPv{family}: port 22 is shut"
        assert not connects(lab.member, MEMBER[family], GATEWAY[family], 23), f"IPv{family}: port 23 is open"
        assert not connects(lab.stranger, STRANGER[family], GATEWAY[family], 22), f"IPv{family}: open to a stranger"
        assert echoes(lab.member, family), f"IPv{family}: no echo"
        assert not echoes(lab.stranger, family), f"IPv{family}: echo for a stranger"
    assert lab.seen("break-glass") > 0


def echoes(namespace, family):
    """Whether the gateway answers one echo request."""
    return namespace.run("ping", "-n", f"-{family}", "-c", "1", "-W", "1", GATEWAY[family], check=False).returncode == 0


@suite.check("neighbours are found through the guarded interface, and the gateway's own connections work")
def neighbours(lab):
    apply(lab)
    lab.gateway.ip("neigh flush dev gw0 nud permanent")
    lab.router.ip("neigh flush dev g0 nud permanent")
    server = lab.router.bound(socket.SOCK_STREAM, "2001:db8::1", 80)
    server.listen()
    assert connects(lab.gateway, GATEWAY[6], "2001:db8::1", 80, 5), "the gateway cannot reach its neighbour"
    assert lab.seen("nd") > 0 and lab.seen("established") > 0


@suite.check("discovery from behind a router is no discovery: it goes to the queue")
def far_discovery(lab):
    apply(lab)
    judged = lambda: lab.seen("queue") + lab.seen("invalid")
    before = judged()
    sender = lab.sender("stranger")
    sender.send(icmp(STRANGER[6], GATEWAY[6], 135, 0, bytes(4) + socket.inet_pton(socket.AF_INET6, GATEWAY[6]), ttl=255))
    sender.send(icmp(STRANGER[6], GATEWAY[6], 130, 0, bytes(20), ttl=2))
    # The counters of the essentials tell nothing: the neighbours' own discovery moves them at any time.
    wait_until(lambda: judged() >= before + 2, "two packets that are no essentials")


@suite.check("a DHCP reply reaches the client; where there is none, nobody is told so")
def dhcp(lab):
    apply(lab)
    sender = lab.sender("stranger")
    with lab.capture() as capture:
        sender.send(udp(STRANGER[4], GATEWAY[4], 67, 68, b"nobody here"))
        wait_until(lambda: lab.seen("dhcp") == 1, "the reply to pass")
        capture.stop(0.3)
    assert not capture.outgoing(destination=STRANGER[4]), "an ICMP error went to the stranger"
    client = lab.listen(68, kind=socket.SOCK_DGRAM)
    sender.send(udp(STRANGER[4], GATEWAY[4], 67, 68, b"lease"))
    assert client.wait()[0][0] == b"lease"
    sender.send(udp(STRANGER[4], GATEWAY[4], 1067, 68, b"no reply"))
    sender.send(udp(STRANGER[4], GATEWAY[4], 67, SPA_PORT, b"no reply"))
    wait_until(lambda: lab.seen("queue") >= 2, "others in the queue")
    assert len(client.poll()) == 1


@suite.check("the shipped rules are rules to the tools")
def shipped(lab):
    with open(os.path.join(SHIPPED, "postern.nft"), encoding="ascii") as file:
        text = file.read()
    as_shipped = lab.gateway.run("nft", "-c", "-f", "-", input=text, check=False)
    without = re.sub(r"queue to .*(?= comment)", "drop", text)
    lab.gateway.run("nft", "-c", "-f", "-", input=without)
    if as_shipped.returncode:
        assert "queue to" in as_shipped.stderr and "syntax" not in as_shipped.stderr, as_shipped.stderr
    lab.gateway.run("ipset", "restore", input="create postern-hostile4 hash:ip family inet timeout 60\n"
                    "create postern-hostile6 hash:ip family inet6 timeout 60\n")
    for kind in ("iptables-nft", "iptables-legacy"):
        for tool, name in ((kind, "postern.v4"), (kind.replace("ip", "ip6", 1), "postern.v6")):
            with open(os.path.join(SHIPPED, name), encoding="ascii") as file:
                lab.gateway.run(tool + "-restore", "--noflush", input=file.read())
    return "nft's queue lines as drop: the kernel has no native queue" if as_shipped.returncode else ""


@suite.check("what hinders is said in one line: no rights, no policy, no native queue")
def hindrances(lab):
    refused = lab.control("rules", "apply", "--backend", lab.backend, check=False)
    assert refused.returncode == 1 and "run as root" in refused.stderr, refused.stderr
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    absent = lab.gateway.run(lab.program("posternctl"), "-c", lab.path("nothing.yaml"), "rules", "apply", check=False)
    assert absent.returncode == 3, f"without a policy: exit {absent.returncode}"
    native = lab.control("rules", "apply", "--backend", "nftables", check=False, root=True)
    if native.returncode:
        assert "no native queue" in native.stderr and len(native.stderr.splitlines()) == 1, native.stderr
        assert "postern" not in lab.gateway.run("nft", "list", "ruleset").stdout, "half of the rules are loaded"


@suite.check("without --backend the rules go to a backend that works here, and remove finds them")
def automatic(lab):
    lab.control("rules", "apply", root=True)
    assert lab.control("rules", "check", root=True).stdout.startswith("guarded")
    removed = lab.control("rules", "remove", root=True).stdout
    assert removed == "no longer guarded\n", removed
    assert lab.control("rules", "check", check=False, root=True).returncode == 1


def with_nft(lab, instead, action):
    """posternctl rules where another file stands in nft's place: /bin/false fails; /dev/null cannot be run at all."""
    nft = os.path.realpath(shutil.which("nft") or "/usr/sbin/nft")
    return lab.gateway.run("unshare", "--mount", "sh", "-c", f"mount --bind {instead} {nft} && exec \"$@\"", "sh",
                           lab.program("posternctl"), "-c", lab.policy, "rules", *action.split(), check=False)


def told(done):
    """What standard error says besides warnings: no daemon runs in this file."""
    return "\n".join(line for line in done.stderr.splitlines() if "warning: " not in line)


@suite.check("remove says when a backend's tool fails, whatever the other's comes to; one not installed has no rules")
def failing_tool(lab):
    again, broken = "apply --backend iptables", "posternctl: rules of the backend nftables may still stand: nft failed"
    lab.control("rules", *again.split(), root=True)
    for action, said in ((again, "guarded already (iptables)\n"), ("remove", ""), ("remove", "")):
        failed = with_nft(lab, "/bin/false", action)
        assert (failed.returncode, failed.stdout) == (1, said), f"{action}: {failed}"
        assert told(failed).startswith(broken) and len(told(failed).splitlines()) == 1, f"{action}: {failed}"
    for action, said in (("remove", "there were no rules\n"), (again, "guarded (iptables)\n"),
                         ("remove", "no longer guarded\n")):
        absent = with_nft(lab, "/dev/null", action)
        assert (absent.returncode, absent.stdout, told(absent)) == (0, said, ""), f"{action}: {absent}"
    absent = with_nft(lab, "/dev/null", "remove --backend nftables")
    assert absent.returncode == 1 and "not installed" in absent.stderr, absent


suite.main()
