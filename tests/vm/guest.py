"""A guest as one gateway with a laptop behind wan0: commands, logins, and checks that say one line each.

      laptop (namespace)   192.0.2.2, 192.0.2.3   eth0 --- wan0   192.0.2.1, 2001:db8::1   the guest itself
                           2001:db8::2, 2001:db8::3
"""
import os
import socket
import sys
import time

sys.path.insert(0, "tests/system")
from namespaces import Namespace, run, wait_until  # noqa: E402

KEPT = "/var/lib/postern-guest"  # outlives a start
POLICY, HERE = "/etc/postern/postern.yaml", {4: "192.0.2.1", 6: "2001:db8::1"}
MEMBER, STRANGER = {4: "192.0.2.2", 6: "2001:db8::2"}, {4: "192.0.2.3", 6: "2001:db8::3"}
HOSTS = f"{HERE[4]} gw1.example.net\n{MEMBER[4]} laptop.example.net\n"
# The network comes up as any other: behind network-pre.target. What nft has at that moment is kept.
NETWORK = f"""\
[Unit]
DefaultDependencies=no
After=local-fs.target network-pre.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'nft list ruleset >{KEPT}/rules-before-network; ip netns add laptop && \
ip link add wan0 type veth peer name eth0 netns laptop && \
ip addr add {HERE[4]}/24 dev wan0 && ip addr add {HERE[6]}/64 dev wan0 nodad && ip link set wan0 up && \
ip route add default via {MEMBER[4]} && ip -n laptop link set lo up && ip -n laptop link set eth0 up && \
for a in 2 3; do ip -n laptop addr add 192.0.2.$$a/24 dev eth0; \
ip -n laptop addr add 2001:db8::$$a/64 dev eth0 nodad; done'
[Install]
WantedBy=sysinit.target
"""
LAPTOP_SSHD = """\
[Unit]
After=guest-network.service ssh.service
[Service]
NetworkNamespacePath=/run/netns/laptop
ExecStart=/usr/sbin/sshd -D -e
[Install]
WantedBy=multi-user.target
"""
failures = 0


def check(title):
    """Marks a function that shows something: it is called at once, and one line says what came of it."""
    def mark(function):
        global failures
        started = time.monotonic()
        try:
            detail = f"{function() or ''}"
            print(f"ok      {title}{': ' + detail if detail else ''}; {time.monotonic() - started:.0f} s", flush=True)
        except Exception as error:  # the next one is shown all the same
            failures += 1
            print(f"FAIL    {title}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
            units = run(["journalctl", "-b", "-o", "cat", "-n", "12", "-u", "postern*"], check=False).stdout
            print("     " + f"{error}\n{units}"[:3000].replace("\n", "\n     "), file=sys.stderr, flush=True)
    return mark


def sh(text, **options):
    """A command line as a person types it; returns what it says."""
    done = run(["bash", "-c", text], **{"timeout": 120, **options})
    return done.stdout + done.stderr


def laptop(*words, user=None, **options):
    """A command at the other end of wan0, as root or as somebody else."""
    as_user = ["runuser", "-l", user, "-c", " ".join(words)] if user else words
    return run(["ip", "netns", "exec", "laptop", *as_user], **{"timeout": 60, **options})


def prepare():
    """What is there before postern comes: a network, an sshd at both ends, Alice and her key."""
    sh(f"mkdir -p -m 700 {KEPT} /root/.ssh && useradd -m -s /bin/bash alice && "
       "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && "
       "cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys && cp -r /root/.ssh /home/alice/.ssh && "
       "chown -R alice: /home/alice/.ssh")
    for path, text in (("/etc/systemd/system/guest-network.service", NETWORK),
                       ("/etc/systemd/system/laptop-sshd.service", LAPTOP_SSHD),
                       ("/etc/ssh/ssh_config.d/guest.conf", "StrictHostKeyChecking accept-new\nConnectTimeout 60\n")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    with open("/etc/hosts", "a", encoding="ascii") as file:
        file.write(HOSTS)
    sh("systemctl daemon-reload && systemctl enable --now guest-network ssh nftables laptop-sshd")


def connects(source, port=22, family=4, seconds=4):
    """Whether a connection from an address, without an authorization, comes about."""
    words = f"import socket,sys; socket.create_connection(('{HERE[family]}', {port}), {seconds}, ('{source}', 0))"
    return laptop("python3", "-c", words, check=False).returncode == 0


def login(profile="gw1", family=4, must=True):
    """Alice's ssh to root, through the gate."""
    return laptop("ssh", "-F", "none", "-o", f"'ProxyCommand=postern --profile {profile} connect %h %p'",
                  "-o", "StrictHostKeyChecking=accept-new", f"root@{HERE[family]}", "true", user="alice", check=must)


def member(name, services, family=4):
    """Makes a client, and puts its profile where Alice's postern looks."""
    sh(f"posternctl clients add {name} --services {services} --host '{HERE[family]}' --out /root/{name}.yaml && "
       f"posternctl reload && install -D -o alice -m 600 /root/{name}.yaml /home/alice/.config/postern/{name}.yaml")


def service(name, text):
    """A service in the policy, and a member of that name who may use it; nothing where they are there already."""
    with open(POLICY, encoding="utf-8") as file:
        policy = file.read()
    if f"\n  {name}:" in policy:
        return
    with open(POLICY, "w", encoding="utf-8") as file:
        file.write(policy.replace("services:\n", f"services:\n  {name}: {text}\n", 1))
    member(name, name)


class Session:
    """A member's connection that lasts."""

    def __init__(self):
        self.server = socket.create_server((HERE[4], 2200))
        service("lasting", "{ports: [tcp/2200]}")
        laptop("postern --profile lasting open lasting", user="alice")
        self.near = Namespace.existing("laptop").bound(socket.SOCK_STREAM, MEMBER[4])
        self.near.settimeout(60)
        self.near.connect((HERE[4], 2200))
        self.server.settimeout(60)
        self.far, _ = self.server.accept()
        self.far.settimeout(60)

    def close(self):
        """Fails where it is dead."""
        self.near.sendall(b"x")
        assert self.far.recv(1) == b"x", "the session is dead"
        for sock in (self.server, self.near, self.far):
            sock.close()


def guarded():
    """The rules stand, to the letter."""
    return run(["posternctl", "rules", "check"], check=False).returncode == 0


def closed_to_strangers():
    """Fails where a stranger gets in."""
    for family in (4, 6):
        assert not connects(STRANGER[family], family=family), f"IPv{family}: open to a stranger"


def state(unit):
    """active, inactive, failed ..."""
    return sh(f"systemctl show -p ActiveState --value {unit}").strip()


def pid(unit="posternd"):
    """Of the process that systemd runs for a unit."""
    return sh(f"systemctl show -p MainPID --value {unit}").strip()


def login_after_start():
    """The daemon refuses for the length of the skew after a start; then a login works."""
    wait_until(lambda: login(must=False).returncode == 0, "a login through the gate", 120)
