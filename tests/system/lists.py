"""One-time lists as several files of this suite need them: their lines, a policy that has one, and whoever knocks by it."""
import contextlib
import hashlib
import os
import shutil
import sqlite3

from daemon import USER
from knocking import packet
from lab import phantom
from namespaces import wait_until

LINES = 200
STEPS = 3  # of a line


def line(number):
    """The number-th line; no two have a step in common."""
    return [f"tcp/{11000 + number}", f"udp/{31000 + number}", f"tcp/{21000 + number}"]


def captured(number, source):
    """The packets of a line from there: the same ones every time."""
    return [packet(step, source, 4) for step in line(number)]


class Door:
    """A policy's knock with a list, and whoever goes through it, each knock from a source of its own, behind the first
    `sources`."""

    def __init__(self, lab, count=LINES, sources=0, **keys):
        self.lab, self.serial = lab, sources
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

    def new_source(self):
        """One that was never used."""
        self.serial += 1
        return phantom(self.serial)

    def knock(self, number, source=None):
        """All steps of a line: what became of the last one, or no_service where the line is not listened to."""
        before = self.lab.verdicts()
        for each in captured(number, source or self.new_source()):
            self.lab.sender().send(each)
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
