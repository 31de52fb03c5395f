"""A real OpenSSH server in the gateway and a real client in the member, with keys of their own."""
import os
import shutil
import subprocess
import threading

from lab import GATEWAY
from namespaces import run, wait_until
from suite import Skip

CONFIG = """\
Port 22
AddressFamily any
HostKey {0}/host_key
AuthorizedKeysFile {0}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
LogLevel ERROR
"""
# sshd wants /run/sshd for its unprivileged half: it gets a /run of its own, which goes with it.
WITH_RUN = ("unshare", "--mount", "sh", "-c",
            "mount -t tmpfs -o mode=755 run /run && mkdir /run/sshd && exec \"$@\"", "sh")


def start(lab):
    """Starts sshd on the gateway; returns the options that make ssh find its keys."""
    server = shutil.which("sshd") or "/usr/sbin/sshd"
    if not os.path.exists(server) or not shutil.which("ssh"):
        raise Skip("OpenSSH is not installed")
    folder = lab.path("ssh")
    os.mkdir(folder, 0o700)
    for name in ("host_key", "user_key"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"])
    shutil.copy(f"{folder}/user_key.pub", f"{folder}/authorized_keys")
    with open(f"{folder}/config", "w", encoding="ascii") as file:
        file.write(CONFIG.format(folder))
    lab.gateway.popen(*WITH_RUN, server, "-D", "-e", "-f", f"{folder}/config", stderr=subprocess.DEVNULL)
    wait_until(lambda: ":0016 " in lab.gateway.read("tcp6"), "sshd to listen")
    return ["-F", "none", "-i", f"{folder}/user_key", "-o", "StrictHostKeyChecking=no", "-o",
            f"UserKnownHostsFile={folder}/known_hosts", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o",
            "ConnectTimeout=20"]


class Session:
    """One ssh login through `postern connect`, running a command; its output is collected line by line. `around` makes
    the words that run ssh from those of ssh itself."""

    def __init__(self, lab, options, family, command, around=lambda *words: words):
        proxy = f"{lab.program('postern')} --profile {lab.profile()} connect %h %p"
        words = around("ssh", *options, "-o", f"ProxyCommand={proxy}", f"root@{GATEWAY[family]}", command)
        self.process = lab.member.popen(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = []
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def says(self, text, timeout=15):
        """Waits for a line of output."""
        def look():
            assert self.process.poll() is None or text in self.lines, f"ssh ended: {self.process.stderr.read()}"
            return text in self.lines
        wait_until(look, f"\"{text}\" from the ssh session", timeout)

    def echo(self, text):
        """Writes a line to the far end, which is `cat`, and waits until it comes back."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        self.says(text)


def dead_both_ways(lab, session, port, behind):
    """The server's retransmissions are dropped in the output hook, what the member types where it comes in: all of it is
    counted there, none is on the wire, and none gets past our rules."""
    before, passed = lab.dropped("revoked"), behind()
    with lab.capture() as capture:
        session.process.stdin.write("is anybody there?\n")
        session.process.stdin.flush()
        wait_until(lambda: len(capture.incoming(source_port=port)) >= 3, "the member's packets", 15)
        wait_until(lambda: lab.dropped("revoked") >= before + 6, "dropped packets of the revoked flow", 15)
        capture.stop()
    came = len(capture.incoming(source_port=port))
    assert not capture.outgoing(port=port), "the revoked flow still sends"
    assert behind() == passed, f"{behind() - passed} of the member's {came} packets passed"
