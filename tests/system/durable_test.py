#!/usr/bin/env python3
"""What authorized once never does so again, whatever dies in between: kills, clocks that are set, disks that are slow, full
or dead; and nobody waits longer than posternd(8) says."""
import collections
import contextlib
import os
import random
import signal
import sys
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import packets
from lab import GATEWAY, SPA_PORT, Lab, phantom
from lists import STEPS, Door, captured
from namespaces import PATIENCE, run, wait_until
from preload import Number, environment
from spa import seal
from suite import Suite

LEAD = 8  # seconds: how far the state on disk reaches beyond the skew
LATE = ("spa_stale", "spa_tag")  # on its way for longer than the skew of a second; the latter at the end of a time slot
VOID = 2  # lines of a one-time list that a crash makes void at most
suite = Suite(skew="1s", queues=1)


class Member:
    """Alice, who remembers every datagram of hers that was accepted."""

    def __init__(self, lab):
        self.lab, self.serial, self.accepted, self.refused = lab, 0, [], collections.Counter()

    def knock(self, offset=0.0):
        """One new message, with a clock that is so far off: the reason that it got."""
        self.serial += 1
        source = phantom(self.serial)
        datagram = seal(self.lab, source=source, offset=offset)
        before = self.lab.verdicts()  # the log has no more than so many lines a second
        self.lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
        reason, = wait_until(lambda: self.lab.verdicts() - before, "a verdict")
        if reason == "spa_accepted":
            self.accepted.append((source, datagram))
        return reason

    def knock_until(self, reason, seconds):
        """New messages until one gets that reason; few enough at a time for the client's places."""
        wait_until(lambda: self.knock() == reason or time.sleep(0.2), f"{reason} for a new message", seconds)

    def get_in(self, promised, offset=0.0):
        """Tries until accepted. Fails where a message is refused whose time is more than `promised` seconds after now.
        Returns how long they were refused for what is used up or not on disk; others may be stale on a busy machine."""
        began, refused = time.time(), 0.0
        while True:
            tried = time.time()
            reason = self.knock(offset)
            if reason == "spa_accepted":
                return refused
            if reason in LATE and tried - began < 60 * PATIENCE:
                continue
            assert reason in ("spa_old", "spa_not_durable"), reason
            refused = tried - began
            assert refused <= promised, f"{reason} after {refused:.1f} s, promised were {promised}"
            time.sleep(0.2)

    def nothing_again(self):
        """The last hundred datagrams that were accepted, once more: none is. Why, is added up in `refused`."""
        before, again = self.lab.verdicts(), self.accepted[-100:]
        for source, datagram in again:
            self.lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
        expected = sum(before.values()) + len(again)
        wait_until(lambda: sum(self.lab.verdicts().values()) >= expected, "all verdicts", 20)
        new = self.lab.verdicts() - before
        assert new["spa_accepted"] + new["spa_again"] == 0, dict(new)
        self.refused += new

    def some_were_fresh(self):
        """Copies that are too old by now are refused by any gate: some have to be refused for what it remembers."""
        assert self.refused["spa_old"] + self.refused["spa_replayed"] > 0, dict(self.refused)


