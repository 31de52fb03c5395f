#!/usr/bin/env python3
"""What an operator does with the state: look at it, copy it, put it back, refuse up to a time. Whoever puts a copy back
behind the daemon's back is recognised. Nothing that was accepted is ever accepted again."""
import datetime
import json
import os
import shutil
import signal
import time

import packets
from lab import GATEWAY, SPA_PORT, phantom
from lists import Door
from namespaces import PATIENCE, wait_until
from preload import Number, environment
from spa import seal
from suite import Suite

HOUR = 3600
SKEW = int(5 * PATIENCE)  # seconds; what was accepted is fresh for nearly twice as long
suite = Suite(skew=f"{SKEW}s", queues=1, daemon=False)
_serial = iter(range(1, 1 << 16))


def knock(lab, source, datagram):
    lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
    return lab.log.wait(src_ip=source)["reason"]


def accepted(lab, ahead=0, **claims):
    """A new message that is accepted, from a source of its own, where the daemon's clock is so many seconds ahead. Its own
    is more so: it stays fresh for long."""
    source = phantom(next(_serial))
    datagram = seal(lab, source=source, offset=ahead + SKEW - 1, **claims)
    assert knock(lab, source, datagram) == "spa_accepted"
    return source, datagram


def refused_again(lab, source, datagram):
    before = lab.verdicts()
    lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
    wait_until(lambda: sum(lab.verdicts().values()) > sum(before.values()), "its verdict")
    new = lab.verdicts() - before
    assert set(new) <= {"spa_old", "spa_replayed", "spa_stale"}, dict(new)
    return set(new)


def welcome_in_time(lab):
    """A new message is refused as old for no longer than is fresh at the start, and then accepted."""
    began = time.monotonic()

    def reason():
        source = phantom(next(_serial))
        return knock(lab, source, seal(lab, source=source))
    while (said := reason()) != "spa_accepted":
        assert said in ("spa_old", "spa_stale"), said
        assert time.monotonic() - began < 60 * PATIENCE, "nobody gets in any more"
        time.sleep(0.2)
    return time.monotonic() - began


def state(lab, *words, check=True):
    return lab.control("state", *words, check=check)


def failure(lab, *words):
    done = state(lab, *words, check=False)
    assert done.returncode == 1, done
    return done.stderr


@suite.check("check says how the daemon ended and up to when messages are used up, whether it runs or not")
def checked(lab):
    assert "there is no state" in failure(lab, "check")
    assert "no user" in failure(lab, "check", "--user", "nobody-has-this-name")
    lab.start()
    accepted(lab)
    running = json.loads(lab.control("--json", "state", "check").stdout)
    assert running["running"] and running["clients"][0]["client"] == "alice", running
    lab.stop()
    ended = json.loads(lab.control("--json", "state", "check").stdout)
    assert not ended["running"] and ended["in_order"] and ended["clients"] == running["clients"], ended
    assert "ended    in order" in state(lab, "check").stdout
    lab.start()
    lab.stop(signal.SIGKILL)
    assert "ended    not in order" in state(lab, "check").stdout


@suite.check("an export of the running daemon, put back when all is lost: nothing opens twice, members get in")
def restored(lab):
    lab.start()
    first = accepted(lab)
    state(lab, "export", "--out", lab.path("export.json"))
    assert os.stat(lab.path("export.json")).st_mode & 0o777 == 0o600
    assert json.loads(state(lab, "export").stdout)["clients"]
    second = accepted(lab)
    assert "stop posternd" in failure(lab, "restore", lab.path("export.json"))
    lab.stop(signal.SIGKILL)
    shutil.rmtree(lab.path("state"))
    os.mkdir(lab.path("state"))
    os.chmod(lab.path("state"), 0o1777)
    state(lab, "restore", lab.path("export.json"))
    lab.start()
    for datagram in (first, second):
        refused_again(lab, *datagram)
    took = welcome_in_time(lab)
    for datagram in (first, second):
        refused_again(lab, *datagram)
    return f"in after {took:.1f} s"


