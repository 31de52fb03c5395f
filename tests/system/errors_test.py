#!/usr/bin/env python3
"""What the kernel, the system or a tool refuses is one line that says what, why and what to do; and nothing is half done."""
import os
import re
import shutil
import signal

from daemon import CAPABILITY, USER
from lab import GATEWAY, STRANGER
from namespaces import run, wait_until
from packets import tcp
from suite import Skip, Suite

suite = Suite(rules=False, daemon=False)
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
WITH_RIGHT = [*AS_USER, f"--inh-caps={CAPABILITY}", f"--ambient-caps={CAPABILITY}", f"--bounding-set=-all,{CAPABILITY}"]
WITHOUT_RIGHT = [*AS_USER, "--inh-caps=-all", "--bounding-set=-all"]


def one_line(done, code, *parts):
    """A program ended with a code, after one line on standard error, warnings apart, that has all the parts."""
    lines = [line for line in done.stderr.splitlines() if "warning: " not in line]
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    assert len(lines) == 1, f"{len(lines)} lines: {done.stderr}"
    missing = [part for part in parts if part not in lines[0]]
    assert not missing, f"{missing} not in: {lines[0]}"


def daemon(lab, user=None):
    """posternd, which is expected to end at once."""
    return lab.gateway.run(*(user or WITH_RIGHT), "--", lab.program("posternd"), "-c", lab.policy, check=False, timeout=20)


def place(lab, section, key, value):
    """Writes one of the policy's sections that `init` puts on one line."""
    with open(lab.policy, encoding="utf-8") as file:
        text = re.sub(rf"^{section}: .*$", f"{section}: {{{key}: {value}}}", file.read(), flags=re.M)
    with open(lab.policy, "w", encoding="utf-8") as file:
        file.write(text)


def bound(lab):
    """Which queues somebody has."""
    return sorted(lab.queues())


@suite.check("a second posternd: the queue, the control socket; the first one is not disturbed")
def second_daemon(lab):
    lab.start()
    one_line(daemon(lab), 1, "control.sock", "socket in use by another process", "stop that one first")
    place(lab, "control", "socket", lab.path("other.sock"))
    one_line(daemon(lab), 1, "queue 0", "another program is bound to it", "stop that one")
    assert not os.path.exists(lab.path("other.sock")), "the second one's socket is left"
    place(lab, "control", "socket", lab.path("control.sock"))
    assert lab.daemon_runs() and lab.status()["pid"] == lab.daemon.process.pid and bound(lab) == [0, 1]


@suite.check("posternd without CAP_NET_ADMIN, with a key that others may read, without a log, without a directory for its socket")
def start_refused(lab):
    one_line(daemon(lab, WITHOUT_RIGHT), 1, "CAP_NET_ADMIN")
    os.chmod(lab.path("gateway.key"), 0o644)
    one_line(daemon(lab), 3, "gateway.key", "mode 0644", "chmod o=")
    os.chmod(lab.path("gateway.key"), 0o600)
    place(lab, "log", "file", lab.path("nowhere/log.json"))
    one_line(daemon(lab), 1, "cannot open the log", "No such file", "its directory must be there")
    place(lab, "log", "file", lab.path("log.json"))
    place(lab, "control", "socket", lab.path("nowhere/control.sock"))
    one_line(daemon(lab), 1, "cannot listen on", "No such file", "its directory must be there")
    assert bound(lab) == [], "somebody has a queue"
    place(lab, "control", "socket", lab.path("control.sock"))
    lab.start()


@suite.check("a log in a directory that is read-only, and a socket's place that a plain file has")
def places(lab):
    os.mkdir(lab.path("shut"), 0o555)
    place(lab, "log", "file", lab.path("shut/log.json"))
    one_line(daemon(lab), 1, "cannot open the log", "Permission denied", "let this user write")
    place(lab, "log", "file", lab.path("log.json"))
    with open(lab.path("control.sock"), "w", encoding="ascii") as file:
        file.write("mine")
    one_line(daemon(lab), 1, "there is a file that is no socket; remove it")
    with open(lab.path("control.sock"), encoding="ascii") as file:
        assert file.read() == "mine", "the file is gone"


@suite.check("a log that cannot be opened again is told by status, and no longer once it can", daemon=True)
def reopened(lab):
    told = lambda: [warning for warning in lab.status()["warnings"] if "cannot be opened again" in warning]
    assert not told()
    os.rename(lab.path("log.json"), lab.path("log.json.1"))
    os.mkdir(lab.path("log.json"))
    lab.daemon.send(signal.SIGUSR1)
    wait_until(told, "status to say that the log is not reopened")
    assert "SIGUSR1" in told()[0], told()
    os.rmdir(lab.path("log.json"))
    lab.daemon.send(signal.SIGUSR1)
    wait_until(lambda: not told(), "the log to be open again")
    lab.log = type(lab.log)(lab.path("log.json"))


@suite.check("what a full queue drops is in root's status, as text and as JSON; others do not know it", queues=1)
def full_queue(lab):
    lab.rules("apply")
    lab.start("--queue-length", "1")
    lab.daemon.send(signal.SIGSTOP)
    for number in range(50):
        lab.sender("stranger").send(tcp(STRANGER[4], GATEWAY[4], 40000 + number, 22))
    wait_until(lambda: lab.queues()[0].last_id + lab.queues()[0].dropped >= 50, "50 packets at the queue")
    lab.daemon.send(signal.SIGCONT)
    lab.settled()
    full = lab.queues()[0].dropped
    assert full > 0, "the queue was never full"
    assert f'"queue_full":{full},' in lab.control("--json", "status", root=True).stdout
    assert '"queue_full":null' in lab.control("--json", "status").stdout
    assert in_table(lab.control("status", root=True).stdout) == str(full)
    assert in_table(lab.control("status").stdout) == "?"
    return f"{full} of 50 packets"