class Knocker:
    """Whoever knocks by a one-time list, and remembers every line that was sent, and from where."""
    LATEST, SAMPLE = 20, 10  # lines that are sent again behind every kill; all are in the end

    def __init__(self, lab, lines, dice):
        self.lab, self.lines, self.dice = lab, lines, dice
        self.door, self.passed = Door(lab, lines, sources=1 << 16), lab.watch_behind()
        self.sent = []  # (line, source)
        self.said = collections.Counter()  # what became of them, where somebody was left to say so
        self.void = collections.Counter()  # how many lines each crash cost

    def _next(self):
        assert len(self.sent) < self.lines, "the list is at its end"
        self.sent.append((len(self.sent), self.door.new_source()))
        return self.sent[-1]

    def knock(self):
        """All steps of the next line: what became of it."""
        said = self.door.knock(*self._next())
        self.said[said] += 1
        return said

    def get_in(self):
        """The next lines, until one opens; the disk is given time, and few of them."""
        def opens():
            said = self.knock()
            assert said in ("knock_opened", "knock_not_durable"), said
            return said == "knock_opened" or time.sleep(0.2)
        wait_until(opens, "a line that opens", 10)

    def knock_into(self, end):
        """The next line with a connection right behind it, and the daemon's end at once: that may be faster."""
        had = self.passed()
        number, source = self._next()
        for each in captured(number, source) + [packets.tcp(source, GATEWAY[4], 4999, 22)]:
            self.lab.sender().send(each)
        time.sleep(self.dice.uniform(0, 0.004))  # the instant, of the way of four packets
        end()
        self.said["let in and died" if self.passed() > had else "died"] += 1

    def get_in_behind_crash(self):
        """The lines that a crash made void, and the next one, which opens at once."""
        void = 0
        while (said := self.knock()) != "knock_opened":
            assert said == "no_service", said
            void += 1
        assert void <= VOID, f"{void} lines were void behind a crash"
        self.void[void] += 1

    def nothing_again(self, everything=False):
        """The latest lines and a sample of all, or all, once more from where they came: none opens."""
        rest = self.sent[:-self.LATEST]
        again = rest if everything else self.dice.sample(rest, min(self.SAMPLE, len(rest)))
        again = again + self.sent[-self.LATEST:]
        for start in range(0, len(again), 50):  # no more at a time than a queue holds
            self._void(again[start:start + 50])
        return len(again)

    def _void(self, again):
        before = self.lab.verdicts()
        for number, source in again:
            for each in captured(number, source):
                self.lab.sender().send(each)
        expected = sum(before.values()) + STEPS * len(again)
        wait_until(lambda: sum(self.lab.verdicts().values()) >= expected, "all verdicts", 20)
        new = self.lab.verdicts() - before
        assert set(new) == {"no_service"}, f"{dict(new)} for lines {[number for number, _ in again]}"


# --- kills -----------------------------------------------------------------------------------------------------------

def kill(lab, member, knocker, turn):
    """Somebody gets in both ways; then the daemon dies at once, while the disk takes lines, or while one is knocked.
    Returns how long a message was refused."""
    waited = member.get_in(1 + LEAD + 1)
    knocker.get_in()
    if turn % 3 == 0:
        member.get_in(1 + LEAD + 1)
    if turn % 3 == 1:
        time.sleep(knocker.dice.uniform(0, 0.3))  # the instant, of a look at what the disk should take
    if turn % 3 == 2:
        knocker.knock_into(lambda: lab.stop(signal.SIGKILL))
    else:
        lab.stop(signal.SIGKILL)
    return waited


def live(lab, turns, done, dice):
    """Lives of one gateway: in each somebody gets in by a message and by a line of a list, then it is killed; what was
    accepted, and every line that was sent, is sent again, at once and when the refusal is over. Returns the longest
    refusal."""
    member, knocker, longest = Member(lab), Knocker(lab, 8 * len(turns) + 50, dice), 0.0
    lab.start()
    for turn in turns:
        longest = max(longest, kill(lab, member, knocker, turn))
        lab.start()
        member.nothing_again()
        knocker.nothing_again()
        knocker.get_in_behind_crash()
        longest = max(longest, member.get_in(1 + LEAD + 1))
        member.nothing_again()
        knocker.nothing_again()
        done.append(1)
    assert knocker.nothing_again(everything=True) == len(knocker.sent)
    assert len(member.accepted) >= 2 * len(turns) <= knocker.said["knock_opened"]
    return member, knocker, longest


def refusals(members):
    """Why copies of messages were refused. Those that are too old by now are by any gate."""
    refused = sum((member.refused for member in members), collections.Counter())
    assert refused["spa_old"] + refused["spa_replayed"] > 0, f"every copy came too late: {dict(refused)}"
    return dict(refused)


@suite.check("kill -9 over eight gateways while members get in, by messages and one-time lists: nothing is ever good for a "
             "second time", daemon=False)
