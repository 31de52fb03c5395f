#!/usr/bin/env python3
"""One-time lists: each line lets in once, in their order, whatever dies in between; what a crash, lost lines, a disk that
refuses and more lines do to a list."""
import datetime
import os
import signal
import socket
import time

import packets
from knocking import packet
from lab import GATEWAY, MEMBER
from lists import STEPS, Door, line, ready
from named import HOST, with_host
from namespaces import wait_until
from preload import Number, environment
from suite import Suite, connects

suite = Suite(window="5m", queues=1)


def copy(lab, count):
    """The client's copy of the list."""
    path = lab.path("client.lines")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(",".join(line(number)) + "\n" for number in range(count))
    os.chmod(path, 0o600)
    return path


def connected(lab, wait=3.0):
    """Whether a connection to the service comes about now."""
    return connects(lab.member, MEMBER[4], GATEWAY[4], 22, wait)


# --- the client ------------------------------------------------------------------------------------------------------

@suite.check("postern knock --one-time-list and a connection right behind it, line by line; captured lines are silent")
def client(lab):
    rounds = suite.count(10, 100)
    Door(lab, rounds)
    lab.reload()
    lab.listen(22)
    ready(lab, 0)
    path, words = copy(lab, rounds), [lab.program("postern"), "knock", GATEWAY[4], "--one-time-list"]
    with lab.capture() as capture:
        for number in range(rounds):
            lab.member.run(*words, path)
            assert connected(lab), f"line {number}: {dict(lab.verdicts())}"
            assert not connected(lab, 0.3), "a second connection on one line"
        capture.stop()
    with open(path, encoding="ascii") as file:
        assert all(text.startswith("#") for text in file), "a line is not marked"
    empty = lab.member.run(*words, path, check=False)
    assert empty.returncode == 1 and "every line is used" in empty.stderr, empty
    before = lab.verdicts()
    assert before["knock_opened"] == before["grant_active"] == rounds, before
    seen = [each for each in capture.incoming(source=MEMBER[4]) if each.port != 22]
    assert len(seen) == STEPS * rounds, len(seen)
    with lab.capture() as silence:
        for step in (step for number in range(rounds) for step in line(number)):
            lab.sender().send(packet(step, MEMBER[4], 4))
        lab.sender().send(packets.tcp(MEMBER[4], GATEWAY[4], 4999, 22))
        wait_until(lambda: sum((lab.verdicts() - before).values()) > len(seen), "all verdicts")
        silence.stop()
    new = lab.verdicts() - before
    assert new["no_service"] == len(seen) and new["knock_opened"] == new["grant_active"] == 0, dict(new)
    assert not silence.outgoing(), "an answer to a captured line"
    lab.log.wait(what="list_dry")
    assert any("none of" in text for text in lab.ask("status")["warnings"])
    return f"{rounds} lines"


@suite.check("a line for a gateway of both families goes to the address that is tried first, and opens there")
def named(lab):
    Door(lab, 5)
    lab.reload()
    ready(lab, 1)
    for family in (4, 6):
        lab.listen(22, family)
    path = copy(lab, 5)
    first = lab.member.run(*with_host(lab, "getent", "ahosts", HOST)).stdout.split()[0]
    family = 6 if ":" in first else 4
    for options, opened in (((), family), (("-4",), 4), (("-6",), 6)):
        lab.member.run(*with_host(lab, lab.program("postern"), "knock", HOST, *options, "--one-time-list", path))
        assert connects(lab.member, MEMBER[opened], GATEWAY[opened], 22, 3.0), f"{options}: {dict(lab.verdicts())}"
        assert not connects(lab.member, MEMBER[10 - opened], GATEWAY[10 - opened], 22, 0.3), options
    with open(path, encoding="ascii") as file:
        assert [text.startswith("#") for text in file] == [True] * 3 + [False] * 2, "lines of the client's copy"


@suite.check("lines that are lost are skipped within look_ahead, and void then; beyond it nobody is heard", daemon=False)
def look_ahead(lab):
    door = Door(lab, 30, look_ahead=4)
    lab.start()
    assert door.opens(0)
    ready(lab, 2)
    assert door.opens(2), "one line was lost"
    assert door.knock(1) == "no_service", "a line before a used one"
    ready(lab, 4)
    assert door.knock(6) == "knock_not_durable", "three were lost: the disk is not that far"
    ready(lab, 8)
    assert door.opens(7)
    ready(lab, 9)
    assert door.knock(12) == "no_service", "four were lost"
    assert door.opens(8)


# --- restarts --------------------------------------------------------------------------------------------------------

