"""Network namespaces, and doing things inside them: commands, sockets, reading /proc.

A socket belongs to the namespace in which it was made, whichever thread uses it later; so a short-lived thread enters
the namespace, makes the socket and ends, and the test itself never leaves its own.
"""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
IP_FREEBIND, IPV6_FREEBIND = 15, 78
PATIENCE = float(os.environ.get("POSTERN_PATIENCE", 1))  # every time limit of a test is so many times as long
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The laboratory itself failed: a command, a wait that ran out, a program that ended."""


def run(command, check=True, timeout=60, **options):
    """Runs a command and returns it finished, with text output; with `check` a failure is a LabError that shows it."""
    process = subprocess.run(command, capture_output=True, text=True, timeout=timeout * PATIENCE, **options)
    if check and process.returncode:
        raise LabError(f"{' '.join(command)}: exit {process.returncode}: {process.stderr.strip() or process.stdout}")
    return process


def wait_until(condition, what, timeout=10.0):
    """Polls until `condition()` is true and returns its value; LabError with `what` when `timeout` seconds are over."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"waited {timeout * PATIENCE:g} s for {what}")
        time.sleep(0.005)


class Namespace:
    """One network namespace with its processes and sockets; close() removes them all."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        self.sockets = []
        run(["ip", "netns", "add", name])
        self.handle = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.call(_settle_sysctls)
        self.ip("link set lo up")

    @classmethod
    def existing(cls, name):
        """One that somebody else has made, and removes."""
        namespace = cls.__new__(cls)
        namespace.name, namespace.processes, namespace.sockets = name, [], []
        namespace.handle = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        return namespace

    def close(self):
        """Ends the processes, closes the sockets, removes the namespace. Never fails."""
        for process in self.processes:
            end(process)
        for sock in self.sockets:
            sock.close()
        self.end_strays()
        os.close(self.handle)
        run(["ip", "netns", "del", self.name], check=False)

    def end_strays(self):
        """Ends what our processes left inside: sshd's children outlive the network that their peer was in."""
        for pid in map(int, run(["ip", "netns", "pids", self.name], check=False).stdout.split()):
            if pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def ip(self, *lines):
        """`ip` with each line as its arguments, in one batch."""
        run(["ip", "-netns", self.name, "-batch", "-"], input="\n".join(lines) + "\n")

    def command(self, *words):
        """The words that run a command inside."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *words]

    def run(self, *words, **options):
        """Runs a command inside; as run() above."""
        return run(self.command(*words), **options)

    def popen(self, *words, **options):
        """Starts a process inside; it ends with the namespace at the latest."""
        process = subprocess.Popen(self.command(*words), **options)
        self.processes.append(process)
        return process

    def call(self, function, *arguments):
        """Calls a function in a thread that has entered the namespace; returns its value or raises its exception."""
        result = []

        def enter():
            try:
                if _libc.setns(self.handle, CLONE_NEWNET):
                    raise LabError(f"cannot enter {self.name}: {os.strerror(ctypes.get_errno())}")
                result.append((function(*arguments), None))
            except BaseException as error:  # handed to the caller below
                result.append((None, error))
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def socket(self, family, kind, protocol=0):
        """A socket of this namespace; closed with it."""
        sock = self.call(socket.socket, family, kind, protocol)
        self.sockets.append(sock)
        return sock

    def bound(self, kind, address, port=0):
        """A TCP or UDP socket bound to an address, which need not be configured."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = self.socket(family, kind)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        sock.bind((address, port))
        return sock

    def read(self, path):
        """The text of a file below /proc/net, as seen inside."""
        def load():
            with open(f"/proc/thread-self/net/{path}", encoding="ascii") as file:
                return file.read()
        return self.call(load)

    def sysctl(self, key, value):
        """Sets net.KEY inside."""
        self.call(_write_sysctl, key, value)

    def mac(self, interface):
        """The hardware address of an interface, 6 bytes."""
        with self.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((interface, 0))
            return sock.getsockname()[4]


def end(process, timeout=5):
    """Ends a process that the test started: TERM, then KILL. Never fails."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _write_sysctl(key, value):
    with open("/proc/sys/net/" + key, "w", encoding="ascii") as file:
        file.write(str(value))


def _settle_sysctls():
    """No address generation, no duplicate detection, no router discovery, no reports of groups: only the test's own packets move."""
    for scope in ("all", "default"):
        _write_sysctl(f"ipv6/conf/{scope}/accept_dad", 0)
        _write_sysctl(f"ipv6/conf/{scope}/accept_ra", 0)
        _write_sysctl(f"ipv6/conf/{scope}/router_solicitations", 0)
        _write_sysctl(f"ipv4/conf/{scope}/rp_filter", 0)
        for version in (1, 2):  # the second report of a group comes some time in it: never, for a test
            _write_sysctl(f"ipv6/conf/{scope}/mldv{version}_unsolicited_report_interval", 1_000_000_000)
    _write_sysctl("ipv6/conf/default/addr_gen_mode", 1)


def wire(one, one_name, two, two_name):
    """A cable between two namespaces, up at both ends, with neighbours that need not be asked for."""
    one.ip(f"link add {one_name} type veth peer name {two_name} netns {two.name}",
           f"link set {one_name} up")
    two.ip(f"link set {two_name} up")


def text_of(mac):
    """A hardware address as `ip` writes it."""
    return ":".join(f"{byte:02x}" for byte in mac)
