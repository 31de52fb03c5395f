"""How a test of this suite is written, run and reported: checks in order, one line each, and a last line that adds up.

A file makes one Suite, marks functions with @suite.check("what is shown") and ends with suite.main(). Each check gets a
fresh Lab (lab.py), or shares the one of the check before it where it says `keep=True`. A check ends by returning, by
raising AssertionError (FAIL) or by raising Skip (the machine cannot show it; that is said and never counts as passed).
"""
import argparse
import contextlib
import errno
import inspect
import os
import select
import signal
import socket
import sys
import time
import traceback

from lab import Lab
from namespaces import PATIENCE, LabError

SLOW = 1.0  # seconds after which a check shows its progress


class Skip(Exception):
    """The machine cannot run this check; the text is the reason."""


class Progress:
    """Says how far a check is: a line on standard error at most once a second."""

    def __init__(self, name):
        self.name = name
        self.last = time.monotonic()

    def __call__(self, done, total=None):
        now = time.monotonic()
        if now - self.last < SLOW:
            return
        self.last = now
        text = f"{done}" if total is None else f"{done} of {total}"
        print(f"     {self.name}: {text}", file=sys.stderr, flush=True)


def parse_arguments():
    """--build, --backend, --full, and the names of single checks; unknown arguments are ignored."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--build", required=True, help="build directory with posternd, posternctl, postern and forge")
    parser.add_argument("--backend", default="iptables", choices=["iptables", "nftables"])
    parser.add_argument("--full", action="store_true", help="the counts of a release, not the quick ones")
    parser.add_argument("--only", default="", help="run only checks whose function name contains this")
    return parser.parse_known_args()[0]


class Suite:
    """The checks of one file, in the order in which they stand there."""

    def __init__(self, **lab_options):
        self.checks = []
        self.lab_options = lab_options
        self.counts = {"ok": 0, "FAIL": 0, "skipped": 0}
        self.options = None

    def check(self, title, backend=None, **lab_options):
        """Marks a function (lab) or (lab, progress) as a check, where one is named of that backend alone; `lab_options`
        go to its Lab."""
        def mark(function):
            self.checks.append((title, function, backend, {**self.lab_options, **lab_options}))
            return function
        return mark

    def add(self, title, function, name, **lab_options):
        """The same for a function that is made in a loop; `name` is what --only looks at."""
        function.__name__ = name
        self.check(title, **lab_options)(function)

    def count(self, quick, full):
        """A number that --full makes as large as the promise says."""
        return full if self.options.full else quick

    def report(self, word, title, detail=""):
        """One line: ok, FAIL or skipped, what was to be shown, and what happened where that differs."""
        self.counts[word] += 1
        print(f"{word:<8}{title}{': ' + detail if detail else ''}", flush=True)

    def main(self):
        """Runs the checks and leaves the process: 0 if none failed, otherwise 1."""
        self.options = parse_arguments()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))  # leaves through every close()
        if os.geteuid() != 0:
            self.report("skipped", "everything in this file", "needs root for network namespaces")
        else:
            for title, function, backend, lab_options in self.checks:
                if self.options.only not in function.__name__:
                    continue
                if backend in (None, self.options.backend):
                    self._run(title, function, lab_options)
                else:
                    self.report("skipped", title, f"of the backend {backend}")
        passed, failed, skipped = self.counts["ok"], self.counts["FAIL"], self.counts["skipped"]
        print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        sys.exit(1 if failed else 0)

    def _run(self, title, function, lab_options):
        started = time.monotonic()
        lab = None
        try:
            with contextlib.ExitStack() as stack:
                lab = stack.enter_context(Lab(self.options.build, self.options.backend, **lab_options))
                wants_progress = "progress" in inspect.signature(function).parameters
                detail = function(lab, Progress(function.__name__)) if wants_progress else function(lab)
                lab.finish()
            self.report("ok", title, f"{detail or ''}{'; ' if detail else ''}{time.monotonic() - started:.1f} s")
        except Skip as reason:
            self.report("skipped", title, str(reason))
        except Exception as error:  # whatever it is, the next check still runs
            self.report("FAIL", title, first_line(error))
            self._explain(error, lab)

    @staticmethod
    def _explain(error, lab):
        """Where a failed check stopped, and the last words of its daemon, on standard error."""
        frames = traceback.extract_tb(error.__traceback__)
        for frame in frames[-3:]:
            print(f"     {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}", file=sys.stderr)
        for line in str(error).splitlines()[1:20]:
            print("     " + line, file=sys.stderr)
        for line in (lab.last_words() if lab else []):
            print("     " + line, file=sys.stderr)
        sys.stderr.flush()


def first_line(error):
    """What an exception says, on one line."""
    name = "" if isinstance(error, (AssertionError, LabError)) else f"{type(error).__name__}: "
    return name + (str(error).splitlines() or ["stopped here"])[0]


def errno_of_connect(sock, timeout=3.0):
    """0 where a connection that was begun is up, otherwise why not; ETIMEDOUT when nothing happened for `timeout`."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(timeout * PATIENCE * 1000):
        return errno.ETIMEDOUT
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def connects(namespace, own, to, port, timeout=0.4):
    """Whether a TCP connection from an address of the namespace comes about."""
    with namespace.bound(socket.SOCK_STREAM, own) as sock:
        sock.setblocking(False)
        sock.connect_ex((to, port))
        return errno_of_connect(sock, timeout) == 0
