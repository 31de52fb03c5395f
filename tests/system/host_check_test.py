#!/usr/bin/env python3
"""`rules check` about the host: what in its network guarding would hurt, each thing really made; and who is let in."""
import json
import socket

from lab import MEMBER
from suite import Suite

suite = Suite(rules=False, daemon=False)


def network(lab, *words, ssh=""):
    """The findings about the network, by kind, and the answer about the caller."""
    told = lab.control("--json", "rules", "check", *words, check=False, root=True, ssh=ssh)
    document = json.loads(told.stdout)
    texts = {}
    for finding in document["network"]:
        texts.setdefault(finding["kind"], []).append(f"{finding['text']}; {finding['advice']}")
    return texts, document["caller"]


def assert_found(lab, kind, *parts):
    """Some finding of the kind has all the parts, and standard error has it as one line."""
    texts, _ = network(lab)
    line = next((text for text in texts.get(kind, []) if all(part in text for part in parts)), None)
    assert line, f"no {kind} with {parts}: {texts}"
    assert f"posternctl: warning: {line}\n" in lab.rules("check", check=False).stderr, "the text says something else"


@suite.check("a clean host has no finding, before and after the rules are in")
def clean(lab):
    assert network(lab)[0] == {}, network(lab)
    lab.rules("apply")
    assert network(lab)[0] == {}, network(lab)
    assert lab.rules("check").stderr == "", lab.rules("check").stderr


@suite.check("listeners that nothing names are named with their program; services, loopback and other addresses are not")
def listeners(lab):
    lab.gateway.ip("link add lan0 type veth peer name lan1", "addr add 10.99.0.1/24 dev lan0", "link set lan0 up")
    for kind, address, port in ((socket.SOCK_STREAM, "0.0.0.0", 5432), (socket.SOCK_DGRAM, "::", 53),
                                (socket.SOCK_STREAM, "127.0.0.1", 631), (socket.SOCK_STREAM, "10.99.0.1", 445),
                                (socket.SOCK_STREAM, "::", 22)):
        sock = lab.gateway.bound(kind, address, port)
        if kind == socket.SOCK_STREAM:
            sock.listen()
    on_lan = lab.gateway.socket(socket.AF_INET, socket.SOCK_DGRAM)
    on_lan.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan0")
    on_lan.bind(("0.0.0.0", 67))
    with open("/proc/self/comm", encoding="ascii") as file:
        own = file.read().strip()
    assert_found(lab, "listener", f"{own} listens on tcp/5432", "ports: [tcp/5432]")
    assert_found(lab, "listener", f"{own} listens on udp/53")
    assert len(network(lab)[0]["listener"]) == 2, network(lab)


@suite.check("raw sockets of routing daemons, tunnels' protocols and IPsec are named with what to open")
def protocols(lab):
    lab.gateway.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    lab.gateway.socket(socket.AF_INET6, socket.SOCK_RAW, 112)
    lab.gateway.run("ip", "xfrm", "policy", "add", "src", "10.1.0.0/16", "dst", "10.2.0.0/16", "dir", "in", "tmpl",
                    "src", "198.51.100.9", "dst", "192.0.2.2", "proto", "esp", "mode", "tunnel")
    assert_found(lab, "protocol", "OSPF (IP protocol 89)", "open: [proto/89]")
    assert_found(lab, "protocol", "VRRP (IP protocol 112)", "open: [proto/112]")
    assert_found(lab, "ipsec", "ESP (IP protocol 50)", "open: [esp]")


@suite.check("a guarded port of a bridge is named with the bridge")
def enslaved(lab):
    lab.gateway.ip("link add br0 type bridge", "link set gw0 master br0", "link set br0 up")
    assert_found(lab, "enslaved", "gw0 is part of the bridge br0", "interfaces: [br0]")
    lab.set_policy("gateway.interfaces", "[br0]")
    assert "enslaved" not in network(lab)[0], network(lab)


