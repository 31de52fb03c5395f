#!/usr/bin/env python3
"""Control: what posternctl asks a running daemon, what signals tell it, and what it tells the service manager."""
import collections
import ctypes
import datetime
import json
import os
import signal
import socket
import struct
import threading
import time

import packets
from daemon import USER, Daemon
from lab import GATEWAY, phantom
from namespaces import run, wait_until
from spa import seal
from suite import Suite

suite = Suite(queues=2, window="60s")
STATUS = {"version", "pid", "started", "policy_file", "policy_loaded", "policy_stale", "queues", "verdicts", "grants",
          "flows", "log", "guarded", "ruleset", "warnings"}
QUEUE = {"number", "received", "lost", "queue_full", "stale_verdicts", "netlink_errors", "last_id", "verdicts"}
GRANT = {"id", "client", "service", "source", "source_port", "expires_in_ms", "flows_left", "state"}
FLOW = {"id", "grant", "client", "service", "proto", "source", "source_port", "destination", "destination_port", "age_ms",
        "accepts"}
NFNETLINK, QUEUE_CONFIG, BIND = 12, 3 << 8 | 2, 1


def syn(lab, source, port=4000, family=4):
    """One SYN to the service ssh."""
    lab.sender().send(packets.tcp(source, GATEWAY[family], port, 22))


def grant(lab, number, **wish):
    """A live grant for the number-th source, which it returns."""
    source = phantom(number)
    lab.knock(seal(lab, source=source, **wish), source)
    return source


def flow(lab, number):
    """A flow that was let in, from the number-th source, port 4000."""
    source = grant(lab, number)
    syn(lab, source)
    lab.log.wait(src_ip=source, reason="grant_active")
    return source


def asked(lab, *words):
    """A command's JSON document."""
    return json.loads(lab.control("--json", *words).stdout)


def rows(text):
    """A table's rows, each a dictionary by column; columns start where their heads do."""
    head, *lines = text.splitlines()
    starts = [at for at, letter in enumerate(head) if letter != " " and head[max(at - 2, 0):at].strip() == ""]
    ends = starts[1:] + [None]
    return [{head[a:b].strip(): line[a:b].strip() for a, b in zip(starts, ends)} for line in lines]


def busy(lab):
    """Two flows, a live grant and some strangers; returns the sources of the flows and of the grant."""
    lab.listen(22)
    sources = flow(lab, 1), flow(lab, 2), grant(lab, 3, source_port=4003)
    for number in range(10, 30):
        syn(lab, phantom(number))
        lab.sender().send(packets.udp(phantom(number), GATEWAY[4], 5000, 5353, b"x"))
    lab.settled()
    return sources


# --- questions -------------------------------------------------------------------------------------------------------

@suite.check("status --json has the members of the manual, and its sums hold")
def status_json(lab):
    busy(lab)
    status = asked(lab, "status")
    assert set(status) == STATUS, set(status) ^ STATUS
    summed = collections.Counter()
    for queue in status["queues"]:
        assert set(queue) == QUEUE, set(queue) ^ QUEUE
        assert sum(queue["verdicts"].values()) == queue["received"], queue
        assert queue["received"] + queue["lost"] == queue["last_id"] == lab.queues()[queue["number"]].last_id, queue
        summed.update(queue["verdicts"])
    assert status["verdicts"] == dict(summed), status
    assert summed == {"spa_accepted": 3, "grant_active": 2, "no_grant": 20, "no_service": 20}, summed
    assert status["grants"]["used"] == len(asked(lab, "grants")) == 3, status["grants"]
    assert status["flows"]["used"] == len(asked(lab, "flows")) == 2, status["flows"]
    assert status["pid"] == lab.daemon.process.pid and status["policy_file"] == lab.policy and not status["warnings"]
    written = wait_until(lambda: len(lab.log.update()) == asked(lab, "status")["log"]["written"], "the lines to be read")
    assert written and status["log"]["file"] == lab.path("log.json") and status["log"]["lost"] == 0, status["log"]


