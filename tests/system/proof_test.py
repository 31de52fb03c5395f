#!/usr/bin/env python3
"""Proof: each fault alone keeps the gate shut, under a reason word of its own; the same without the fault opens it."""
import os
import time

import packets
from lab import GATEWAY, SPA_PORT, phantom
from namespaces import LabError, wait_until
from spa import keep_clear_of_slot_end, seal
from suite import Suite

SKEW = 30
SLOT = 128  # seconds
suite = Suite(services=("ssh=tcp/22", "web=tcp/8080"), clients=())


def prepare(lab):
    """alice may open ssh, bob ssh and web; servers listen in both families."""
    for name, services in (("alice", "ssh"), ("bob", "ssh,web")):
        lab.add_client(name, services)
    for family in (4, 6):
        for port in (22, 8080):
            lab.listen(port, family)


def send_spa(lab, source, family, datagram):
    """Sends an SPA datagram from `source`."""
    lab.sender().send(packets.udp(source, GATEWAY[family], 5000, SPA_PORT, datagram))


def send_syn(lab, source, family, port=22, source_port=4000):
    """Sends a SYN; returns the reason of its verdict, told apart from others by its source and ports."""
    lab.sender().send(packets.tcp(source, GATEWAY[family], source_port, port))
    return lab.log.wait(src_ip=source, src_port=source_port, dest_port=port, proto="TCP")["reason"]


def refused(lab, source, family, reason, datagram):
    """The datagram gets `reason`, and a SYN behind it finds no grant."""
    send_spa(lab, source, family, datagram)
    line = lab.log.wait(src_ip=source, proto="UDP")
    assert line["reason"] == reason, f"got {line['reason']}, expected {reason}"
    assert line["verdict"] == "drop"
    got = send_syn(lab, source, family)
    assert got == "no_grant", f"the SYN behind it got {got}"


def opens(lab, source, family, datagram, source_port=4001):
    """The datagram makes a grant and a SYN uses it. `source_port`: another one than the refused SYN's."""
    send_spa(lab, source, family, datagram)
    lab.log.wait(src_ip=source, reason="spa_accepted")
    got = send_syn(lab, source, family, source_port=source_port)
    assert got == "grant_active", f"the SYN got {got}"


FAULTS = [
    # title, reason, what the wish has besides
    ("another gateway's name", "spa_handshake", {"gateway_name": "gw2.example.net"}),
    ("a client key that is not in the policy", "spa_client_unknown", {"fault": "unknown_client"}),
    ("a wrong preshared key", "spa_unauthentic", {"fault": "wrong_psk"}),
    ("a service the client is not entitled to", "spa_service", {"services": ["web"]}),
    ("one service he may open and one he may not", "spa_service", {"services": ["ssh", "web"]}),
    ("a service that does not exist", "spa_service", {"services": ["nonsense"]}),
    ("another gateway's key", "spa_sieve", {"fault": "other_gateway"}),
    ("one bit of the nonce", "spa_sieve", {"fault": "nonce_bit"}),
    ("one bit of the tag", "spa_tag", {"fault": "tag_bit"}),
    ("one bit of the ephemeral key", "spa_tag", {"fault": "ephemeral_bit"}),
    ("one bit of the sealed client key, tag made anew", "spa_handshake", {"fault": "static_bit"}),
    ("one bit of the payload, tag made anew", "spa_unauthentic", {"fault": "payload_bit"}),
    ("a byte appended", "spa_tag", {"length": 400, "append": "00"}),
    ("cut to 119 bytes", "spa_length", {"cut": 119}),
    ("an empty datagram", "spa_length", {"cut": 0}),
    ("over 512 bytes", "spa_length", {"length": 512, "append": "00"}),
    ("a tag of ten slots ago", "spa_tag", {"tag_slot_offset": -10}),
    ("a time that is not in the slot of the tag", "spa_slot", {"payload_time_offset": 2 * SLOT}),
    ("a payload that means nothing", "spa_payload", {"payload": "0101010203"}),
    ("another kind of message", "spa_kind", {"kind": 2}),
]


NEIGHBOURS = [  # with a skew of five minutes the slots beside the current one are live
    ("made for the slot before, its tag too", "spa_slot", {"slot_offset": -1}),
    ("made for the slot behind, its tag too", "spa_slot", {"slot_offset": 1}),
    ("under the tag of the slot before", "spa_handshake", {"tag_slot_offset": -1}),
    ("under the tag of the slot behind", "spa_handshake", {"tag_slot_offset": 1}),
]


def each_fault(lab, progress, family, faults):
    """Every fault from a source of its own: refused with its reason; then the same message without it: opened."""
    prepare(lab)
    for number, (title, reason, wish) in enumerate(faults):
        progress(number, len(faults))
        source = phantom(number, family)
        try:
            refused(lab, source, family, reason, seal(lab, source=source, **wish))
            opens(lab, source, family, seal(lab, source=source))
        except (AssertionError, LabError) as error:
            raise AssertionError(f"{title}: {error}") from None
    return f"{len(faults)} faults"


@suite.check("made for a neighbouring slot, or under its tag, while that slot is live: refused; without it: opened",
             skew="5m")
def neighbouring_slots(lab, progress):
    return each_fault(lab, progress, 4, NEIGHBOURS)


