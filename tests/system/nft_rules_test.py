#!/usr/bin/env python3
"""The rules of the backend nftables among those of others: put in, put right and taken out, nothing else touched."""
import json

from suite import Suite

suite = Suite(rules=False, daemon=False)
OTHERS = """\
table inet admin {
	set friends {
		type ipv4_addr
		elements = { 192.0.2.77, 192.0.2.78 }
	}

	chain input {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
		ip saddr @friends tcp dport 80 counter packets 0 bytes 0 accept
	}

	chain postern {
		udp dport 5001 meta mark set meta mark & 0xffffff07 | 0x00000007 comment "postern mine"
	}
}
table ip postern {
	chain gate {
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8080 redirect to :80
	}
}
"""
STRAY = "add chain inet postern extra"
# What somebody does to our table -> what `check` then says, among other things.
DAMAGE = {
    "delete table inet postern": "nftables: table inet postern is missing",
    "flush table inet postern": "chain early differs in line 2: got nothing",
    "flush chain inet postern steer": "chain steer differs in line 1: got nothing",
    "insert rule inet postern judge accept": "chain judge differs in line 1: got \"accept\"",
    STRAY: "chain extra is not expected",
    "flush chain inet postern gate; delete chain inet postern gate": "chain gate is missing",
    "flush ruleset": "nftables: table inet postern is missing",
}


def listing(lab, *words):
    """What nft lists."""
    return lab.gateway.run("nft", *words).stdout


def of_nft(title):
    """Marks a function (lab) as a check of this backend alone, where the kernel has its queue."""
    def mark(function):
        def one(lab):
            lab.gateway.run("nft", "-f", "-", input=OTHERS)
            return function(lab)
        suite.add(title, one, function.__name__, backend="nftables")
        return function
    return mark


def others(lab):
    """The whole ruleset without our table."""
    return "".join(part for part in listing(lab, "list", "ruleset").replace("\ntable ", "\n\0table ").split("\0")
                   if not part.startswith("table inet postern {"))


@of_nft("apply twice is apply once, counters and all")
def idempotent(lab):
    lab.rules("apply")
    first = listing(lab, "-a", "list", "ruleset")
    assert lab.rules("apply").stdout.startswith("guarded already")
    assert listing(lab, "-a", "list", "ruleset") == first, "the second apply changed something"
    lab.rules("remove")
    lab.rules("apply")
    again = listing(lab, "-s", "list", "table", "inet", "postern")
    lab.set_policy("gateway.break_glass", "[192.0.2.99]")
    lab.rules("apply")
    lab.set_policy("gateway.break_glass", "[]")
    lab.rules("apply")
    strip = lambda text: [line for line in text.splitlines() if "generation" not in line]
    assert strip(listing(lab, "-s", "list", "table", "inet", "postern")) == strip(again), "something is left"


@of_nft("rules of others stay as they are, byte for byte, over apply, check, apply again, damage and remove")
def others_untouched(lab):
    assert others(lab) == OTHERS, others(lab)
    for damage in (None, *DAMAGE):
        if damage == "flush ruleset" or damage == STRAY:  # takes theirs, too; is theirs
            continue
        if damage:
            lab.gateway.run("nft", damage)
        lab.rules("apply")
        lab.rules("check")
        assert others(lab) == OTHERS, f"{damage}: {others(lab)}"
    lab.rules("remove")
    assert listing(lab, "list", "ruleset") == OTHERS, listing(lab, "list", "ruleset")
    assert lab.rules("remove").stdout == "there were no rules\n"


@of_nft("check names what is wrong, exit 1, without the seed, and apply puts it right")
def damage(lab):
    lab.rules("apply")
    seed = next(word for line in listing(lab, "list", "chain", "inet", "postern", "steer").splitlines()
                for before, word in zip(line.split(), line.split()[1:]) if before == "seed")
    for words, said in DAMAGE.items():
        lab.gateway.run("nft", words)
        checked = lab.rules("check", check=False)
        assert checked.returncode == 1 and said in checked.stdout, f"{words}: {checked}"
        told = json.loads(lab.control("--json", "rules", "check", "--backend", lab.backend, check=False, root=True).stdout)
        assert told["guarded"] is False and told["differences"] == checked.stdout.splitlines(), words
        assert seed not in checked.stdout, f"{words}: the steering seed is told"
        lab.rules("apply")
        if words == STRAY:
            lab.gateway.run("nft", "delete chain inet postern extra")
        assert lab.rules("check").returncode == 0, words
    return f"{len(DAMAGE)} kinds of damage"


suite.main()