@suite.check("status as text says the same")
def status_text(lab):
    busy(lab)
    text, status = lab.control("status").stdout, asked(lab, "status")
    head, queues, verdicts = text.split("\n\n")
    assert f"posternd {status['version']}, process {status['pid']}, since " in head, head
    assert f"policy  {lab.policy}, read " in head and "\ngrants  3 of " in head and "\nflows   2 of " in head, head
    shown = {int(row["QUEUE"]): (int(row["RECEIVED"]), int(row["LOST"]), int(row["LAST ID"])) for row in rows(queues)}
    assert shown == {queue["number"]: (queue["received"], queue["lost"], queue["last_id"])
                     for queue in status["queues"]}, queues
    assert {row["REASON"]: int(row["PACKETS"]) for row in rows(verdicts)} == status["verdicts"], verdicts
    assert all(row["MEANING"] for row in rows(verdicts)), verdicts


@suite.check("grants: live, used and expired ones, as text and as JSON")
def grants(lab):
    used, _, live = busy(lab)
    short = grant(lab, 4, window=1)
    wait_until(lambda: [row for row in asked(lab, "grants") if row["state"] == "expired"], "the grant to expire")
    found = {row["source"]: row for row in asked(lab, "grants")}
    assert all(set(row) == GRANT for row in found.values()), found
    assert [found[source]["state"] for source in (used, live, short)] == ["used", "live", "expired"], found
    assert [found[source]["flows_left"] for source in (used, live, short)] == [0, 1, 1], found
    assert 0 < found[live]["expires_in_ms"] <= 60_000 and found[short]["expires_in_ms"] < 0, found
    assert (found[live]["source_port"], found[used]["source_port"]) == (4003, 0), found
    assert {(row["client"], row["service"]) for row in found.values()} == {("alice", "ssh")}, found
    told = {row["SOURCE"]: (row["GRANT"], row["PORT"], row["STATE"]) for row in rows(lab.control("grants").stdout)}
    assert told == {source: (str(row["id"]), str(row["source_port"] or "any"), row["state"])
                    for source, row in found.items()}, told


@suite.check("flows: those that were let in, as text and as JSON")
def flows(lab):
    assert lab.control("flows").stdout == "no flows\n" and asked(lab, "flows") == []
    one, two, _ = busy(lab)
    found = {row["source"]: row for row in asked(lab, "flows")}
    assert set(found) == {one, two} and all(set(row) == FLOW for row in found.values()), found
    row = found[one]
    assert row["id"] == f"tcp/{one}:4000/{GATEWAY[4]}:22", row
    assert (row["proto"], row["source_port"], row["destination"], row["destination_port"], row["accepts"]) == \
        ("tcp", 4000, GATEWAY[4], 22, 1), row
    granted = {row["source"]: row["id"] for row in asked(lab, "grants")}
    assert {source: row["grant"] for source, row in found.items()} == {source: granted[source] for source in (one, two)}
    told = {row["FLOW"]: (row["GRANT"], row["CLIENT"], row["ACCEPTS"]) for row in rows(lab.control("flows").stdout)}
    assert told == {row["id"]: (str(row["grant"]), "alice", "1") for row in found.values()}, told


@suite.check("revoke says what it ended, as text and as JSON; what it does not know is exit code 1")
def revoke(lab):
    one, two, live = busy(lab)
    name = f"tcp/{two}:4000/{GATEWAY[4]}:22"
    assert asked(lab, "revoke", "--flow", name) == {"grants": 0, "flows": 1, "failures": []}
    assert [row["source"] for row in asked(lab, "flows")] == [one]
    text = lab.control("revoke", "--client", "alice").stdout
    assert text.startswith("ended ") and text.endswith(" and 1 flow\n"), text
    assert asked(lab, "flows") == [] and live not in [row["source"] for row in asked(lab, "grants")]
    for words in (("--grant", "999"), ("--flow", name), ("--client", "nobody")):
        done = lab.control("revoke", *words, check=False)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and not done.stdout, (words, done)


@suite.check("reload says what is in force, as text and as JSON; a policy with mistakes is exit code 3, told line by line")
def reload(lab):
    assert asked(lab, "reload", "--daemon-only") == {"clients": 1, "services": 1, "warnings": []}
    assert lab.control("reload", "--daemon-only").stdout == "reloaded: 1 client, 1 service\n"
    lab.set_policy("grants.window", "forever")
    lab.set_policy("gateway.skew", "never")
    for words in (("reload", "--daemon-only"), ("--json", "reload", "--daemon-only")):  # where the policy has mistakes, the socket is named
        done = lab.control(*words, "--socket", lab.path("control.sock"), check=False)
        mistakes = [line for line in done.stderr.splitlines() if line.startswith(lab.policy + ":")]
        assert done.returncode == 3 and len(mistakes) == 2 and not done.stdout, done