@suite.check("whoever looks at our mark bits or writes them is named: ip rule, iptables, nft; masked ones are not")
def marks(lab):
    lab.gateway.ip("rule add not fwmark 0xca6c table 51820", "rule add fwmark 0x2/0xff table 5")
    lab.gateway.run("ip", "-6", "rule", "add", "fwmark", "0x3", "table", "6")
    lab.gateway.run("iptables", "-t", "mangle", "-A", "PREROUTING", "-p", "udp", "-j", "CONNMARK", "--restore-mark")
    lab.gateway.run("iptables", "-t", "mangle", "-A", "FORWARD", "-j", "MARK", "--set-xmark", "0x7/0xff")
    lab.gateway.run("ip6tables", "-t", "mangle", "-A", "FORWARD", "-m", "mark", "--mark", "0x9", "-j", "ACCEPT")
    lab.gateway.run("nft", "-f", "-", input="table inet other {\n chain c {\n"
                    " type filter hook postrouting priority mangle;\n meta mark 0xca6c ct mark set meta mark\n"
                    " meta mark set meta mark & 0xffffff00 | 0x4\n }\n}\n")
    assert_found(lab, "mark_route", "`ip rule`", "fwmark 0xca6c/0xffffff")
    assert_found(lab, "mark_route", "`ip -6 rule`", "fwmark 0x3/0xffffff")
    assert_found(lab, "mark_written", "iptables mangle", "--restore-mark")
    assert_found(lab, "mark_compared", "ip6tables mangle", "--mark 0x9")
    assert_found(lab, "mark_written", "nft inet other", "ct mark set meta mark")
    counts = {kind: len(texts) for kind, texts in network(lab)[0].items()}
    assert counts == {"mark_route": 2, "mark_written": 2, "mark_compared": 1}, counts


@suite.check("firewalld, ufw, Docker and published ports are named, and so are conntrack events that are off")
def programs(lab):
    lab.gateway.run("nft", "-f", "-", input="table inet firewalld {\n}\n")
    lab.gateway.run("iptables", "-N", "ufw-before-input")
    lab.gateway.run("iptables", "-t", "nat", "-N", "DOCKER")
    for port in ("8080", "22"):
        lab.gateway.run("iptables", "-t", "nat", "-A", "DOCKER", "!", "-i", "docker0", "-p", "tcp", "--dport", port, "-j",
                        "DNAT", "--to-destination", "172.17.0.2:80")
    for name in ("firewalld", "ufw", "Docker"):
        assert_found(lab, "program", f"{name} makes rules here")
    assert_found(lab, "published", "Docker sends tcp/8080 elsewhere", "ports: [tcp/8080]")
    assert len(network(lab)[0]["published"]) == 1, "a port that a service names is published, too"
    lab.gateway.sysctl("netfilter/nf_conntrack_events", 0)
    assert_found(lab, "events_off", "nf_conntrack_events=1")


@suite.check("whether a new connection from an address, or from the other end of the SSH session, would be let in")
def caller(lab):
    lab.set_policy("gateway.break_glass", "[198.51.100.0/28]")
    for words, by, admitted in ((["--from", MEMBER[4]], "break_glass", True), (["--from", MEMBER[6]], "needs_grant", False),
                                (["--from", "127.0.0.1"], "not_guarded", True)):
        _, answer = network(lab, *words)
        assert (answer["by"], answer["admitted"]) == (by, admitted), answer
    session = f"{MEMBER[4]} 50000 192.0.2.2 2222"
    _, answer = network(lab, ssh=session)
    assert answer["by"] == "no_service" and "tcp/2222" in answer["text"], answer
    behind = lab.control("rules", "check", check=False, root=True, ssh=session).stderr
    assert "tcp/2222 is not let in" in behind, behind
    wrong = lab.control("rules", "check", "--from", "nobody", check=False, root=True)
    assert "nobody is no IP address" in wrong.stderr, wrong.stderr


suite.main()