def kills(lab, progress):
    lives, gateways, done, seed = suite.count(2, 63), 8, [], random.randrange(1 << 32)
    print(f"     kills: seed {seed}", file=sys.stderr, flush=True)
    labs = [Lab(lab.build, lab.backend, skew="1s", queues=1, daemon=False) for _ in range(gateways)]
    try:
        for each in labs:
            each.__enter__()
        with ThreadPoolExecutor(gateways) as pool:
            running = [pool.submit(live, each, range(number, number + lives), done, random.Random(seed + number))
                       for number, each in enumerate(labs)]
            while not all(future.done() for future in running):
                progress(len(done), lives * gateways)
                time.sleep(0.2)
            members, knockers, waits = zip(*(future.result() for future in running))
        for each in labs:
            each.finish()
    finally:
        for each in labs:
            each.close()
    void, said = (dict(sum(counts, collections.Counter())) for counts in
                  zip(*((knocker.void, knocker.said) for knocker in knockers)))
    return (f"{lives * gateways} kills, {sum(len(member.accepted) for member in members)} accepted, their copies "
            f"{refusals(members)}, the longest refusal {max(waits):.1f} s; {sum(len(each.sent) for each in knockers)} lines, "
            f"{said}, all of them again: none opened; crashes by the lines that they cost {void}; seed {seed}")


@suite.check("an end in order costs nobody anything: new messages are accepted at once, old ones never")
def in_order(lab):
    member = Member(lab)
    for _ in range(suite.count(5, 50)):
        assert member.knock() == "spa_accepted"
        lab.restart()
        assert member.knock() == "spa_accepted"
        member.nothing_again()
    assert lab.ask("status")["warnings"] == []
    member.some_were_fresh()
    lab.stop(signal.SIGKILL)
    lab.start()
    member.get_in(1 + LEAD + 1)
    for _ in range(2):  # whatever a crash made used is no damage to the starts behind it
        lab.restart()
        assert not os.path.exists(lab.path("state/state.db.damaged"))
    member.nothing_again()


# --- clocks ----------------------------------------------------------------------------------------------------------

def clock_story(lab, step):
    """The clock is set while the daemon runs, while it is killed, and back again."""
    clock = Number(lab.path("clock"))
    with_clock = environment(lab, "clock_shift", POSTERN_CLOCK_FILE=clock.path)
    member, promised = Member(lab), 2 * 1 + LEAD + 2
    waits = []

    def get_in():
        waits.append(member.get_in(promised, clock.value))
        member.nothing_again()

    lab.start(env=with_clock)
    get_in()
    clock.set(step)
    get_in()
    lab.stop(signal.SIGKILL)
    lab.start(env=with_clock)
    get_in()
    lab.stop(signal.SIGKILL)
    clock.set(0)
    lab.start(env=with_clock)
    get_in()
    clock.set(step)
    get_in()
    lab.restart(env=with_clock)
    get_in()
    clock.set(0)
    get_in()
    member.some_were_fresh()
    return f"the longest refusal {max(waits):.1f} s"


for _step, _name in ((-3600, "back an hour"), (86400, "forward a day")):
    suite.add(f"the clock is set {_name} and back, while the daemon runs, between two, behind a kill: nothing opens twice",
              lambda lab, step=_step: clock_story(lab, step), f"clock_{_step}", daemon=False)


# --- disks -----------------------------------------------------------------------------------------------------------

def latency(lab, number):
    """Seconds from an SPA to the answer to the SYN that goes behind it, ten a second at most: a client has 128 places."""
    server = lab.listeners[0] if lab.listeners else lab.listen(22, 4)
    source = f"198.18.0.{number % 250 + 1}"
    datagram = seal(lab, source=source)
    began, had = time.monotonic(), len(server.poll())
    lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
    with lab.member.bound(1, source) as sock:
        sock.settimeout(5)
        sock.connect((GATEWAY[4], 22))
    took = time.monotonic() - began
    server.wait(had + 1)
    time.sleep(0.1)
    return took


def median(lab, first, count):
    return statistics.median(latency(lab, first + number) for number in range(count))


@suite.check("a disk that takes a second for every sync, then refuses all: no verdict waits for it, and the log says why",
             daemon=False, skew="5s", window="5s")