@suite.check("reload without the right to load rules says so, and what does without")
def reload_without_root(lab):
    before = asked(lab, "status")["policy_loaded"]
    done = lab.control("reload", check=False)
    assert done.returncode == 1 and "CAP_NET_ADMIN" in done.stderr and "--daemon-only" in done.stderr, done
    assert asked(lab, "status")["policy_loaded"] == before


@suite.check("reload as root brings the rules along; where the daemon refuses, they stay as they were")
def reload_all(lab):
    lab.set_policy("gateway.break_glass", "[192.0.2.64/28]")
    report = json.loads(lab.control("--json", "reload", "--backend", lab.backend, root=True).stdout)
    assert report == {"clients": 1, "services": 1, "warnings": []}, report
    assert lab.rules("check").returncode == 0
    assert asked(lab, "status")["ruleset"] == 2
    lab.set_policy("gateway.break_glass", "[]")
    lab.set_policy("gateway.queues", 3)
    assert lab.control("reload", "--backend", lab.backend, check=False, root=True).returncode == 3
    lab.set_policy("gateway.queues", 2)
    lab.set_policy("gateway.break_glass", "[192.0.2.64/28]")
    assert lab.rules("check").returncode == 0, "the rules changed although the daemon refused"


@suite.check("reload where no rules are in puts none in, and says so", rules=False)
def reload_unguarded(lab):
    before = asked(lab, "status")["policy_loaded"]
    done = lab.control("reload", "--backend", lab.backend, root=True)
    assert "no rules are on record" in done.stderr and asked(lab, "status")["policy_loaded"] != before, done
    assert lab.rules("check", check=False).returncode == 1, "the gate is closed"


@suite.check("without a daemon every question is exit code 4; where somebody may not ask, 1")
def nobody(lab):
    stranger = run(["setpriv", f"--reuid={USER + 1}", f"--regid={USER + 1}", "--clear-groups", lab.program("posternctl"),
                    "status", "--socket", lab.path("control.sock")], check=False)
    assert stranger.returncode == 1 and "ermission" in stranger.stderr, stranger
    questions = ["status"], ["grants"], ["flows"], ["revoke", "--all"], ["reload", "--daemon-only"], ["--json", "status"]
    lab.stop(signal.SIGKILL)  # its socket stays behind
    for left in (True, False):
        for words in questions:
            done = lab.control(*words, check=False)
            assert done.returncode == 4 and len(done.stderr.splitlines()) == 1 and not done.stdout, (left, words, done)
        if left:
            os.unlink(lab.path("control.sock"))


# --- signals ---------------------------------------------------------------------------------------------------------

def hang_up(lab):
    """SIGHUP, sent by the daemon's own user, who has no rights beyond that."""
    run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
         "kill", "-HUP", str(lab.daemon.process.pid)])


def windows(lab, number):
    """The milliseconds that a new grant has left."""
    source = grant(lab, number)
    return next(row["expires_in_ms"] for row in lab.ask("grants") if row["source"] == source)


@suite.check("SIGHUP from the daemon's user reloads a good policy")
def hangup_good(lab):
    before = asked(lab, "status")["policy_loaded"]
    lab.set_policy("grants.window", "5s")
    hang_up(lab)
    lab.log.wait(event_type="engine", what="reloaded")
    assert asked(lab, "status")["policy_loaded"] > before
    assert windows(lab, 1) <= 5000
    assert not [line for line in lab.daemon.lines if "bound" not in line], lab.daemon.lines


def changes_nothing(lab, key, value, count, word):
    """SIGHUP with a policy that cannot be taken: told on standard error and in the log, and all goes on as before."""
    before, lines = lab.ask("status"), len(lab.daemon.lines)
    lab.set_policy("grants.window", "5s")  # good by itself, but it comes with the other
    lab.set_policy(key, value)
    hang_up(lab)
    line = lab.log.wait(event_type="engine", what="reload_refused")
    said, *told = wait_until(lambda: len(lab.daemon.lines) > lines + count and lab.daemon.lines[lines:],
                             "the mistakes on standard error")
    assert "the policy before stays in force" in said, said
    assert line["count"] == count == len(told) and word in line["text"] and told[0] == "posternd: " + line["text"], told
    after = lab.ask("status")
    assert after["policy_loaded"] == before["policy_loaded"] and after["pid"] == before["pid"]
    assert windows(lab, 1) > 5000
    assert not lab.log.find(what="reloaded")


