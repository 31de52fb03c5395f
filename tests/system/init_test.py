#!/usr/bin/env python3
"""posternctl init where a line of flags does not say all: asked at a terminal, or told to take what the host proposes."""
import os
import pty
import re
import stat
import subprocess

from lab import GATEWAY, MEMBER
from namespaces import run
from suite import Suite

suite = Suite(daemon=False)
SESSION = f"SSH_CONNECTION={MEMBER[4]} 40000 {GATEWAY[4]} 22"


def program_name():
    """How a service of this test's own listeners is named."""
    with open("/proc/self/comm", encoding="ascii") as file:
        return re.sub("[^A-Za-z0-9_-]", "", file.read())


def init(lab, folder, *words, session=SESSION, **options):
    """posternctl init on the gateway, in a directory of its own."""
    os.makedirs(lab.path(folder), exist_ok=True)
    environment = [session] if session else ["-u", "SSH_CONNECTION"]
    return lab.gateway.run("env", *environment, lab.program("posternctl"), "-c", lab.path(f"{folder}/etc/postern.yaml"),
                           "init", *words, check=False, cwd=lab.path(folder), **options)


def read(lab, path):
    with open(lab.path(path), encoding="utf-8") as file:
        return file.read()


def asked(lab, folder, *answers):
    """init at a terminal where these answers are typed."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, "".join(answer + "\n" for answer in answers).encode() + b"\x04")
        return init(lab, folder, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@suite.check("--yes takes the default route's interface and what listens; break-glass here is where the session comes from")
def taken(lab):
    lab.listen(22)
    lab.listen(443)
    done = init(lab, "taken", "--yes", "--name", "gw1", "--client", "alice", "--break-glass", "here", "--host",
                GATEWAY[4])
    assert done.returncode == 0, done
    policy = read(lab, "taken/etc/postern.yaml")
    for line in ('interfaces: ["gw0"]', f'break_glass: ["{MEMBER[4]}"]', "ssh: {ports: [tcp/22]}",
                 f"{program_name()}: {{ports: [tcp/443]}}"):
        assert line in policy, policy
    assert f'host: "{GATEWAY[4]}"' in read(lab, "taken/alice.yaml")
    assert stat.S_IMODE(os.stat(lab.path("taken/alice.yaml")).st_mode) == 0o600
    checked = run([lab.program("posternctl"), "-c", lab.path("taken/etc/postern.yaml"), "check", "--no-secrets"])
    assert "2 services, 1 client" in checked.stdout, checked.stdout


@suite.check("at a terminal it asks for each port, the session's address and the first client, and again where it must")
def interview(lab):
    lab.listen(22)
    lab.listen(443)
    done = asked(lab, "asked", "GW 1", "gw1", "", "s", "x", "o", "y", "alice", "", "")
    assert done.returncode == 0, done
    assert 'got "GW 1"' in done.stdout and 'got "x"' in done.stdout, done.stdout
    policy = read(lab, "asked/etc/postern.yaml")
    for line in ('name: "gw1"', 'interfaces: ["gw0"]', f'break_glass: ["{MEMBER[4]}"]', 'open: ["tcp/443"]',
                 "ssh: {ports: [tcp/22]}"):
        assert line in policy, policy
    assert f'host: "{GATEWAY[4]}"' in read(lab, "asked/alice.yaml"), "not the address that the session came to"


@suite.check("answers that end leave nothing; where nobody can be asked, the error has the flags that would do")
def nobody(lab):
    lab.listen(22)
    done = asked(lab, "ended", "gw1", "gw0")
    assert done.returncode == 1 and "nothing is made" in done.stderr, done
    assert os.listdir(lab.path("ended")) == []
    done = init(lab, "flags", stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "--interface gw0 --service ssh=tcp/22" in done.stderr, done
    done = init(lab, "flags", "--name", "gw1", "--interface", "gw0", "--break-glass", "here", session="")
    assert done.returncode == 1 and "no ssh session" in done.stderr, done
    assert os.listdir(lab.path("flags")) == []


@suite.check("a client that cannot be made takes the policy with it")
def whole(lab):
    os.makedirs(lab.path("whole"))
    with open(lab.path("whole/alice.yaml"), "w", encoding="ascii") as file:
        file.write("precious")
    done = init(lab, "whole", "--name", "gw1", "--interface", "gw0", "--client", "alice")
    assert done.returncode == 1 and "alice.yaml" in done.stderr, done
    assert os.listdir(lab.path("whole")) == ["alice.yaml"] and read(lab, "whole/alice.yaml") == "precious"


if __name__ == "__main__":
    suite.main()
