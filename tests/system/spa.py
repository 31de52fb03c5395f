"""SPA datagrams to order, made by `forge` (tests/tools/forge.cc) with the keys of a client's profile.

A wish is a dictionary. For genuine messages: client, source (an address; or sources: {4: ..., 6: ...}, or as_seen),
source_port, services, window, attempt. For faulty ones: offset (seconds the clock is off), gateway_name, fault (one of
FAULTS), and whatever else forge knows.
"""
import base64
import json
import os
import re
import time

from namespaces import LabError, run, wait_until


def _random_key():
    """A key that is fit for every use: as a public one it must be below 2^255 - 19."""
    key = os.urandom(32)
    return base64.b64encode(key[:31] + bytes([key[31] & 0x3F])).decode()


# Faults that take other keys or bytes of a place; the places are those of postern-spa(7):
# nonce 0..7, tag 8..23, masked ephemeral 24..55, sealed client key 56..103, sealed payload from 104 on.
FAULTS = {
    "unknown_client": lambda order: {"client_key": _random_key()},
    "wrong_psk": lambda order: {"psk": _random_key()},
    "other_gateway": lambda order: {"gateway_key": _random_key()},
    "nonce_bit": lambda order: {"flip": 7},
    "tag_bit": lambda order: {"flip": 8},
    "ephemeral_bit": lambda order: {"flip": 24},
    "static_bit": lambda order: {"flip_noise": 32},
    "payload_bit": lambda order: {"flip_noise": 80},
    "cut": lambda order: {"cut": 119},
    "long": lambda order: {"append": "00" * 512},
    "empty": lambda order: {"cut": 0},
}


def profile(path):
    """The keys and names of a client's profile."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    wanted = ("name", "public_key", "private_key", "preshared_key")
    return {key: re.search(rf'^\s+{key}: "?([^"\n]+)"?$', text, re.M)[1] for key in wanted}


def _claims(wish):
    if wish.pop("as_seen", False):
        wish.pop("source", None)
        return {"v4": "as_seen"}
    sources = wish.pop("sources", None) or {}
    source = wish.pop("source", None)
    if source:
        sources = {6 if ":" in source else 4: source}
    return {f"v{family}": address for family, address in sources.items()}


def order(lab, wish):
    """What forge is told for a wish."""
    wish = dict(wish)
    keys = profile(lab.profile(wish.pop("client", "alice")))
    told = {"client_key": keys["private_key"], "psk": keys["preshared_key"], "gateway_key": keys["public_key"],
            "gateway_name": keys["name"], "services": wish.pop("services", ["ssh"]), **_claims(wish)}
    if "offset" in wish:
        told["time_offset"] = wish.pop("offset")
    fault = wish.pop("fault", None)
    if fault:
        told.update(FAULTS[fault](told))
    return {**told, **wish}


def seal_many(lab, wishes):
    """One datagram per wish, in their order."""
    text = "".join(json.dumps(order(lab, wish)) + "\n" for wish in wishes)
    lines = run([lab.program("forge")], input=text).stdout.splitlines()
    errors = [line for line in lines if line.startswith("error")]
    if errors or len(lines) != len(wishes):
        raise LabError(f"forge: {errors or lines}")
    return [bytes.fromhex(line) for line in lines]


def seal(lab, **wish):
    """One datagram."""
    return seal_many(lab, [wish])[0]


def keep_clear_of_slot_end(slot, *offsets, margin=4):
    """Waits, `margin` seconds at most, until neither now nor now + any offset is about to enter another slot."""
    def clear():
        return all((time.time() + offset) % slot < slot - margin for offset in (0, *offsets))
    wait_until(clear, "the time slot to begin", margin + 1)