@suite.check("SIGHUP with a mistake in the policy changes nothing; standard error and the log say why")
def hangup_bad(lab):
    changes_nothing(lab, "gateway.skew", "never", 1, "never")


@suite.check("SIGHUP with another number of queues changes nothing; standard error and the log say why")
def hangup_restart_needed(lab):
    changes_nothing(lab, "gateway.queues", "3", 1, "gateway.queues")


@suite.check("SIGUSR1 after a rename: the log goes on in a new file, and no line is missing or twice")
def rotate(lab):
    source = flow_without_server(lab, 1)
    os.rename(lab.path("log.json"), lab.path("log.json.1"))
    between = flow_without_server(lab, 2)  # still into the old file
    lab.daemon.send(signal.SIGUSR1)
    wait_until(lambda: os.path.exists(lab.path("log.json")), "a new log")
    after = flow_without_server(lab, 3)
    lab.settled()
    verdicts = dict(lab.verdicts())
    lab.stop()
    old, new = (type(lab.log)(lab.path(name)) for name in ("log.json.1", "log.json"))
    assert old.find(src_ip=source, reason="grant_active") and old.find(src_ip=between, reason="spa_accepted")
    assert new.find(src_ip=after, reason="grant_active") and new.find(what="stopping")
    assert not new.find(src_ip=source) and not old.find(src_ip=after)
    assert counted(old.lines + new.lines) == verdicts, (counted(old.lines + new.lines), verdicts)


def flow_without_server(lab, number):
    """A grant and the SYN behind it; returns their source."""
    source = grant(lab, number)
    syn(lab, source)
    lab.settled()
    return source


def counted(lines):
    """Packets by reason, as a log tells them."""
    sums = collections.Counter()
    for line in lines:
        if line["event_type"] in ("verdict", "repeats"):
            sums[line["reason"]] += line.get("count", 1)
    return dict(sums)


@suite.check("SIGTERM drains: what waits is judged, settled and told; verdict lines + repeats = last ids; exit code 0")
def drain(lab):
    server, member = lab.listen(22), phantom(1)
    datagram = seal(lab, source=member)
    lab.daemon.send(signal.SIGSTOP)  # packets gather while it cannot judge
    lab.sender().send(packets.udp(member, GATEWAY[4], 5000, 62201, datagram))
    syn(lab, member)
    for number in range(3000):
        syn(lab, phantom(2 + number % 300), 1024 + number)
    waiting = wait_until(lambda: lab.queued() == 3002 and lab.queues(), "the packets to wait")
    assert sum(queue.waiting for queue in waiting.values()) == 3002, waiting
    assert all(queue.waiting for queue in waiting.values()), waiting
    with lab.capture() as capture:
        lab.daemon.send(signal.SIGTERM)
        lab.daemon.send(signal.SIGCONT)
        assert lab.stop() == 0
        wait_until(lambda: capture.outgoing(destination=member), "the answer to the SYN that waited")
        capture.stop()
    sums = counted(lab.log.update())
    assert sum(sums.values()) == sum(queue.last_id for queue in waiting.values()), sums
    assert sums == {"spa_accepted": 1, "grant_active": 1, "no_grant": 3000}, sums
    assert lab.log.find(what="stopping") and server.poll() == []
    return "3002 packets waited"


# --- the service manager ---------------------------------------------------------------------------------------------

class Manager:
    """A service manager's end: every message with the queues that were bound when it came."""

    def __init__(self, lab):
        self.lab = lab
        self.path = lab.path("notify")
        self.messages = []
        self.fed = []  # when the watchdog was
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o777)
        lab.gateway.sockets.append(self.sock)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                words = self.sock.recv(4096).decode().splitlines()
            except OSError:
                return
            if words[0] == "WATCHDOG=1":
                self.fed.append(time.monotonic())
            self.messages.append((words, sorted(self.lab.queues())))

    def said(self):
        """The first words of all messages that change a state: not the watchdog's, nor a status by itself."""
        return [words[0] for words, _ in self.messages if not words[0].startswith(("WATCHDOG=", "STATUS="))]

    def wait(self, *expected):
        """Waits until just these were said, in this order."""
        wait_until(lambda: self.said() == list(expected), f"{expected}, not {self.said()}")


