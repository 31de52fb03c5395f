#!/usr/bin/env python3
"""What authorized once never does so again, whatever dies in between: kills, clocks that are set, disks that are slow, full
or dead; and nobody waits longer than posternd(8) says."""
import collections
import contextlib
import os
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import packets
from lab import GATEWAY, SPA_PORT, Lab, phantom
from namespaces import run, wait_until
from preload import Number, environment
from spa import seal
from suite import Suite

LEAD = 8  # seconds: how far the state on disk reaches beyond the skew
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
        self.lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
        reason = self.lab.log.wait(src_ip=source)["reason"]
        if reason == "spa_accepted":
            self.accepted.append((source, datagram))
        return reason

    def knock_until(self, reason, seconds):
        """New messages until one gets that reason; few enough at a time for the client's places."""
        wait_until(lambda: self.knock() == reason or time.sleep(0.2), f"{reason} for a new message", seconds)

    def get_in(self, promised, offset=0.0):
        """Tries until accepted. Fails where a message is refused whose time is more than `promised` seconds after now."""
        began = time.time()
        while True:
            tried = time.time()
            reason = self.knock(offset)
            if reason == "spa_accepted":
                return tried - began
            if reason == "spa_stale" and tried - began < 60:  # on its way for longer than the skew of a second
                continue
            assert reason in ("spa_old", "spa_not_durable"), reason
            assert tried - began <= promised, f"{reason} after {tried - began:.1f} s, promised were {promised}"
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


# --- kills -----------------------------------------------------------------------------------------------------------

def live(lab, lives, done):
    """Lives of one gateway: in each somebody gets in, then it is killed; what was accepted is sent again, at once and when
    the refusal is over. Returns the longest refusal."""
    member, longest = Member(lab), 0.0
    for _ in range(lives):
        longest = max(longest, member.get_in(1 + LEAD + 1))
        lab.stop(signal.SIGKILL)
        lab.start()
        member.nothing_again()
        longest = max(longest, member.get_in(1 + LEAD + 1))
        member.nothing_again()
        done.append(1)
    assert len(member.accepted) >= 2 * lives
    return member, longest


@suite.check("kill -9 over eight gateways while members get in: no message is ever good for a second time", daemon=False)
def kills(lab, progress):
    lives, gateways, done = suite.count(2, 63), 8, []
    labs = [Lab(lab.build, lab.backend, skew="1s", queues=1) for _ in range(gateways)]
    try:
        for each in labs:
            each.__enter__()
        with ThreadPoolExecutor(gateways) as pool:
            running = [pool.submit(live, each, lives, done) for each in labs]
            while not all(future.done() for future in running):
                progress(len(done), lives * gateways)
                time.sleep(0.2)
            members, waits = zip(*(future.result() for future in running))
        for each in labs:
            each.finish()
    finally:
        for each in labs:
            each.close()
    refused = sum((member.refused for member in members), collections.Counter())
    assert refused["spa_old"] + refused["spa_replayed"] > 0, f"every copy came too late: {dict(refused)}"
    return (f"{lives * gateways} kills, {sum(len(member.accepted) for member in members)} accepted, their copies "
            f"{dict(refused)}, the longest refusal {max(waits):.1f} s")


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


@suite.check("a state directory on a full disk: members get in as before, also after a kill", daemon=False)
def full_disk(lab):
    state = lab.path("state")
    run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=1775", "postern-test", state])
    try:
        os.chown(state, 0, os.stat(lab.directory).st_gid)
        lab.start()
        member = Member(lab)
        member.get_in(1 + LEAD + 1)
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
            time.sleep(0.2)
        assert len(member.accepted) > known
        lab.stop(signal.SIGKILL)
        lab.start()
        member.nothing_again()
        member.get_in(1 + LEAD + 1)
        lab.stop()
    finally:
        run(["umount", "-l", state], check=False)


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
