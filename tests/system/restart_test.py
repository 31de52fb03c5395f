#!/usr/bin/env python3
"""Who was let in before a restart, or before kill -9, is listed after it and can be ended; and what was granted and not used
yet is good after a planned restart."""
import os
import signal
import socket

import packets
from lab import GATEWAY, MEMBER, phantom
from namespaces import wait_until
from spa import seal
from suite import Suite
from talk import DNS, Talk, ends, forget_connections

suite = Suite(services=("ssh=tcp/22", f"dns=udp/{DNS}"), skew="1s", window="60s", daemon=False)


def listed(lab, kind):
    """The one flow that is listed, as it is listed."""
    flow, = wait_until(lambda: lab.ask("flows"), "the flow from before")
    assert flow["client"] == "alice" and flow["proto"] == kind, flow
    return flow


def on_disk(lab):
    """Changes with every write of the list of flows."""
    return os.stat(lab.path("state/sessions.db-wal")).st_mtime_ns


def ended_behind_it(lab, kind, how, end, why):
    """A flow from before a restart is listed with the age that it has, and `end` ends it."""
    lab.start()
    written = on_disk(lab)
    talk = Talk(lab, kind)
    before = listed(lab, kind)
    wait_until(lambda: on_disk(lab) != written, "the flow to be on disk")
    lab.restart(how)
    after = listed(lab, kind)
    assert after["grant"] == before["grant"] and after["age_ms"] >= before["age_ms"], (before, after)
    talk.goes_on()
    end(lab, after)
    ends(lab, talk, why, client="alice")


def by_revoke(lab, flow):
    lab.control("revoke", "--flow", flow["id"])


def by_session_max(lab, _):
    wait_until(lambda: lab.ask("flows")[0]["age_ms"] > 1000, "a flow of a second")
    lab.set_policy("grants.session_max", "1s")
    lab.reload()


for _how, _name in ((signal.SIGTERM, "a planned restart"), (signal.SIGKILL, "kill -9")):
    for _kind in ("tcp", "udp"):
        for _end, _why in ((by_revoke, "revoked"), (by_session_max, "session_max")):
            suite.add(f"a session from before {_name} is listed after it, and ended by {_why}: {_kind}",
                      lambda lab, kind=_kind, how=_how, end=_end, why=_why: ended_behind_it(lab, kind, how, end, why),
                      f"behind_{_how.name}_{_kind}_{_why}")


@suite.check("a session that ended while the daemon was away is not listed behind it")
def gone_meanwhile(lab):
    lab.start()
    written = on_disk(lab)
    talk = Talk(lab, "tcp")
    wait_until(lambda: on_disk(lab) != written, "the flow to be on disk")
    lab.stop(signal.SIGKILL)
    talk.stop()
    forget_connections(lab)
    lab.start()
    wait_until(lambda: not lab.ask("flows"), "the flow to be gone", 20)


@suite.check("a grant that was not used is good behind a planned restart, once; grants count on")
def unused_grant(lab):
    lab.start()
    lab.knock(seal(lab, source=phantom(1)), phantom(1))
    lab.knock(seal(lab, source=phantom(2)), phantom(2))
    before = {grant["id"]: grant for grant in lab.ask("grants")}
    lab.restart()
    after = {grant["id"]: grant for grant in lab.ask("grants")}
    assert after.keys() == before.keys(), (before, after)
    assert all(after[number]["expires_in_ms"] <= before[number]["expires_in_ms"] for number in before)
    for source_port, reason in ((4000, "grant_active"), (4001, "grant_used")):
        lab.sender().send(packets.tcp(phantom(1), GATEWAY[4], source_port, 22))
        lab.log.wait(src_ip=phantom(1), reason=reason)
    lab.knock(seal(lab, source=phantom(3)), phantom(3))
    newest = max(grant["id"] for grant in lab.ask("grants"))
    assert newest > max(before), (newest, before)


@suite.check("a UDP flow whose server has not answered yet goes on over a planned restart")
def unanswered(lab):
    lab.start()
    lab.knock(seal(lab, source=MEMBER[4], services=["dns"]), MEMBER[4])
    server = lab.listen(DNS, 4, socket.SOCK_DGRAM)
    member = lab.member.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member.connect((GATEWAY[4], DNS))
    member.send(b"before")
    server.wait(1)
    lab.restart()
    assert listed(lab, "udp")["accepts"] >= 1
    member.send(b"behind")
    server.wait(2)
    assert lab.verdicts()["spa_accepted"] == 0, "a new message was needed"


if __name__ == "__main__":
    suite.main()