@suite.check("sd_notify: READY=1 when every queue is bound, RELOADING=1 and READY=1 at SIGHUP, STOPPING=1 at the end",
             daemon=False, queues=4)
def notify(lab):
    manager = Manager(lab)
    lab.start(env={"NOTIFY_SOCKET": manager.path})
    manager.wait("READY=1")
    assert manager.messages[0][1] == [0, 1, 2, 3], manager.messages
    hang_up(lab)
    manager.wait("READY=1", "RELOADING=1", "READY=1")
    reloading = next(words for words, _ in manager.messages if words[0] == "RELOADING=1")
    assert any(word.startswith("MONOTONIC_USEC=") for word in reloading), reloading
    lab.set_policy("gateway.skew", "never")
    hang_up(lab)
    manager.wait("READY=1", *["RELOADING=1", "READY=1"] * 2)
    lab.stop()
    manager.wait("READY=1", *["RELOADING=1", "READY=1"] * 2, "STOPPING=1")


class Frozen:
    """Threads that stand still, as under a debugger, until the block ends."""
    SEIZE, INTERRUPT, DETACH, ANY_THREAD = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, threads):
        self.threads = threads
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.ptrace.restype = ctypes.c_long

    def _call(self, request, thread):
        assert self.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())

    def __enter__(self):
        for thread in self.threads:
            self._call(self.SEIZE, thread)
            self._call(self.INTERRUPT, thread)
            os.waitpid(thread, self.ANY_THREAD)

    def __exit__(self, *_):
        for thread in self.threads:
            self._call(self.DETACH, thread)


@suite.check("the watchdog is fed while every worker makes progress, and not while they hang and the main thread runs",
             daemon=False)
def watchdog(lab):
    manager = Manager(lab)
    lab.start(env={"NOTIFY_SOCKET": manager.path})
    wait_until(lambda: len(manager.fed) >= 3, "the watchdog to be fed")
    pid = asked(lab, "status")["pid"]
    with Frozen([int(name) for name in os.listdir(f"/proc/{pid}/task") if int(name) != pid]):
        wait_until(lambda: time.monotonic() - manager.fed[-1] > 3, "the watchdog to hunger", 15)
        assert asked(lab, "status")["pid"] == pid
        hungry = len(manager.fed)
    wait_until(lambda: len(manager.fed) >= hungry + 2, "the watchdog to be fed again")


def occupy(lab, queue):
    """Binds a queue as another program would, by a socket that lives as long as the laboratory."""
    sock = lab.gateway.socket(socket.AF_NETLINK, socket.SOCK_RAW, NFNETLINK)
    body = struct.pack("=BB", 0, 0) + struct.pack("!H", queue) + struct.pack("=HH", 8, 1) + struct.pack("=BBH", BIND, 0, 0)
    sock.send(struct.pack("=IHHII", 16 + len(body), QUEUE_CONFIG, 1, 1, 0) + body)
    wait_until(lambda: queue in lab.queues(), "the queue to be bound")


@suite.check("a queue that somebody else has: no READY=1, no such line, one line that says why, exit code 1",
             daemon=False, queues=4)
def queue_taken(lab):
    manager = Manager(lab)
    occupy(lab, 3)
    refused = Daemon(lab.gateway, lab.program("posternd"), lab.policy, env={"NOTIFY_SOCKET": manager.path})
    assert refused.wait() == 1 and len(refused.lines) == 1 and "3" in refused.lines[0], refused.lines
    assert manager.said() == [] and "queues bound" not in refused.lines[0]
    assert sorted(lab.queues()) == [3]


@suite.check("times are those of now: started, policy_loaded and the log's first line")
def times(lab):
    status = asked(lab, "status")
    now = datetime.datetime.now(datetime.timezone.utc)
    for text in (status["started"], status["policy_loaded"], lab.log.wait(what="started")["timestamp"]):
        assert abs((now - datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))).total_seconds()) < 10, text


if __name__ == "__main__":
    suite.main()
