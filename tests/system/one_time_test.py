#!/usr/bin/env python3
"""One-time lists: each line lets in once, in their order, whatever dies in between; what a crash, lost lines, a disk that
refuses and more lines do to a list."""
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import time

import packets
from daemon import USER
from knocking import packet
from lab import GATEWAY, MEMBER, phantom
from named import HOST, with_host
from namespaces import wait_until
from preload import Number, environment
from suite import Suite, connects

LINES = 200
STEPS = 3  # of a line
suite = Suite(window="5m", queues=1)


def line(number):
    """The number-th line; no two have a step in common."""
    return [f"tcp/{11000 + number}", f"udp/{31000 + number}", f"tcp/{21000 + number}"]


class Door:
    """A policy's knock with a list, and whoever goes through it, each knock from a source of its own."""

    def __init__(self, lab, count=LINES, **keys):
        self.lab, self.serial = lab, 0
        self.write(count)
        more = "".join(f", {key}: {value}" for key, value in keys.items())
        with open(lab.policy, "a", encoding="utf-8") as file:
            file.write(f"knocks:\n  door: {{scheme: static, one_time_list: door.lines, opens: ssh{more}}}\n")

    def write(self, count):
        """So many lines in the gateway's file."""
        path = self.lab.path("door.lines")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(", ".join(line(number)) + "\n" for number in range(count))
        os.chown(path, 0, USER)
        os.chmod(path, 0o640)

    def knock(self, number):
        """All steps of a line: what became of the last one, or no_service where the line is not listened to."""
        self.serial += 1
        before = self.lab.verdicts()
        for step in line(number):
            self.lab.sender().send(packet(step, phantom(self.serial), 4))
        wait_until(lambda: sum(self.lab.verdicts().values()) >= sum(before.values()) + STEPS, "the verdicts of a line")
        said = set(self.lab.verdicts() - before) - {"knock_step"}
        assert len(said) == 1, said
        return said.pop()

    def opens(self, number):
        """Whether the line opens. Where the disk was not ready for it, waits until it is for the next one."""
        said = self.knock(number)
        assert said in ("knock_opened", "knock_not_durable", "no_service"), said
        if said == "knock_not_durable":
            ready(self.lab, number + 1)
        return said == "knock_opened"

    def next_that_opens(self, number):
        """The first line from this one on that opens."""
        return next(each for each in range(number, LINES) if self.opens(each))

    def nothing_again(self, used):
        """Lines that opened once open nothing now."""
        for number in used[-5:]:
            assert self.knock(number) == "no_service", number


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


def lines_on_disk(lab):
    """The digests in a copy of the daemon's state: the file itself has one holder."""
    for end in ("", "-wal"):
        shutil.copy(lab.path(f"state/state.db{end}"), lab.path(f"copy.db{end}"))
    with contextlib.closing(sqlite3.connect(lab.path("copy.db"))) as database:
        return {row[0] for row in database.execute("SELECT digest FROM line")}


def ready(lab, number):
    """Waits until the disk counts a line as used, so that it may be."""
    digest = hashlib.sha256(",".join(line(number)).encode()).digest()
    wait_until(lambda: digest in lines_on_disk(lab), f"line {number} on the disk")
    lab.status()


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

@suite.check("a disk that is slow, then refuses all: lines run dry, the log says so, and no verdict waits", daemon=False)
def bad_disk(lab):
    disk, door = Number(lab.path("disk")), Door(lab)
    lab.start(env=environment(lab, "bad_disk", POSTERN_DISK_FILE=disk.path))
    number, took = door.next_that_opens(0) + 1, []
    disk.set(1000)
    for number in range(number, number + suite.count(8, 40)):
        began = time.monotonic()
        door.knock(number)
        took.append(time.monotonic() - began)
    assert sorted(took)[len(took) // 2] < 0.5, took
    disk.set(-1)
    lab.log.wait(what="not_durable", timeout=20)
    for number in range(number + 1, number + 5):  # two are reserved at most
        last = door.knock(number)
    assert last == "knock_not_durable", last
    refused = lab.log.wait(what="list_dry", timeout=20)
    assert "door" in refused["text"], refused
    assert any("knocks.door" in text and "knock_not_durable" in text for text in lab.ask("status")["warnings"])
    disk.set(0)
    lab.log.wait(what="durable", timeout=20)
    door.next_that_opens(number)
    return f"the slowest verdicts of a line {max(took):.2f} s"


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
