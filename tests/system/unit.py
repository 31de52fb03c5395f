"""posternd as its installed unit runs it: systemd starts the program of the package, in the unit's own sandbox.

What a laboratory changes of the unit: its policy and namespace, the number of its user, where it writes, and that it
stays down when it ends.
"""
import os
import select
import signal
import subprocess

from daemon import USER, Daemon
from namespaces import run, wait_until

UNIT = "posternd.service"
_serial = iter(range(1 << 30))


class UnitDaemon(Daemon):
    """One start of the installed unit in a laboratory."""

    def _launch(self, namespace, words, env):
        process = UnitProcess(namespace.name, words, env or {})
        namespace.processes.append(process)
        return process


class UnitProcess:
    """A process whose parent is systemd, with what subprocess.Popen has: pid, stderr, poll, wait, signals, returncode."""
    stdin = stdout = None

    def __init__(self, namespace, words, env):
        self.unit, self.returncode = f"postern-lab-{os.getpid()}-{next(_serial)}.service", None
        self.file, directory = f"/run/systemd/system/{self.unit}", os.path.dirname(words[words.index("-c") + 1])
        said = f"/run/{self.unit}.said"  # not in the laboratory, where a test looks at what changes
        os.mkfifo(said)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(run(["systemctl", "cat", UNIT]).stdout + self._changes(namespace, words, env, directory, said))
        reading, writing = os.open(said, os.O_RDONLY | os.O_NONBLOCK), os.open(said, os.O_WRONLY)
        run(["systemctl", "start", self.unit], check=False)
        os.remove(said)
        os.close(writing)
        os.set_blocking(reading, True)
        self.stderr = open(reading, encoding="utf-8", errors="replace")
        self.pid = int(self._show("ExecMainPID"))  # 0: it was never started
        try:
            self.handle = os.pidfd_open(self.pid) if self.pid else None
        except ProcessLookupError:
            self.handle = None

    @staticmethod
    def _changes(namespace, words, env, directory, said):
        lines = ["[Service]", "ExecStart=", f"ExecStart={' '.join(words)}", f"User={USER}", f"Group={USER}", "Restart=no",
                 "RuntimeDirectory=", "LogsDirectory=", f"ReadWritePaths={directory}", f"StandardError=file:{said}",
                 f"NetworkNamespacePath=/run/netns/{namespace}", *(f'Environment="{key}={env[key]}"' for key in env)]
        return "\n" + "\n".join(lines) + "\n"

    def _show(self, name):
        return run(["systemctl", "show", "-P", name, self.unit]).stdout.strip()

    def poll(self):
        """Its exit code once it is gone, as subprocess has it."""
        if self.returncode is None and (self.handle is None or select.select([self.handle], [], [], 0)[0]):
            wait_until(lambda: self._show("ActiveState") in ("inactive", "failed"), f"systemd to see {self.unit} end", 20)
            status = int(self._show("ExecMainStatus"))
            self.returncode = status if self._show("ExecMainCode") == "1" else -status  # 1: it ended by itself
            os.remove(self.file)
            if self.handle is not None:
                os.close(self.handle)
                self.handle = None
            run(["systemctl", "reset-failed", self.unit], check=False)
        return self.returncode

    def wait(self, timeout=None):
        """Waits until it is gone; returns its exit code."""
        if self.handle is not None and not select.select([self.handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.unit, timeout)
        return self.poll()

    def send_signal(self, number):
        """Sends it a signal, where it is still there."""
        if self.poll() is None:
            signal.pidfd_send_signal(self.handle, number)

    def kill(self):
        """Ends it."""
        self.send_signal(signal.SIGKILL)
