#!/usr/bin/env python3
"""policy_stale: a start with a broken policy runs on the last good one, and says so wherever it reports."""
import json
import os
import shutil
import signal
import socket

import packets
from daemon import USER, Daemon
from lab import GATEWAY, phantom
from lists import Door, ready
from namespaces import wait_until
from spa import seal
from suite import Suite

suite = Suite(skew="1s", window="60s")
SECRETS = ("gateway.key", "steering.seed", "clients.d/alice.psk")


def spoil(lab, name="postern.yaml", text="nonsense: [1\n"):
    """Appends what is no YAML to a file of the policy; returns its text from before."""
    with open(lab.path(name), encoding="utf-8") as file:
        before = file.read()
    with open(lab.path(name), "a", encoding="utf-8") as file:
        file.write(text)
    return before


def restore(lab, before, name="postern.yaml"):
    """Puts a file's text back."""
    with open(lab.path(name), "w", encoding="utf-8") as file:
        file.write(before)


def copy_of(lab):
    """The path of the copy."""
    return lab.path("state/last-good-policy")


def opens(lab, number):
    """A message of alice's opens ssh."""
    source = phantom(number)

    def taken():
        lab.sender().send(packets.udp(source, GATEWAY[4], 5000, 62201, seal(lab, source=source)))
        lab.status()
        return lab.log.find(src_ip=source, reason="spa_accepted")
    wait_until(taken, "an accepted message after the start", 10)
    lab.sender().send(packets.tcp(source, GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=source, reason="grant_active")


def manager(lab):
    """A socket in the place of the service manager's, and what it was told as STATUS so far."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(lab.path("notify"))
    os.chmod(lab.path("notify"), 0o666)
    sock.setblocking(False)
    said = []

    def read():
        while True:
            try:
                said.extend(line[7:] for line in sock.recv(65536).decode().splitlines() if line.startswith("STATUS="))
            except BlockingIOError:
                return said
    return read


def says_stale(lab, word):
    """status says policy_stale with a mistake that has this word, in text and in JSON."""
    text, status = lab.control("status", check=False).stdout, json.loads(lab.control("--json", "status", check=False).stdout)
    assert "policy_stale" in text and word in text, text
    assert any(word in mistake for mistake in status["policy_stale"]), status
    assert any("policy_stale" in warning for warning in status["warnings"]), status


def says_nothing(lab):
    """status says that the files are in force."""
    text, status = lab.control("status").stdout, json.loads(lab.control("--json", "status").stdout)
    assert "policy_stale" not in text and status["policy_stale"] == [], text


@suite.check("a start with a half-saved policy runs on the last good one and says so on every way; members get in")
def broken_start(lab):
    lab.listen(22)
    says_nothing(lab)
    before = spoil(lab)
    told = manager(lab)
    lab.stop()
    lab.start(env={"NOTIFY_SOCKET": lab.path("notify")})
    said = "\n".join(lab.daemon.lines)
    assert "policy_stale: " in said and "postern.yaml:" in said, said
    wait_until(lambda: any("policy_stale" in line for line in told()), "STATUS=policy_stale")
    lab.log.wait(event_type="engine", what="policy_stale", count=1)
    says_stale(lab, "postern.yaml:")
    opens(lab, 1)
    restore(lab, before)
    lab.reload()
    says_nothing(lab)
    wait_until(lambda: "policy_stale" not in told()[-1], "STATUS without policy_stale")


@suite.check("a client's file that is broken or gone does not change who is in force at the start", clients=("alice", "bob"))
def broken_client(lab):
    lab.listen(22)
    spoil(lab, "clients.d/bob.yaml")
    lab.restart()
    says_stale(lab, "bob.yaml")
    opens(lab, 1)


@suite.check("a one-time list that is broken keeps its knocks out at the start, and nobody else; mended, it goes on")
def broken_list(lab):
    lab.listen(22)
    door = Door(lab, 10)
    lab.reload()
    ready(lab, 1)
    assert door.opens(0)
    before = spoil(lab, "door.lines", "tcp/9, what\n")
    lab.restart()
    says_stale(lab, "door.lines:11:8")
    assert door.knock(1) == "no_service"
    opens(lab, 1)
    restore(lab, before, "door.lines")
    lab.reload()
    says_nothing(lab)
    assert door.knock(0) == "no_service"
    assert door.next_that_opens(1) <= 2


@suite.check("a reload of a broken policy changes nothing and is stale until a good one comes; the copy stays the good one")
def broken_reload(lab):
    lab.listen(22)
    copy = open(copy_of(lab), "rb").read()
    before = spoil(lab)
    assert lab.control("reload", "--daemon-only", "--socket", lab.path("control.sock"), check=False).returncode != 0
    says_stale(lab, "postern.yaml:")
    assert open(copy_of(lab), "rb").read() == copy
    opens(lab, 1)
    restore(lab, before + "# another one\n")
    lab.daemon.send(signal.SIGHUP)
    wait_until(lambda: b"# another one" in open(copy_of(lab), "rb").read(), "a copy of the new policy")
    says_nothing(lab)


@suite.check("the copy is YAML alone, never a key; it is the daemon's, and nobody else reads it")
def no_keys(lab):
    status = os.stat(copy_of(lab))
    assert status.st_mode & 0o7777 == 0o600 and status.st_uid == USER, oct(status.st_mode)
    content = open(copy_of(lab), encoding="utf-8").read()
    assert "alice.yaml" in content and "gw1.example.net" in content
    for name in SECRETS:
        secret = open(lab.path(name), encoding="utf-8").read().strip()
        assert secret and secret not in content, name
    assert os.listdir(lab.path("state")).count("last-good-policy") == 1
    assert not [name for name in os.listdir(lab.path("state")) if name.startswith(".")]


def refused(lab, word):
    """The start ends with exit code 3 and the mistakes of the files."""
    daemon = Daemon(lab.gateway, lab.program("posternd"), lab.policy, "--state", lab.path("state"))
    assert daemon.wait() == 3, daemon.lines
    said = "\n".join(daemon.lines)
    assert "postern.yaml:" in said and word in said, said


@suite.check("without a copy, with a damaged one, another policy's or one whose keys are gone, the start is refused: exit 3")
def neither(lab):
    lab.stop()
    spoil(lab)
    content = open(copy_of(lab), "rb").read()

    def with_copy(changed, word):
        with open(copy_of(lab), "wb") as file:
            file.write(changed)
        refused(lab, word)
    with_copy(content[:-5], "damaged")
    with_copy(content.replace(b"\n", b"\n/other", 1), "another policy")
    with_copy(b"", "no copy")
    os.rename(lab.path("gateway.key"), lab.path("key.away"))
    with_copy(content, "gateway.key")
    os.rename(lab.path("key.away"), lab.path("gateway.key"))
    os.remove(copy_of(lab))
    refused(lab, "postern.yaml:")


def warned(lab):
    """The daemon starts and says on standard error and in status that it keeps no copy."""
    lab.start()
    assert any("no copy of the policy" in line for line in lab.daemon.lines), lab.daemon.lines
    assert any("no copy of the policy" in warning for warning in lab.ask("status")["warnings"])
    lab.stop()


@suite.check("a state directory that is missing or read-only is a warning; --state names another one")
def no_directory(lab):
    lab.stop()
    shutil.rmtree(lab.path("state"))
    warned(lab)
    os.mkdir(lab.path("state"), 0o755)  # root's
    warned(lab)
    os.mkdir(lab.path("other"))
    os.chown(lab.path("other"), USER, USER)
    lab.start("--state", lab.path("other"))
    lab.stop()
    spoil(lab)
    lab.start("--state", lab.path("other"))
    says_stale(lab, "postern.yaml:")


if __name__ == "__main__":
    suite.main()
