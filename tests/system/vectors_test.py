#!/usr/bin/env python3
"""Proof, byte by byte: every datagram of vectors/native/invalid.json is sent to a gateway with that case's key, name and
clock. Each is refused by the check that the vector names, and the valid datagram it was made from passes that check."""
import base64
import itertools
import json
import os
import time

import packets
from lab import GATEWAY, SPA_PORT, USER, phantom
from preload import environment
from suite import Suite

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "native")
STAGES = {
    "length": {"spa_length"},
    "sieve": {"spa_sieve"},
    "tag": {"spa_tag"},
    "noise": {"spa_handshake", "spa_client_unknown", "spa_unauthentic"},
    "opened": {"spa_payload", "spa_kind"},  # the vectors' payloads are opaque: what is refused is their content
}
suite = Suite(clients=(), daemon=False)


def load(name):
    """The cases of one file."""
    with open(os.path.join(VECTORS, name), encoding="ascii") as file:
        return json.load(file)["cases"]


def base64_of(hexadecimal):
    """A key as policy and key files have it."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def write(lab, name, text):
    """A file of the daemon's user."""
    with open(lab.path(name), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(lab.path(name), 0o640)
    os.chown(lab.path(name), USER, USER)


def gateway_of(lab, valid, name, psk, now):
    """The daemon with a case's keys and name, and a clock that says `now`."""
    write(lab, "gateway.key", base64_of(valid["gateway_private"]) + "\n")
    write(lab, "clients.d/peer.psk", base64_of(psk) + "\n")
    shared = ", preshared_key_file: peer.psk" if int(psk, 16) else ""  # all zero: there is none
    write(lab, "clients.d/peer.yaml",
          f"services: [ssh]\nspa: {{public_key: {base64_of(valid['client_public'])}{shared}}}\n")
    lab.set_policy("gateway.name", name)
    lab.start(env=environment(lab, "clock_shift", POSTERN_CLOCK_OFFSET=int(now - time.time())))


def send(lab, sources, wire):
    """Sends a datagram from a source of its own; returns the reason it got."""
    source = phantom(next(sources))
    lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, wire))
    return lab.log.wait(src_ip=source)["reason"]


@suite.check("every case of vectors/native/invalid.json: refused by the check it names; the one it was made from is not")
def every_case(lab, progress):
    valid, invalid = load("valid.json"), load("invalid.json")
    if not suite.options.full:
        invalid = [case for case in invalid if case["of"] in (0, 1)]
    setting = lambda case: (case["of"], case["gateway"], case["psk"], case["now"])
    sources, done, wrong = itertools.count(), 0, []
    for (of, name, psk, now), cases in itertools.groupby(sorted(invalid, key=setting), setting):
        gateway_of(lab, valid[of], name, psk, now)
        for case in cases:
            done += 1
            progress(done, len(invalid))
            reason = send(lab, sources, bytes.fromhex(case["wire"]))
            if reason not in STAGES[case["stage"]]:
                wrong.append(f"made from {of}: {case['why']}: got {reason}, expected stage {case['stage']}")
        if (name, psk) == (valid[of]["gateway"], valid[of]["psk"]) and now == valid[of]["time"]:
            reason = send(lab, sources, bytes.fromhex(valid[of]["wire"]))
            if reason not in STAGES["opened"]:
                wrong.append(f"valid case {of}: got {reason}")
        lab.stop()
    assert not wrong, f"{len(wrong)} of {done}:\n" + "\n".join(wrong)
    return f"{done} cases"


if __name__ == "__main__":
    suite.main()