@suite.check("kill -9 between lines: no line opens twice, and two at most are skipped", daemon=False)
def kills(lab):
    door, used, number, skipped = Door(lab), [], 0, []
    lab.start()
    for _ in range(suite.count(6, 40)):
        for _ in range(2):
            number = door.next_that_opens(number)
            used.append(number)
            number += 1
        if len(used) % 4:
            ready(lab, number)
        lab.stop(signal.SIGKILL)
        lab.start()
        door.nothing_again(used)
        first = door.next_that_opens(number)
        skipped.append(first - number)
        assert skipped[-1] <= 2, f"{skipped[-1]} lines were skipped"
        used.append(first)
        number = first + 1
    return f"skipped {skipped}"


@suite.check("restarts in order skip no line and make none good again", daemon=False)
def in_order(lab):
    door = Door(lab)
    lab.start()
    for number in range(suite.count(5, 30)):
        assert door.opens(number), number  # the start reserved it
        lab.restart()
        assert door.knock(number) == "no_service", number


@suite.check("a state that is lost makes all lines void, says so, and new lines are the way back", daemon=False)
def lost(lab):
    door = Door(lab, 10)
    lab.start()
    assert door.opens(0)
    lab.stop()
    for name in os.listdir(lab.path("state")):
        if name.startswith("state.db"):
            os.remove(lab.path(f"state/{name}"))
    lab.start()
    for number in (0, 1, 9):
        assert door.knock(number) == "no_service", number
    assert any("none of 10 lines is left; there is no state" in text for text in lab.ask("status")["warnings"])
    door.write(14)
    lab.reload()
    ready(lab, 10)
    assert door.opens(10)


# --- disks and reloads -----------------------------------------------------------------------------------------------

def knock_fast(lab, door, first):
    """Lines as fast as they go from this one on, while every sync takes a second: those that come too early are refused,
    which is not called dry. Returns the last one and how long the slowest took."""
    count, said, took = suite.count(8, 40), set(), []
    for number in range(first, first + count):
        began = time.monotonic()
        said.add(door.knock(number))
        took.append(time.monotonic() - began)
    assert sorted(took)[count // 2] < 0.5, took
    assert said == {"knock_opened", "knock_not_durable"}, said
    lab.log.wait(reason="knock_not_durable")
    assert not lab.log.find(what="list_dry")
    return number, max(took)


@suite.check("a disk that takes a second for every sync, then none at all: the log says why and when a list runs dry, no "
             "verdict waits, and the list comes back with the disk", daemon=False)
def bad_disk(lab):
    disk, door = Number(lab.path("disk")), Door(lab)
    lab.start(env=environment(lab, "bad_disk", POSTERN_DISK_FILE=disk.path))
    first = door.next_that_opens(0) + 1
    disk.set(1000)
    number, slowest = knock_fast(lab, door, first)
    ready(lab, number + 2)
    disk.set(-1)
    trouble = lab.log.wait(what="not_durable", timeout=20)
    for number in (number + 1, number + 2):
        assert door.knock(number) == "knock_opened", "a line that the disk has already"
    used = datetime.datetime.now(datetime.timezone.utc)
    dry = lab.log.wait(what="list_dry", timeout=20)
    assert dry["text"] == f"knocks.door: refused as knock_not_durable until the disk takes lines: {trouble['text']}", dry
    assert used <= datetime.datetime.fromisoformat(dry["timestamp"].replace("Z", "+00:00")), (used, dry)
    assert door.knock(number + 1) == "knock_not_durable"
    assert dry["text"] in lab.ask("status")["warnings"], lab.ask("status")["warnings"]
    disk.set(0)
    lab.log.wait(what="durable", timeout=20)
    ready(lab, number + 2)
    assert door.knock(number + 2) == "knock_opened"
    assert not any("knocks.door" in text for text in lab.ask("status")["warnings"])
    return f"the slowest verdicts of a line {slowest:.2f} s"


@suite.check("a reload with more lines keeps the session and the place in the list", daemon=False)
def more_lines(lab):
    door = Door(lab, 4)
    lab.start()
    server = lab.listen(22)
    path = copy(lab, 12)
    words = [lab.program("postern"), "knock", GATEWAY[4], "--one-time-list", path]
    lab.member.run(*words)
    with lab.member.bound(socket.SOCK_STREAM, MEMBER[4]) as session:
        session.settimeout(5)
        session.connect((GATEWAY[4], 22))
        peer = server.wait()[0][0]
        door.write(12)
        lab.reload()
        session.sendall(b"still here")
        peer.setblocking(True)
        assert peer.recv(64) == b"still here"
        assert len(lab.ask("flows")) == 1
        assert door.knock(0) == "no_service"
        for number in range(1, 12):
            ready(lab, number)
            lab.member.run(*words)
        assert lab.verdicts()["knock_opened"] == 12, dict(lab.verdicts())
        session.sendall(b"and now")
        assert peer.recv(64) == b"and now"


if __name__ == "__main__":
    suite.main()