def in_table(text):
    """The first queue's QUEUE FULL in the text of status."""
    head, first = (re.split("  +", line.strip()) for line in text.split("\n\n")[1].splitlines()[:2])
    assert head[0] == "QUEUE" and "OVERRUNS" not in head, head
    return first[head.index("QUEUE FULL")]


def with_tool(lab, name, text, *words):
    """posternctl rules where a script of that text stands in a tool's place; None: the tool cannot be run at all."""
    tool = os.path.realpath(shutil.which(name) or f"/usr/sbin/{name}")
    script = lab.path(f"fake-{name}")
    if text is not None:
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(script, 0o755)
    return lab.gateway.run("unshare", "--mount", "sh", "-c", f"mount --bind {script if text else '/dev/null'} {tool} && "
                           'exec "$@"', "sh", lab.program("posternctl"), "-c", lab.policy, "rules", *words, check=False)


OLD_NFT = 'echo "/dev/stdin:5:9-14: Error: syntax error, unexpected string" >&2\nexit 1\n'


@suite.check("a tool that is too old, and tools that are not installed: one line each, and no rule is in")
def tools(lab):
    before = lab.gateway.run("iptables-save").stdout + lab.gateway.run("nft", "list", "ruleset").stdout
    refused = lambda name, text, *parts, backend="iptables": one_line(
        with_tool(lab, name, text, "apply", "--backend", backend), 1, *parts)
    refused("nft", OLD_NFT, "this nft is too old", backend="nftables")
    refused("nft", None, "nft is not installed", "the package of that name", backend="nftables")
    refused("ipset", None, "ipset is not installed", "the package of that name")
    after = lab.gateway.run("iptables-save").stdout + lab.gateway.run("nft", "list", "ruleset").stdout
    strip = lambda text: [line for line in text.splitlines() if line[:1] not in "#:*C" and "table" not in line]
    assert strip(after) == strip(before), "something is loaded"


# All tools of iptables are one program, which stands in the second place under another name.
REFUSING = """case "$0:$(readlink /proc/self/ns/net)" in
*/ip6tables-restore:"{}") echo "no memory today" >&2; exit 1 ;;
esac
exec {} "${{0##*/}}" "$@"
"""


@suite.check("where the kernel takes one family's rules and refuses the other's, what stood before stands again")
def one_family(lab):
    here = lab.gateway.run("readlink", "/proc/self/ns/net").stdout.strip()
    shutil.copy(os.path.realpath(shutil.which("ip6tables-restore")), lab.path("all-of-iptables"))
    text = REFUSING.format(here, lab.path("all-of-iptables"))
    ours = lambda: [lab.gateway.run(save).stdout.count("POSTERN") for save in ("iptables-save", "ip6tables-save")]
    fails = lambda: one_line(with_tool(lab, "ip6tables-restore", text, "apply", "--backend", "iptables"), 1, "no memory")
    lab.rules("remove")
    fails()
    assert ours() == [0, 0], ours()
    lab.rules("apply")
    lab.set_policy("gateway.break_glass", "[192.0.2.77]")
    fails()
    saved, listed = lab.gateway.run("iptables-save").stdout, lab.gateway.run("nft", "list", "ruleset").stdout
    assert "192.0.2.77" not in saved, "half of the new rules stand"
    assert "POSTERN" in saved if lab.backend == "iptables" else "table inet postern" in listed, "the old ones are gone"


@suite.check("root of a user namespace that does not own this network is told so, and nothing aborts")
def foreign_root(lab):
    run(["chown", "-R", "0:0", lab.directory])  # the daemon's user is nobody in there
    inside = lab.gateway.run("unshare", "--user", "--map-root-user", lab.program("posternctl"), "-c", lab.policy, "rules",
                             "--backend", "iptables", "check", check=False)
    if "unshare" in inside.stderr:
        raise Skip("no user namespaces here")
    assert inside.returncode == 1, f"exit {inside.returncode}: {inside.stderr}"
    assert len(inside.stderr.splitlines()) == 1 and "run as root" in inside.stderr, inside.stderr


@suite.check("sets that are loaded as root lie where nobody else can exchange them, or nowhere")
def way(lab):
    for directory in (lab.directory, lab.path("state")):
        mode = os.stat(directory).st_mode
        os.chmod(directory, mode & ~0o1000)
        done = lab.control("rules", "apply", "--backend", "iptables", root=True, check=False)
        one_line(done, 1, directory, "can be changed by others than root", "chmod +t")
        os.chmod(directory, mode)
    lab.rules("apply")


@suite.check("rules without the right to load them are refused in one line; the kernel has none of them afterwards")
def no_right(lab):
    for words in (["apply"], ["check"], ["remove"]):
        done = lab.gateway.run(*WITHOUT_RIGHT, "--", lab.program("posternctl"), "-c", lab.policy, "rules", *words,
                               "--backend", "iptables", check=False)
        one_line(done, 1, "run as root")
    assert "POSTERN" not in lab.gateway.run("iptables-save").stdout


@suite.check("with a broken policy the daemon is still found, at the socket that the policy names", daemon=True)
def broken_policy(lab):
    with open(lab.policy, "a", encoding="utf-8") as file:
        file.write("nonsense: [\n")
    done = lab.control("reload", "--daemon-only", check=False)
    assert done.returncode == 3, f"exit {done.returncode}: {done.stderr}"
    assert lab.control("status").stdout.startswith("posternd "), "status does not find the daemon"


suite.main()
