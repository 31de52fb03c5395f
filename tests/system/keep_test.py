#!/usr/bin/env python3
"""How rules are kept: one change at a time, taken back unless confirmed, loaded again at boot."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading

import sshd
from lab import GATEWAY, MEMBER, STRANGER, Listener
from namespaces import Namespace, wait_until
from suite import Skip, Suite, connects

WAIT = "5s"  # the shortest that --confirm takes
LONG = "60s"  # longer than a person needs, who types what a test does
suite = Suite(daemon=False)
FLUSH = {"iptables": ["iptables", "-t", "mangle", "-F"], "nftables": ["nft", "flush", "ruleset"]}
CHANGING = ("iptables-restore", "ip6tables-restore", "ipset", "nft")

# A directory in place of /usr/sbin in which some tools are scripts: each runs the real tool and then, if it was the
# N-th call of one of them, kills posternctl, its parent.
TRAP = """\
set -e
mkdir "$1/real" "$1/tools"
mount --bind /usr/sbin "$1/real"
for name in "$1"/real/*; do ln -s "$name" "$1/tools/"; done
for name in $3; do
    rm -f "$1/tools/$name"
    cat >"$1/tools/$name" <<END
#!/bin/sh
$1/real/$name "\\$@"
code=\\$?
count=\\$((\\$(cat $1/count) + 1))
echo \\$count >$1/count
if [ \\$count = $2 ]; then kill -9 \\$PPID; fi
exit \\$code
END
    chmod 755 "$1/tools/$name"
done
echo 0 >"$1/count"
mount --bind "$1/tools" /usr/sbin
shift 3
exec "$@"
"""


def rules(lab, *words, check=True, policy=None):
    """posternctl rules, as root."""
    return lab.gateway.run(lab.program("posternctl"), "-c", policy or lab.policy, "rules", *words, "--backend",
                           lab.backend, check=check)


def variant(lab, name, glass):
    """A copy of the policy with another break-glass prefix."""
    with open(lab.policy, encoding="utf-8") as file:
        text = file.read()
    path = lab.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("gateway:\n", f"gateway:\n  break_glass: [{glass}]\n", 1))
    return path


def stands(lab, policy):
    """Whether the rules of a policy stand, to the letter."""
    return rules(lab, "check", check=False, policy=policy).returncode == 0


@suite.check("two applies at once: one after the other, and what stands is wholly one of the two")
def together(lab):
    policies = [variant(lab, f"{number}.yaml", f"192.0.2.{100 + number}") for number in range(2)]
    for _ in range(suite.count(3, 50)):
        done = []
        threads = [threading.Thread(target=lambda p=p: done.append(rules(lab, "apply", policy=p))) for p in policies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 2, "an apply failed"
        assert sum(stands(lab, policy) for policy in policies) == 1, "what stands is neither of the two"


def killed_after(lab, step, tools, policy):
    """Runs an apply that is killed after its step-th call of one of the tools; False: it had fewer."""
    folder = lab.path(f"trap{step}")
    os.mkdir(folder)
    done = lab.gateway.run("unshare", "--mount", "sh", "-c", TRAP, "sh", folder, str(step), " ".join(tools),
                           lab.program("posternctl"), "-c", policy, "rules", "apply", "--backend", lab.backend,
                           check=False)
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done
    return done.returncode != 0


@suite.check("apply killed after any call of a tool: a stranger never gets in, and the next apply puts all right")
def killed(lab):
    policies = [variant(lab, f"{number}.yaml", f"192.0.2.{100 + number}") for number in range(2)]
    rules(lab, "apply", policy=policies[0])
    lab.listen(22)
    lab.listen(22, family=6)
    tools = CHANGING + (("iptables-save", "ip6tables-save") if suite.options.full else ())
    steps = 0
    while killed_after(lab, steps + 1, tools, policies[(steps + 1) % 2]):
        steps += 1
        for family in (4, 6):
            assert not connects(lab.stranger, STRANGER[family], GATEWAY[family], 22), f"open after step {steps}"
        rules(lab, "apply", policy=policies[steps % 2])
        assert stands(lab, policies[steps % 2]), f"not put right after step {steps}"
    assert steps >= 4, f"only {steps} steps"
    return f"{steps} steps"


@suite.check("an apply that nobody confirms is taken back: the set before stands again, or none where there was none")
def taken_back(lab):
    before, after = variant(lab, "before.yaml", "192.0.2.100"), variant(lab, "after.yaml", "192.0.2.101")
    rules(lab, "remove")
    said = rules(lab, "apply", "--confirm", WAIT, policy=after).stdout
    assert "taken back in 5 s" in said, said
    assert stands(lab, after)
    wait_until(lambda: not stands(lab, after), "the rules to go", 20)
    assert rules(lab, "remove").stdout == "there were no rules\n"
    rules(lab, "apply", policy=before)
    rules(lab, "apply", "--confirm", WAIT, policy=after)
    assert stands(lab, after)
    wait_until(lambda: stands(lab, before), "the rules before", 20)
    refused = rules(lab, "confirm", check=False)
    assert refused.returncode == 1 and "nothing waits for a confirmation" in refused.stderr, refused


def logged_in(lab, keys, *options):
    """A shell on the gateway over a real ssh connection."""
    return lab.member.popen("ssh", *keys, *options, f"root@{GATEWAY[4]}", "sh", stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(shell, command):
    """Runs a command in that shell: its output, and its exit code as the last word."""
    shell.stdin.write(f"{{ {command}; }} 2>&1; echo ended $?\n")  # else the two streams race
    shell.stdin.flush()
    lines = []
    for line in shell.stdout:
        lines.append(line)
        if re.search(r"^ended \d+", line):
            return "".join(lines)
    raise AssertionError(f"the shell ended: {''.join(lines)}")


def done(shell, command):
    """Runs a command in that shell, which must succeed: its output."""
    said = told(shell, command)
    assert "ended 0" in said, said
    return said


def command(lab, policy, *words):
    """posternctl rules, as a person types it."""
    return " ".join([lab.program("posternctl"), "-c", policy, "rules", *words, "--backend", lab.backend])


def waiting_to_go_back(policy):
    """The process that `apply --confirm` left behind, while it waits for its time: its id, in a list."""
    words = f"-c {policy} rules apply --confirm"
    found = subprocess.run(["pgrep", "--full", "--", words], check=False, capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


# Runs the rest of its command line with a connection to an address and port that it has made itself.
CONNECTED = ("import os, socket, sys; to = socket.create_connection((sys.argv[1], int(sys.argv[2]))); "
             "os.set_inheritable(to.fileno(), True); os.execv(sys.argv[3], sys.argv[3:])")


def outbound(lab, shell, policy):
    """What `rules confirm` says in a process of nobody's session that holds a connection to the member."""
    listener, said = Listener(lab.member, MEMBER[4], 9000, socket.SOCK_STREAM), lab.path("outbound")
    lab.listeners.append(listener)
    told(shell, f"setsid -f {sys.executable} -c {shlex.quote(CONNECTED)} {MEMBER[4]} 9000 "
                f"{command(lab, policy, 'confirm')} > {said} 2>&1")
    return wait_until(lambda: os.path.exists(said) and open(said, encoding="utf-8").read(), "the answer", 20)


@suite.check("a confirmation over the old connection is refused, over a new one it counts")
def confirmed(lab):
    before, after = variant(lab, "before.yaml", MEMBER[4]), variant(lab, "after.yaml", f"{MEMBER[4]}, 192.0.2.9")
    keys = sshd.start(lab)
    rules(lab, "apply", policy=before)
    old = logged_in(lab, keys)
    done(old, command(lab, after, "apply", "--confirm", LONG))
    assert waiting_to_go_back(after)
    said = told(old, command(lab, after, "confirm"))
    assert "ended 1" in said and f"the connection from {MEMBER[4]}" in said and "older than the rules" in said, said
    forged = told(old, "SSH_CONNECTION='198.51.100.2 1 192.0.2.2 22' " + command(lab, after, "confirm"))
    assert "ended 1" in forged, forged
    assert "neither a network connection" in outbound(lab, old, after), "a connection that this host made confirms"
    detached = rules(lab, "confirm", check=False, policy=after)
    assert detached.returncode == 1 and "neither a network connection nor a console" in detached.stderr, detached
    new = logged_in(lab, keys)
    said = told(new, command(lab, after, "confirm"))
    assert "ended 0" in said and "confirmed" in said, said
    boot = lab.path("state/rules/confirmed")
    assert open(boot, encoding="ascii").read() == open(lab.path("state/rules/applied"), encoding="ascii").read()
    assert not os.path.exists(lab.path("state/rules/pending"))
    wait_until(lambda: not waiting_to_go_back(after), "the way back to end", 20)
    assert stands(lab, after), "taken back although confirmed"


@suite.check("while a confirmation is waited for, nothing else makes the rules stay: no apply without --confirm, no "
             "reload", daemon=True)
def no_other_way(lab):
    before, after = variant(lab, "before.yaml", MEMBER[4]), variant(lab, "after.yaml", "192.0.2.9")
    rules(lab, "apply", policy=before)
    rules(lab, "apply", "--confirm", LONG, policy=after)
    loaded = lab.status()["policy_loaded"]
    for words in (["rules", "apply"], ["reload"]):
        refused = lab.gateway.run(lab.program("posternctl"), "-c", before, *words, "--backend", lab.backend, check=False)
        assert refused.returncode == 1 and "an apply waits for its confirmation" in refused.stderr, refused
    assert stands(lab, after) and lab.status()["policy_loaded"] == loaded
    assert "the rules are taken back in" in lab.control("status", root=True).stdout
    said = lab.gateway.run(lab.program("posternctl"), "-c", lab.policy, "reload", "--confirm", WAIT, "--backend", lab.backend)
    assert stands(lab, lab.policy) and "taken back in 5 s" in said.stdout, said
    wait_until(lambda: stands(lab, before), "the rules before", 20)
    rules(lab, "apply", policy=after)


@suite.check("session cut, terminal closed, daemon killed: the way back is taken all the same", daemon=True)
def survives(lab):
    before, after = variant(lab, "before.yaml", MEMBER[4]), variant(lab, "after.yaml", "192.0.2.9")
    keys = sshd.start(lab)
    rules(lab, "apply", policy=before)
    shell = logged_in(lab, keys, "-tt")
    done(shell, command(lab, after, "apply", "--confirm", WAIT))
    assert stands(lab, after)
    shell.kill()  # the connection goes, the terminal is closed, its processes get SIGHUP
    shell.wait()
    lab.stop(signal.SIGKILL)
    wait_until(lambda: stands(lab, before), "the rules before", 20)


@suite.check("at boot the confirmed set is loaded, whatever the policy has become; an unconfirmed one is not")
def boot(lab):
    before, after = variant(lab, "before.yaml", "192.0.2.100"), variant(lab, "after.yaml", "192.0.2.101")
    rules(lab, "apply", policy=before)
    rules(lab, "apply", "--confirm", "60s", policy=after)
    broken = lab.path("broken.yaml")
    with open(broken, "w", encoding="ascii") as file:
        file.write("gateway: [\n")
    with booted(lab) as host:
        done = on(host, lab, "boot", policy=broken)
        assert done.returncode == 0 and done.stdout.startswith("guarded ("), done
        assert on(host, lab, "check", policy=before).returncode == 0, "not the confirmed set"
    rules(lab, "apply", policy=before)


@suite.check("a confirmed set that cannot be reached at boot is a reason for the emergency set, which drops also where the "
             "policy observes")
def unreachable(lab):
    before = variant(lab, "before.yaml", "192.0.2.100")
    rules(lab, "apply", policy=before)
    lab.set_policy("gateway.observe", "true")
    os.chmod(lab.path("state/rules"), 0o770)
    with booted(lab) as host:
        done = on(host, lab, "boot", policy=lab.policy)
        assert done.returncode == 1 and "an emergency set stands" in done.stderr, done
        loaded = host.run("nft", "list", "ruleset").stdout + host.run("iptables-save").stdout
        assert "emergency" in loaded and "bypass" not in loaded, loaded
    os.chmod(lab.path("state/rules"), 0o700)


@suite.check("where the disk takes no record at boot, the confirmed set stands all the same, and no other beside it")
def unrecorded(lab):
    policy, kept = variant(lab, "before.yaml", "192.0.2.100"), lab.path("state/rules")
    rules(lab, "apply", policy=policy)
    with booted(lab) as host:
        done = host.run("unshare", "--mount", "sh", "-c", f"mount --bind {kept} {kept} && mount -o remount,ro,bind {kept} && "
                        'exec "$@"', "sh", lab.program("posternctl"), "-c", policy, "rules", "boot", check=False)
        assert done.returncode == 0 and done.stdout.startswith("guarded ("), done
        assert "not on record" in done.stderr, done
        assert on(host, lab, "check", policy=policy).returncode == 0, "not the confirmed set, or another one beside it"


@suite.check("check says that rules of ours stand in the other backend, too")
def beside(lab):
    rules(lab, "apply")
    if lab.backend == "nftables":
        other, command = "iptables", ["iptables", "-t", "mangle", "-N", "POSTERN-STEER"]
    else:
        other, command = "nftables", ["nft", "add table inet postern; add chain inet postern judge"]
    lab.gateway.run(*command)
    done = rules(lab, "check", check=False)
    assert done.returncode == 1 and f"{other}: rules of ours stand there, too" in done.stdout, done
    rules(lab, "apply")
    assert rules(lab, "check", check=False).returncode == 0


@suite.check("remove takes out rules of the kind of iptables that loaded them, not only of the usual one", backend="iptables")
def other_kind(lab):
    if not all(shutil.which(f"iptables-{kind}") for kind in ("legacy", "nft")):
        raise Skip("iptables comes in one kind here")
    usual = os.path.realpath(shutil.which("iptables"))
    kind = "legacy" if "nft" in usual else "nft"
    rules(lab, "remove")
    lab.gateway.run(lab.program("posternctl"), "-c", lab.policy, "rules", "--backend", "iptables", "--iptables",
                    f"iptables-{kind}", "apply")
    saved = lambda: lab.gateway.run(f"iptables-{kind}-save").stdout
    assert "POSTERN" in saved()
    lab.gateway.run(lab.program("posternctl"), "-c", lab.policy, "rules", "remove")
    assert "POSTERN" not in saved()
    rules(lab, "apply")


@suite.check("where the process of the way back is killed, the watch takes back what nobody has confirmed")
def way_back_killed(lab):
    before, after = variant(lab, "before.yaml", "192.0.2.100"), variant(lab, "after.yaml", "192.0.2.101")
    rules(lab, "apply", policy=before)
    rules(lab, "apply", "--confirm", WAIT, policy=after)
    for pid in waiting_to_go_back(after):
        os.kill(pid, signal.SIGKILL)
    assert stands(lab, after)
    watch = lab.gateway.popen(lab.program("posternctl"), "-c", after, "rules", "watch", stderr=subprocess.DEVNULL)
    wait_until(lambda: stands(lab, before), "the set confirmed last", 20)
    watch.terminate()
    assert not os.path.exists(lab.path("state/rules/pending"))


@suite.check("boot --once leaves what was put in since the host started alone, and loads the confirmed set after that")
def once(lab):
    before, after = variant(lab, "before.yaml", "192.0.2.100"), variant(lab, "after.yaml", "192.0.2.101")
    rules(lab, "apply", policy=before)
    rules(lab, "apply", "--confirm", "60s", policy=after)
    done = on(lab.gateway, lab, "boot", "--once", policy=after)
    assert done.returncode == 0 and "left as they are" in done.stdout, done
    assert stands(lab, after)
    with open(lab.path("state/rules/applied.boot"), "r+", encoding="ascii") as file:
        file.write("another run")
    done = on(lab.gateway, lab, "boot", "--once", policy=after)
    assert done.returncode == 0 and done.stdout.startswith("guarded ("), done
    assert stands(lab, before)


@suite.check("what was applied and never confirmed when the host went down is forgotten: no watch puts it back")
def unconfirmed(lab):
    policy = variant(lab, "glass.yaml", MEMBER[4])
    rules(lab, "remove")
    rules(lab, "apply", "--confirm", "60s", policy=policy)
    with booted(lab) as host:
        done = on(host, lab, "boot", policy=policy)
        assert done.returncode == 0 and "ever confirmed" in done.stdout, done
    assert not os.path.exists(lab.path("state/rules/applied"))
    rules(lab, "apply", policy=policy)


@suite.check("where the confirmed set is lost or broken, the emergency set stands; where there never was one, nothing")
def emergency(lab):
    policy = variant(lab, "glass.yaml", MEMBER[4])
    rules(lab, "remove")
    with booted(lab) as host:
        done = on(host, lab, "boot", policy=policy)
        assert done.returncode == 0 and "ever confirmed" in done.stdout, done
        assert "postern" not in loaded(host, lab).lower()
    rules(lab, "apply", policy=policy)
    file = lab.path("state/rules/confirmed")
    with open(file, "r+b") as confirmed_set:
        confirmed_set.truncate(os.path.getsize(file) - 100)
    lab.listen(22)
    lab.gateway.run(*FLUSH[lab.backend])
    done = on(lab.gateway, lab, "boot", policy=lab.path("nothing.yaml"))
    assert done.returncode == 1 and "broken" in done.stderr and "emergency set stands" in done.stderr, done
    assert connects(lab.member, MEMBER[4], GATEWAY[4], 22, 3), "break-glass is shut"
    assert not connects(lab.stranger, STRANGER[4], GATEWAY[4], 22), "open to a stranger"
    os.remove(file)
    os.remove(lab.path("state/rules/emergency"))
    with open(file, "w", encoding="ascii") as confirmed_set:
        confirmed_set.write("nonsense\n")
    os.chmod(file, 0o600)
    with booted(lab) as host:
        done = on(host, lab, "boot", policy=lab.path("nothing.yaml"))
        assert done.returncode == 1 and "emergency set stands" in done.stderr, done
        assert "postern emergency" in loaded(host, lab)


def loaded(host, lab):
    """All the rules of a network, as its backend lists them."""
    return host.run(*{"iptables": ["iptables-save"], "nftables": ["nft", "list", "ruleset"]}[lab.backend]).stdout


class booted(Namespace):
    """A network in which nothing is loaded yet."""

    def __init__(self, lab):
        super().__init__(f"{lab.gateway.name}-boot")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def on(host, lab, *words, policy):
    """posternctl rules there, with the laboratory's state."""
    return host.run(lab.program("posternctl"), "-c", policy, "rules", *words, "--backend", lab.backend, "--state",
                    lab.path("state"), check=False)


suite.main()
