"""posternd as this suite runs it: an ordinary user with CAP_NET_ADMIN alone. How it starts, what it says, how it ends."""
import os
import signal
import subprocess
import threading

from namespaces import PATIENCE, LabError, wait_until

USER = 64123  # the ordinary user that posternd runs as
CAPABILITY = "+net_admin"
EXIT_CODES = {signal.SIGTERM: 0, signal.SIGINT: 0, signal.SIGKILL: -signal.SIGKILL}
COMPLAINTS = ("Sanitizer", "runtime error")


class Daemon:
    """One process of posternd in a namespace, from its start on."""

    def __init__(self, namespace, program, policy, *options, env=None):
        self.lines = []    # of its standard error
        self.asked = None  # the signal that was to end it
        self.process = self._launch(namespace, [program, "-c", policy, *options], env)
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()

    def _launch(self, namespace, words, env):
        rights = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", f"--inh-caps={CAPABILITY}",
                  f"--ambient-caps={CAPABILITY}", f"--bounding-set=-all,{CAPABILITY}", "--"]
        return namespace.popen(*rights, *words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               env=None if env is None else {**os.environ, **env})

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line.rstrip())

    def runs(self):
        """Whether it is still there."""
        return self.process.poll() is None

    def wait_ready(self):
        """Waits until it says that every queue is bound."""
        wait_until(self._ready, "posternd to bind every queue", 20)

    def _ready(self):
        if not self.runs():
            raise LabError(f"posternd ended with {self.wait()}:\n" + "\n".join(self.lines))
        return any("bound" in line for line in list(self.lines))

    def send(self, number):
        """Sends a signal that does not end it."""
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Ends it with a signal and waits until it is gone; returns its exit code."""
        self.asked = number
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        """Waits until it is gone and all that it said was read; returns its exit code."""
        code = self.process.wait(20 * PATIENCE)
        self.reader.join(5 * PATIENCE)
        return code

    def check(self):
        """Fails where it ended unasked, or with another code than its signal calls for, or a sanitizer complained."""
        complaints = [line for line in self.lines if any(word in line for word in COMPLAINTS)]
        assert not complaints, complaints[0]
        if self.runs():
            return
        assert self.asked is not None, f"posternd ended by itself with {self.process.returncode}"
        expected, code = EXIT_CODES[self.asked], self.process.returncode
        assert code == expected, f"posternd ended with {code}, expected {expected} after {self.asked!r}"