@suite.check("a floor refuses one client up to a time, and nobody else", clients=("alice", "bob"))
def floored(lab):
    lab.start()
    accepted(lab)
    assert "stop posternd" in failure(lab, "floor")
    lab.stop()
    assert "no client carol" in failure(lab, "floor", "--client", "carol")
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=HOUR)
    state(lab, "floor", "--client", "alice", "--until", until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    clock = Number(lab.path("clock"))
    for ahead, said in ((0, "spa_old"), (HOUR - 60 * PATIENCE, "spa_old"), (HOUR + 1, "spa_accepted")):
        clock.set(int(ahead))
        lab.start(env=environment(lab, "clock_shift", POSTERN_CLOCK_FILE=clock.path))
        warning, = lab.ask("status")["warnings"] or [""]
        assert not warning, warning
        source = phantom(next(_serial))
        assert knock(lab, source, seal(lab, client="alice", source=source, offset=clock.value)) == said, ahead
        accepted(lab, clock.value, client="bob")
        lab.stop()


@suite.check("a floor, and a document put back, make all lines of a one-time list void, and want to read it for that")
def lists_void(lab):
    door = Door(lab, 10)
    lab.start()
    assert door.opens(0)
    lab.stop()
    state(lab, "export", "--out", lab.path("export.json"))
    for words in (("floor",), ("restore", lab.path("export.json"))):
        os.rename(lab.path("door.lines"), lab.path("away"))
        refused = state(lab, *words, check=False)
        assert refused.returncode == 3 and "door.lines cannot be read" in refused.stderr, refused
        os.rename(lab.path("away"), lab.path("door.lines"))
        assert "all lines of one-time lists" in state(lab, *words).stdout
        lab.start()
        assert [door.knock(number) for number in range(10)] == ["no_service"] * 10
        lab.stop()
    shutil.rmtree(lab.path("state"))
    os.mkdir(lab.path("state"))
    os.chmod(lab.path("state"), 0o1777)
    lab.start()
    assert door.knock(5) == "no_service"


@suite.check("what is no document is refused, and changes nothing")
def no_document(lab):
    lab.start()
    first = accepted(lab)
    lab.stop()
    text = state(lab, "export").stdout
    without, newer = text.replace('"used"', '"usd"', 1), text.replace('"postern_state":1', '"postern_state":9')
    for broken in ("", text[:-20], without, newer):
        with open(lab.path("broken.json"), "w", encoding="utf-8") as file:
            file.write(broken)
        assert "expected" in failure(lab, "restore", lab.path("broken.json"))
    assert state(lab, "export").stdout == text
    lab.start()
    refused_again(lab, *first)
    accepted(lab)


def older_copy(lab):
    """Puts a copy of the state back that is older than what was accepted last, which is returned."""
    lab.set_policy("state.anchor", lab.path("anchor"))
    lab.start()
    lab.stop()
    shutil.copytree(lab.path("state"), lab.path("copy"))
    lab.start()
    first = accepted(lab)
    lab.stop()
    assert "agrees" in state(lab, "check").stdout
    for name in os.listdir(lab.path("state")):
        if name.startswith("state.db"):
            os.remove(os.path.join(lab.path("state"), name))
    for name in os.listdir(lab.path("copy")):
        if name.startswith("state.db"):
            target = os.path.join(lab.path("state"), name)
            shutil.copy2(os.path.join(lab.path("copy"), name), target)
            owner = os.stat(lab.path("anchor"))
            os.chown(target, owner.st_uid, owner.st_gid)
    assert "an older copy" in failure(lab, "check")
    return first


@suite.check("a floor for one client makes an older copy good for nobody", clients=("alice", "bob"))
def floored_copy(lab):
    first = older_copy(lab)
    state(lab, "floor", "--client", "bob")  # makes the anchor agree, and nothing good again
    lab.start()
    assert "agrees" in state(lab, "check").stdout
    assert refused_again(lab, *first) == {"spa_old"}
    took = welcome_in_time(lab)
    lab.stop()
    return f"in after {took:.1f} s"


@suite.check("an older copy of the directory, put back, is recognised by the anchor: said, and nothing opens twice")
def put_back(lab):
    first = older_copy(lab)
    lab.start()
    assert any("an older copy" in warning for warning in lab.ask("status")["warnings"]), lab.ask("status")["warnings"]
    refused_again(lab, *first)
    took = welcome_in_time(lab)
    refused_again(lab, *first)
    return f"in after {took:.1f} s"


if __name__ == "__main__":
    suite.main()
