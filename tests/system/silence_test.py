#!/usr/bin/env python3
"""Silence: nmap's scans from a stranger see one and the same nothing at every port, and not one packet goes back."""
import shutil
import xml.etree.ElementTree as ElementTree

import counters
from lab import GATEWAY, MEMBER, STRANGER
from namespaces import wait_until
from spa import seal
from suite import Skip, Suite

SCANS = {"SYN": "-sS", "UDP": "-sU", "ACK": "-sA", "FIN": "-sF", "NULL": "-sN", "Xmas": "-sX", "window": "-sW"}
suite = Suite(window="5m")


def nmap(lab, family, option):
    """Runs one scan and returns its XML report."""
    if not shutil.which("nmap"):
        raise Skip("nmap is not installed")
    ports = [] if option == "-sO" else ["-p", "1-65535" if suite.options.full else "1-1024,62201"]
    words = ["nmap", "-Pn", "-n", "--min-rate", "5000", "--max-retries", "0", option, *ports, "-oX", "-"]
    if family == 6:
        words.append("-6")
    return lab.stranger.run(*words, GATEWAY[family], timeout=300).stdout


def states(report):
    """How often nmap saw each (state, reason) in a report."""
    found = {}
    for ports in ElementTree.fromstring(report).iter("ports"):
        for port in ports.iter("port"):
            state = port.find("state")
            key = (state.get("state"), state.get("reason"))
            found[key] = found.get(key, 0) + 1
        for extra in ports.iter("extraports"):
            reasons = ",".join(sorted(reason.get("reason") for reason in extra.iter("extrareasons")))
            key = (extra.get("state"), reasons)
            found[key] = found.get(key, 0) + int(extra.get("count"))
    return found


def accounted(lab):
    """Packets that the daemon decided, that our rules dropped, and that the kernel refused before them."""
    kernel = counters.snmp(lab.gateway)
    refused = kernel["Ip.InHdrErrors"] + kernel["Ip6InHdrErrors"]
    return sum(lab.verdicts().values()), counters.packets(counters.drop_rules(lab.gateway, lab.backend)), refused


def scan(lab, family, option):
    """One scan: one state for all ports, nothing sent back, every packet accounted for. Returns how many there were."""
    before = accounted(lab)
    with lab.capture() as capture:
        found = states(nmap(lab, family, option))
        capture.stop(0.5)
    decided, dropped, refused = (new - old for new, old in zip(accounted(lab), before))
    came = len(capture.incoming(source=STRANGER[family]))
    answers = capture.outgoing(destination=STRANGER[family])
    assert len(found) == 1, f"ports look different: {found}"
    assert not answers, f"{len(answers)} packets were sent to the stranger: {answers[0].data.hex()}"
    assert came and came == decided + dropped + refused, f"{came} packets, {decided} decided, {dropped} dropped by " \
                                                        f"rules, {refused} refused by the kernel"
    assert refused <= 4, f"the kernel refused {refused}"  # a protocol scan's empty hop-by-hop and fragment headers
    return came


def grant(lab):
    """A live grant for somebody else, in both families."""
    for family in (4, 6):
        lab.knock(seal(lab, source=MEMBER[family]), MEMBER[family], family)


for family in (4, 6):
    for name, option in {**SCANS, "protocol": "-sO"}.items():
        def silent(lab, family=family, option=option):
            alone = scan(lab, family, option)
            grant(lab)
            beside = scan(lab, family, option)
            assert lab.ask("grants"), "the grant is not live any more"
            return f"{alone} and {beside} packets"
        suite.add(f"{name} scan, IPv{family}, without and with a live grant of somebody else: silence", silent,
                  f"{name}_v{family}".lower())


def answered(lab, family):
    """The control: without our rules the same scans are answered."""
    lab.rules("remove")
    for option in SCANS.values():
        with lab.capture() as capture:
            nmap(lab, family, option)
            wait_until(lambda: capture.outgoing(destination=STRANGER[family]), f"an answer to nmap {option}")
            capture.stop()


@suite.check("the same scans without our rules are answered, IPv4")
def answered_v4(lab):
    answered(lab, 4)


@suite.check("the same scans without our rules are answered, IPv6")
def answered_v6(lab):
    answered(lab, 6)


if __name__ == "__main__":
    suite.main()
