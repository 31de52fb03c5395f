#!/usr/bin/env python3
"""What comes out of IPsec: real ESP between member and gateway; passed or judged as the policy says, its shell opened."""
import socket

import packets
from lab import GATEWAY, MEMBER, SPA_PORT, STRANGER
from namespaces import LabError, wait_until
from spa import seal
from suite import Skip, Suite, errno_of_connect

KEYS = ("auth", "hmac(sha256)", "0x" + "5a" * 32, "enc", "cbc(aes)", "0x" + "a5" * 16)
suite = Suite(rules=False, daemon=False)


def protect(lab, family):
    """ESP in transport mode for all that member and gateway say to each other; what is said without is not let in."""
    ends = MEMBER[family], GATEWAY[family]
    for namespace, own in ((lab.member, ends[0]), (lab.gateway, ends[1])):
        for number, (source, destination) in enumerate((ends, ends[::-1])):
            between, way = ("src", source, "dst", destination), "out" if source == own else "in"
            namespace.run("ip", "xfrm", "state", "add", *between, "proto", "esp", "spi", str(0x100 + number), "mode",
                          "transport", *KEYS)
            namespace.run("ip", "xfrm", "policy", "add", *between, "dir", way, "tmpl", *between, "proto", "esp", "mode",
                          "transport")


def furnish(lab, family, **keys):
    """A gateway that speaks ESP with the member, with these keys of its policy."""
    try:
        protect(lab, family)
    except LabError as error:
        raise Skip("no ESP here: " + str(error).rsplit("exit ", 1)[-1]) from error
    for key, value in keys.items():
        lab.set_policy(f"gateway.{key}", value)
    lab.rules("apply")
    lab.start()
    return lab.listen(22, family)


def call(lab, role, address, family):
    """A connection to the service that is about to come about, or not."""
    sock = getattr(lab, role).bound(socket.SOCK_STREAM, address)
    sock.setblocking(False)
    sock.connect_ex((GATEWAY[family], 22))
    return sock


def passes(lab, family):
    server = furnish(lab, family, open="[esp]", ipsec="pass")
    assert errno_of_connect(call(lab, "member", MEMBER[family], family)) == 0, "what came out of ESP is judged"
    assert lab.queued() == 0, "something was queued"
    stranger = call(lab, "stranger", STRANGER[family], family)
    wait_until(lambda: lab.verdicts()["no_grant"], "the stranger's SYN to be refused")
    assert len(server.wait()) == 1
    stranger.close()


def is_judged(lab, family):
    server = furnish(lab, family, open="[esp]", ipsec="judge")
    refused = call(lab, "member", MEMBER[family], family)
    wait_until(lambda: lab.verdicts()["no_grant"], "the SYN out of ESP to be refused")
    refused.close()
    asker = lab.member.bound(socket.SOCK_DGRAM, MEMBER[family])
    asker.sendto(seal(lab, source=MEMBER[family]), (GATEWAY[family], SPA_PORT))  # by ESP, too
    wait_until(lambda: lab.verdicts()["spa_accepted"], "the SPA out of ESP to be taken")
    assert errno_of_connect(call(lab, "member", MEMBER[family], family)) == 0, "a grant lets nothing in"
    assert len(server.wait()) == 1


for version in (4, 6):
    suite.add(f"ipsec: pass: what came out of ESP is not judged, what came without is, IPv{version}",
              lambda lab, family=version: passes(lab, family), f"passes_v{version}")
    suite.add(f"ipsec: judge: what came out of ESP needs a grant like all else, IPv{version}",
              lambda lab, family=version: is_judged(lab, family), f"judged_v{version}")


@suite.check("ESP that is not open is judged, and so does not come in")
def shut(lab):
    furnish(lab, 4, ipsec="pass")
    sock = call(lab, "member", MEMBER[4], 4)
    wait_until(lambda: lab.verdicts()["other"], "the ESP packet to be refused")
    sock.close()


@suite.check("ESP under a key that nobody has lets nothing in")
def forged(lab):
    server = furnish(lab, 4, open="[esp]", ipsec="pass")
    shell = (0x100).to_bytes(4, "big") + (1 << 20).to_bytes(4, "big") + bytes(96)
    before = lab.queued()
    lab.sender("stranger").send(packets.ip(MEMBER[4], GATEWAY[4], 50, shell))
    assert errno_of_connect(call(lab, "member", MEMBER[4], 4)) == 0
    assert lab.queued() == before and len(server.wait()) == 1


if __name__ == "__main__":
    suite.main()
