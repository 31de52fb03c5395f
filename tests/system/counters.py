"""What the kernel counted: the queues, the rules, the protocols. All of one namespace, all read fresh."""
import dataclasses
import json
import re


@dataclasses.dataclass
class QueueCounts:
    """A row of /proc/net/netfilter/nfnetlink_queue."""
    waiting: int
    dropped: int       # the queue was full
    user_dropped: int  # the socket's buffer was full
    last_id: int       # packets numbered so far


@dataclasses.dataclass
class Rule:
    """One rule of ours with its counter. `word` is its comment without the `postern` in front."""
    word: str
    verdict: str  # queue, drop or whatever else
    packets: int
    chain: str    # as nft calls it, in both backends


def queues(namespace):
    """Every bound queue by number."""
    rows = [[int(word) for word in line.split()] for line in namespace.read("netfilter/nfnetlink_queue").splitlines()]
    return {row[0]: QueueCounts(row[2], row[5], row[6], row[7]) for row in rows}


def rules(namespace, backend):
    """Every rule of ours that has a counter."""
    return _nft_rules(namespace) if backend == "nftables" else _iptables_rules(namespace)


def queue_rules(namespace, backend):
    """The rules that put packets into a queue."""
    return [rule for rule in rules(namespace, backend) if rule.verdict == "queue"]


def drop_rules(namespace, backend):
    """The rules that drop, INVALID and revoked among them."""
    return [rule for rule in rules(namespace, backend) if rule.verdict == "drop"]


def packets(found):
    """The sum of the counters of some rules."""
    return sum(rule.packets for rule in found)


def _iptables_rules(namespace):
    found = []
    for command in ("iptables-save", "ip6tables-save"):
        for table in ("raw", "mangle"):
            text = namespace.run(command, "-c", "-t", table).stdout
            for count, chain, rule in re.findall(r"^\[(\d+):\d+\] -A POSTERN-(\w+) (.*--comment \"postern .*)$", text,
                                                 re.M):
                word = re.search(r'--comment "postern ([\w-]+)[ "]', rule)[1]
                target = re.search(r" -[jg] (\S+)", rule)
                verdict = {"NFQUEUE": "queue", "DROP": "drop"}.get(target[1] if target else "", "other")
                found.append(Rule(word, verdict, int(count), chain.lower()))
    return found


def _nft_rules(namespace):
    found = []
    listing = json.loads(namespace.run("nft", "-j", "list", "table", "inet", "postern").stdout)
    for rule in (item["rule"] for item in listing["nftables"] if "rule" in item):
        counts = [part["counter"]["packets"] for part in rule["expr"] if "counter" in part]
        verdict = next((word for part in rule["expr"] for word in ("queue", "drop") if word in part), "other")
        if counts and rule.get("comment", "").startswith("postern "):
            found.append(Rule(rule["comment"].split(" ", 1)[1], verdict, counts[0], rule["chain"]))
    return found


def snmp(namespace):
    """All counters of snmp, snmp6 and netstat in one dictionary: Ip.InHdrErrors, Ip6InHdrErrors, IpExt.InCsumErrors."""
    values = {}
    for name in ("snmp", "netstat"):
        lines = namespace.read(name).splitlines()
        for keys, numbers in zip(lines[::2], lines[1::2]):
            group, *names = keys.split()
            values.update(zip((group[:-1] + "." + key for key in names), map(int, numbers.split()[1:])))
    for line in namespace.read("snmp6").splitlines():
        key, number = line.split()
        values[key] = int(number)
    return values


def difference(before, after):
    """What changed: name -> how much, without what did not."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
