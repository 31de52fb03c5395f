#!/usr/bin/env python3
"""The marker of a fresh key: it spares a start without state the skew, it is good for once, and a reload spends it as well."""
import datetime
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import packets
from daemon import USER
from lab import GATEWAY, SPA_PORT, phantom
from namespaces import run, wait_until
from spa import seal
from suite import Suite

suite = Suite(daemon=False, skew="1s")


def marker(lab, key="gateway.key"):
    """The path of a key's marker."""
    return lab.path(key + ".fresh")


def moment(text):
    """A time of status or of the log."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def verdict(lab, source, datagram):
    """Sends an SPA datagram; returns the reason that it got."""
    before = lab.verdicts()
    lab.sender().send(packets.udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
    wait_until(lambda: sum(lab.verdicts().values()) > sum(before.values()), "the datagram's verdict")
    (reason, count), = (lab.verdicts() - before).items()
    assert count == 1, dict(lab.verdicts() - before)
    return reason


def knock(lab, number, **wish):
    """A fresh message from the number-th source: (the reason that it got, its bytes)."""
    datagram = seal(lab, source=phantom(number), **wish)
    return verdict(lab, phantom(number), datagram), datagram


def restart_without_state(lab):
    """The daemon ends, what it knows is lost, and it starts again."""
    lab.stop()
    os.remove(os.path.join(lab.path("state"), "state.db"))
    lab.start()


def refused_again(lab, number, datagram, reason):
    """A datagram of the number-th source that was accepted is refused: as stale, where the second of its skew is over."""
    assert verdict(lab, phantom(number), datagram) in (reason, "spa_stale")


def costs_the_skew(lab, **wish):
    """A message is refused whose time is not later than the one that the daemon said; a later one is accepted."""
    said = moment(re.search(r"from before (\S+Z)", "\n".join(lab.daemon.lines))[1])
    reason, _ = knock(lab, 1, time=said.timestamp() - 0.01, **wish)
    assert reason in ("spa_old", "spa_stale"), reason
    wait_until(lambda: knock(lab, 2, **wish)[0] == "spa_accepted", "a message to be accepted", 10)


def gone_before_the_first_verdict(lab):
    """The marker's removal was the last change of its directory, and the log's first verdict is later than that."""
    assert not os.path.exists(marker(lab))
    spent = os.stat(lab.directory).st_mtime
    told = lab.log.wait(event_type="verdict")["timestamp"]
    assert spent <= moment(told).timestamp(), f"{spent}, {told}"


@suite.check("the first start accepts at once; the marker is gone when the daemon says that it is ready")
def first(lab):
    assert os.path.exists(marker(lab))
    lab.start()
    assert not os.path.exists(marker(lab)), "the daemon is ready and the marker is there"
    reason, _ = knock(lab, 1)
    assert reason == "spa_accepted", reason
    gone_before_the_first_verdict(lab)
    assert lab.ask("status")["warnings"] == []


@suite.check("packets that come all the while the daemon starts: the marker is gone before the first verdict")
def first_under_load(lab):
    sender = lab.sender()
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(lab.start)
        while not starting.done():
            sender.send(packets.tcp(phantom(7), GATEWAY[4], 4000, 22))
        starting.result()
    gone_before_the_first_verdict(lab)


@suite.check("a second start without state refuses what is not later than start + skew, and accepts after that")
def second(lab):
    lab.start()
    reason, datagram = knock(lab, 3)
    assert reason == "spa_accepted", reason
    restart_without_state(lab)
    refused_again(lab, 3, datagram, "spa_old")
    costs_the_skew(lab)
    assert lab.ask("status")["warnings"] == []


@suite.check("while a start costs the skew, status says until when", skew="60s")
def until_when(lab):
    lab.start()
    restart_without_state(lab)
    assert knock(lab, 1)[0] == "spa_old"
    status = lab.ask("status")
    warning, = status["warnings"]
    floor = moment(re.search(r"from (\S+Z) on", warning)[1])
    assert abs((floor - moment(status["started"])).total_seconds() - 60) < 1, (warning, status["started"])


@suite.check("a marker that the daemon cannot remove costs the skew, and status says so")
def stays(lab):
    keys = lab.path("keys")
    os.mkdir(keys, 0o755)  # root's: the daemon's user reads there and changes nothing
    for name in ("gateway.key", "gateway.key.fresh"):
        os.rename(lab.path(name), f"{keys}/{name}")
    lab.set_policy("gateway.private_key_files", "[keys/gateway.key]")
    lab.start()
    assert os.path.exists(f"{keys}/gateway.key.fresh")
    costs_the_skew(lab)
    warning, = lab.ask("status")["warnings"]  # that there was no state is over with the skew
    assert f"{keys}/gateway.key.fresh" in warning, warning
    assert "warning: " + warning in lab.control("status").stdout


# --- reloads ---------------------------------------------------------------------------------------------------------

def other_key(lab):
    """A key and its marker as `posternctl init` makes them, elsewhere; returns its folder and its public key."""
    folder = lab.path("other")
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    printed = run([*as_user, lab.program("posternctl"), "-c", f"{folder}/postern.yaml", "init", "--name",
                   "gw1.example.net", "--interface", "gw0"]).stdout
    return folder, re.search(r"[A-Za-z0-9+/]{43}=", printed)[0]


def put(lab, folder, name, *, fresh=True):
    """Copies the other key into place under a name, with its marker or without."""
    for ending in ("", ".fresh") if fresh else ("",):
        shutil.copy2(f"{folder}/gateway.key{ending}", lab.path(name + ending))
        os.chown(lab.path(name + ending), USER, USER)


def spent_or_refused(lab, name, public_key):
    """After a reload either the key is in force and its marker gone, or the reload was refused. In either case the next
    start gives nothing away: bytes accepted before it are known, or spa_old where the state is lost."""
    done = lab.control("reload", "--daemon-only", check=False)
    if done.returncode:
        assert done.returncode == 3 and done.stderr and lab.log.find(what="reload_refused"), done
        return "refused"
    assert not os.path.exists(marker(lab, name)), "the key is in force and its marker is there"
    found = wait_until(lambda: [pair for pair in [knock(lab, 4, gateway_key=public_key)] if pair[0] == "spa_accepted"],
                       "a message to the new key to be accepted", 10)
    lab.restart()
    refused_again(lab, 4, found[0][1], "spa_replayed")
    restart_without_state(lab)
    refused_again(lab, 4, found[0][1], "spa_old")
    costs_the_skew(lab, gateway_key=public_key)
    return "taken"


@suite.check("a second key with its marker, taken by a reload: the marker is gone, and a start without state costs the skew")
def reload_second_key(lab):
    lab.start()
    folder, public_key = other_key(lab)
    put(lab, folder, "second.key")
    lab.set_policy("gateway.private_key_files", "[gateway.key, second.key]")
    return spent_or_refused(lab, "second.key", public_key)


@suite.check("the key's file replaced, with a marker, and a reload: the marker is gone, and a start without state costs the skew")
def reload_replaced_key(lab):
    lab.start()
    folder, public_key = other_key(lab)
    put(lab, folder, "gateway.key")
    return spent_or_refused(lab, "gateway.key", public_key)


@suite.check("a marker put back beside a key that is in force, and a reload: a start without state costs the skew")
def reload_marker_put_back(lab):
    lab.start()
    reason, datagram = knock(lab, 4)
    assert reason == "spa_accepted", reason
    open(marker(lab), "w", encoding="ascii").close()
    os.chown(marker(lab), USER, USER)
    lab.control("reload", "--daemon-only", check=False)
    assert not os.path.exists(marker(lab)), "the marker is there after a reload"
    restart_without_state(lab)
    refused_again(lab, 4, datagram, "spa_old")


@suite.check("a second key without a marker is refused by a reload, which says what to do; the key before stays")
def reload_used_key(lab):
    lab.start()
    folder, public_key = other_key(lab)
    put(lab, folder, "second.key", fresh=False)
    lab.set_policy("gateway.private_key_files", "[gateway.key, second.key]")
    done = lab.control("reload", "--daemon-only", check=False)
    assert done.returncode == 3 and "restart" in done.stderr, done
    assert knock(lab, 5)[0] == "spa_accepted"
    assert knock(lab, 6, gateway_key=public_key)[0] in ("spa_sieve", "spa_tag")


if __name__ == "__main__":
    suite.main()