def bad_disk(lab):
    disk, count = Number(lab.path("disk")), suite.count(20, 100)
    lab.start(env=environment(lab, "bad_disk", POSTERN_DISK_FILE=disk.path))
    good = median(lab, 0, count)
    disk.set(1000)
    slow = [latency(lab, 300 + number) for number in range(2 * count)]
    waited = sum(took > 0.5 for took in slow)  # every fourth would, for the disk is busy every fourth second
    assert waited <= count / 10, f"{waited} of {2 * count} waited, the longest {max(slow):.2f} s"
    disk.set(-1)
    member = Member(lab)
    lab.log.wait(what="not_durable", timeout=20)
    member.knock_until("spa_not_durable", 30)
    assert any("spa_not_durable" in warning for warning in lab.ask("status")["warnings"])
    disk.set(0)
    lab.log.wait(what="durable", timeout=20)
    member.get_in(5)
    bad = statistics.median(slow)
    return f"medians {good * 1000:.1f} ms and, with 1 s a sync, {bad * 1000:.1f} ms (ratio {bad / good:.2f})"


def full_disk(lab, first_life):
    """A disk that fills while the daemon runs changes nothing for members."""
    state = lab.path("state")
    run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=1775", "postern-test", state])
    try:
        os.chown(state, 0, os.stat(lab.directory).st_gid)
        door = Door(lab)
        lab.start()
        member = Member(lab)
        member.get_in(1 + LEAD + 1)
        line = door.next_that_opens(0)
        if not first_life:
            lab.restart()
        with open(f"{state}/ballast", "wb") as ballast:
            try:
                while True:
                    os.write(ballast.fileno(), b"x" * 4096)
            except OSError:
                pass
        known, began = len(member.accepted), time.monotonic()
        while time.monotonic() - began < suite.count(2, 8) * LEAD:
            assert member.knock() in ("spa_accepted", "spa_stale")
            line = door.next_that_opens(line + 1)
            time.sleep(0.2)
        assert len(member.accepted) > known
        lab.restart()
        member.get_in(0)
        line = door.next_that_opens(line + 1)
        lab.stop(signal.SIGKILL)
        lab.start()
        member.nothing_again()
        member.get_in(1 + LEAD + 1)
        door.next_that_opens(line + 1)
        lab.stop()
    finally:
        run(["umount", "-l", state], check=False)


for _first, _when in ((True, "first life"), (False, "second life")):
    suite.add(f"a disk that is full in the daemon's {_when}: members get in as before, also behind a restart and a kill",
              lambda lab, first=_first: full_disk(lab, first), f"full_disk_{_when.split()[0]}", daemon=False)


@suite.check("a state directory that is read-only, lost, damaged or of a newer version: said, and nothing opens twice")
def troubles(lab):
    member = Member(lab)
    member.get_in(1 + LEAD + 1)
    lab.stop()
    database = os.path.join(lab.path("state"), "state.db")

    def story(word):
        lab.start()
        assert any(word in warning for warning in lab.ask("status")["warnings"]), lab.ask("status")["warnings"]
        member.nothing_again()
        lab.stop()

    os.rename(database, database + ".away")
    story("there is no state")
    os.rename(database + ".away", database)
    with read_only(lab.path("state")):
        story("spa_not_durable")
    overwrite(database, b"?" * 8192)
    story("state.db.damaged")
    run(["python3", "-c", f"import sqlite3; sqlite3.connect('{database}').execute('PRAGMA user_version = 99')"])
    story("a newer postern has made it")
    os.remove(database)
    lab.start()
    member.get_in(1 + LEAD + 1)
    member.nothing_again()


@contextlib.contextmanager
def read_only(directory):
    """Nobody can write in there."""
    run(["mount", "--bind", directory, directory])
    run(["mount", "-o", "remount,ro,bind", directory])
    try:
        yield
    finally:
        run(["umount", "-l", directory])


def overwrite(path, content):
    """Writes over the beginning of a file."""
    with open(path, "r+b") as file:
        file.write(content)


if __name__ == "__main__":
    suite.main()