for family in (4, 6):
    def faults(lab, progress, family=family):
        return each_fault(lab, progress, family, FAULTS)
    suite.add(f"one fault in the message, IPv{family}: refused with its own reason; without it: opened", faults,
              f"faults_v{family}")

    def other_address(lab, family=family):
        """The claim names one address and the datagram comes from another; neither may come in."""
        prepare(lab)
        claimed, real = phantom(1, family), phantom(2, family)
        refused(lab, real, family, "spa_source", seal(lab, source=claimed))
        assert send_syn(lab, claimed, family) == "no_grant"
        opens(lab, real, family, seal(lab, source=real))
    suite.add(f"a claimed address other than the packet's, IPv{family}", other_address, f"address_v{family}")

    def syns(lab, family=family):
        """The grant is good for one source, source port and destination port; the right SYN still opens afterwards."""
        prepare(lab)
        source, other = phantom(1, family), phantom(2, family)
        send_spa(lab, source, family, seal(lab, source=source, source_port=4001))
        lab.log.wait(src_ip=source, reason="spa_accepted")
        for reason, arguments in (("grant_source_port", {"source_port": 4002}), ("no_grant", {"port": 8080}),
                                  ("no_service", {"port": 23})):
            got = send_syn(lab, source, family, **arguments)
            assert got == reason, f"a SYN with {arguments} got {got}, expected {reason}"
        assert send_syn(lab, other, family, source_port=4001) == "no_grant"
        assert send_syn(lab, source, family, source_port=4001) == "grant_active"
    suite.add(f"a SYN from another port, from another address, to another port, IPv{family}", syns, f"syns_v{family}")

    def window(lab, family=family):
        """A grant of one second, and a SYN after it; the next grant is used in time."""
        prepare(lab)
        source = phantom(1, family)
        send_spa(lab, source, family, seal(lab, source=source, window=1))
        lab.log.wait(src_ip=source, reason="spa_accepted")
        wait_until(lambda: not [row for row in lab.ask("grants") if row["expires_in_ms"] >= 0], "the grant to expire")
        assert send_syn(lab, source, family) == "grant_expired"
        opens(lab, source, family, seal(lab, source=source, window=5))
    suite.add(f"a SYN after the window, IPv{family}", window, f"window_v{family}")


def clock(lab, offset):
    """A clock that is off by one second more than the skew is refused; one that is just inside opens."""
    prepare(lab)
    source, inside = phantom(1), phantom(2)
    keep_clear_of_slot_end(SLOT, SKEW, -SKEW, offset)
    # What lies in no live slot already fails the tag; otherwise the time in the payload is what is wrong.
    now = time.time()
    live = range(int(now - SKEW) // SLOT, int(now + SKEW) // SLOT + 1)
    reason = "spa_stale" if int(now + offset) // SLOT in live else "spa_tag"
    refused(lab, source, 4, reason, seal(lab, source=source, offset=offset))
    opens(lab, inside, 4, seal(lab, source=inside, offset=offset - (3 if offset > 0 else -3)))
    return reason


@suite.check("a clock that is skew + 1 s ahead; two seconds inside the skew opens")
def ahead(lab):
    return clock(lab, SKEW + 1)


@suite.check("a clock that is skew + 1 s behind; two seconds inside the skew opens")
def behind(lab):
    return clock(lab, -SKEW - 1)


def with_client_line(lab, line):
    """Adds a line to alice's file and reloads; returns a function that takes it back."""
    path = lab.path("clients.d/alice.yaml")
    with open(path, encoding="utf-8") as file:
        before = file.read()

    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        lab.reload()
    write(before + line + "\n")
    return lambda: write(before)


@suite.check("a client whose time in the policy is over; before that it opens")
def expired(lab):
    prepare(lab)
    take_back = with_client_line(lab, "expires: 2020-02-29")
    refused(lab, phantom(1), 4, "spa_expired", seal(lab, source=phantom(1)))
    take_back()
    opens(lab, phantom(1), 4, seal(lab, source=phantom(1)))


@suite.check("an address `as seen` where the policy wants an exact one: over IPv6, and over IPv4 with source_claim")
def unbound(lab):
    prepare(lab)
    refused(lab, phantom(1, 6), 6, "spa_source_required", seal(lab, v6="as_seen"))
    opens(lab, phantom(1, 6), 6, seal(lab, source=phantom(1, 6)))
    opens(lab, phantom(1, 4), 4, seal(lab, as_seen=True))
    take_back = with_client_line(lab, "source_claim: required")
    refused(lab, phantom(2, 4), 4, "spa_source_required", seal(lab, as_seen=True))
    take_back()
    opens(lab, phantom(2, 4), 4, seal(lab, as_seen=True))


@suite.check("a client removed by reload: his next message, and the grant he had already")
def removed(lab):
    prepare(lab)
    granted, late, alice = phantom(1), phantom(2), phantom(3)
    send_spa(lab, granted, 4, seal(lab, client="bob", source=granted))
    lab.log.wait(src_ip=granted, reason="spa_accepted")
    early = seal(lab, client="bob", source=late)
    os.rename(lab.path("clients.d/bob.yaml"), lab.path("bob.away"))
    lab.reload()
    got = send_syn(lab, granted, 4)
    assert got == "grant_withdrawn", f"the SYN for the old grant got {got}"
    refused(lab, late, 4, "spa_client_unknown", early)
    opens(lab, alice, 4, seal(lab, source=alice))
    os.rename(lab.path("bob.away"), lab.path("clients.d/bob.yaml"))
    lab.reload()
    opens(lab, late, 4, seal(lab, client="bob", source=late))


@suite.check("a reload with mistakes changes nothing")
def bad_reload(lab):
    prepare(lab)
    with open(lab.policy, "a", encoding="utf-8") as file:
        file.write("nonsense: true\n")
    answer = lab.control("reload", "--daemon-only", check=False)
    assert answer.returncode != 0 and "nonsense" in answer.stderr, answer.stderr
    opens(lab, phantom(1), 4, seal(lab, source=phantom(1)))


if __name__ == "__main__":
    suite.main()
