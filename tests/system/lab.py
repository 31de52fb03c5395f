"""The laboratory: member, stranger, router and gateway as network namespaces, with real rules, queue, daemon and client.

      member    198.51.100.2   2001:db8:1::2  --m0-+
                                                   | router --g0---gw0-- gateway 192.0.2.2, 2001:db8::2
      stranger  203.0.113.2    2001:db8:2::2  --s0-+

The gateway guards gw0. The router stands between, so neighbour discovery never touches the packets in question. The
member also has all of 198.18.0.0/15 and 2001:db8:1:8000::/49, so that every attempt can come from a source of its own:
the log gives each source and reason one line. 100.64.0.0/10 and 2001:db8:1:4000::/50 end at the member unheard.
Everything made here is removed by close(), also after a failure.
"""
import collections
import ipaddress
import json
import os
import shutil
import signal
import socket
import tempfile

import counters
import packets
from capture import Capture, Sender
from daemon import USER, Daemon
from logfile import LogFile
from namespaces import PATIENCE, LabError, Namespace, text_of, wait_until, wire
from unit import UnitDaemon

GATEWAY = {4: "192.0.2.2", 6: "2001:db8::2"}
MEMBER = {4: "198.51.100.2", 6: "2001:db8:1::2"}
STRANGER = {4: "203.0.113.2", 6: "2001:db8:2::2"}
SPA_PORT = 62201
AS_UNIT = "POSTERN_UNIT" in os.environ  # systemd runs the daemon, as the installed unit says
_serial = iter(range(1 << 30))


class Lab:
    """One laboratory with a policy for gw1.example.net: service ssh = tcp/22, client alice, skew as said."""

    def __init__(self, build, backend="iptables", *, services=("ssh=tcp/22",), skew="30s", window="15s", queues=2,
                 clients=("alice",), family=4, rules=True, daemon=True):
        self.build, self.backend = os.path.abspath(build), backend
        self.services, self.clients, self.host = services, {}, GATEWAY[family]
        self.settings = {"gateway.skew": skew, "gateway.queues": queues, "grants.window": window}
        self.client_names, self.with_rules, self.with_daemon = clients, rules, daemon
        self.namespaces, self.captures, self.listeners, self.senders = [], [], [], {}
        self.daemons = []  # every one that was started; the last is `daemon`
        self.directory = self.daemon = None

    def __enter__(self):
        try:
            self._make_directory()
            self._make_network()
            self._make_policy()
            if self.with_rules:
                self.rules("apply")
            if self.with_daemon:
                self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends every process and removes namespaces and files. Never fails."""
        for capture in self.captures:
            capture.stopping = True
        for namespace in self.namespaces:
            namespace.close()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- making it ------------------------------------------------------------------------------------------------

    def _make_directory(self):
        self.directory = tempfile.mkdtemp(prefix="postern-lab-")
        os.mkdir(self.path("state"))
        for directory in (self.directory, self.path("state")):  # the daemon makes files of its own and touches no others
            os.chown(directory, 0, USER)
            os.chmod(directory, 0o1775)

    def _make_network(self):
        prefix = f"postern-{os.getpid()}-{next(_serial)}"
        for role in ("member", "stranger", "router", "gateway"):
            namespace = Namespace(f"{prefix}-{role}")
            self.namespaces.append(namespace)
            setattr(self, role, namespace)
        self._link(self.member, "wan0", "m0", MEMBER)
        self._link(self.stranger, "wan0", "s0", STRANGER)
        self._link(self.gateway, "gw0", "g0", GATEWAY)
        self.router.sysctl("ipv4/ip_forward", 1)
        self.router.sysctl("ipv6/conf/all/forwarding", 1)
        self.router.ip(*(f"route add {prefix} via {MEMBER[4]}" for prefix in ("198.18.0.0/15", "100.64.0.0/10")),
                       f"route add 2001:db8:1::/48 via {MEMBER[6]}")
        self.member.ip("route add local 198.18.0.0/15 dev lo", "route add local 2001:db8:1:8000::/49 dev lo",
                       "route add blackhole 100.64.0.0/10", "route add blackhole 2001:db8:1:4000::/50")
        self.member.sysctl("ipv6/ip_nonlocal_bind", 1)

    def _link(self, namespace, interface, router_interface, addresses):
        """Wires a namespace to the router's .1, ::1, with a default route and fixed neighbours at both ends."""
        wire(namespace, interface, self.router, router_interface)
        router4, router6 = addresses[4].rsplit(".", 1)[0] + ".1", addresses[6][:-1] + "1"
        namespace.ip(f"addr add {addresses[4]}/24 dev {interface}", f"addr add {addresses[6]}/64 dev {interface} nodad")
        self.router.ip(f"addr add {router4}/24 dev {router_interface}",
                       f"addr add {router6}/64 dev {router_interface} nodad")
        to_router = text_of(self.router.mac(router_interface))
        to_it = text_of(namespace.mac(interface))
        for near, far in ((router4, addresses[4]), (router6, addresses[6])):
            namespace.ip(f"neigh add {near} lladdr {to_router} dev {interface} nud permanent",
                         f"route add default via {near}")
            self.router.ip(f"neigh add {far} lladdr {to_it} dev {router_interface} nud permanent")

    def _make_policy(self):
        services = [word for service in self.services for word in ("--service", service)]
        self.control("init", "--name", "gw1.example.net", "--interface", "gw0", *services, "--log", self.path("log.json"),
                     "--socket", self.path("control.sock"), "--state", self.path("state"))
        for key, value in self.settings.items():
            self.set_policy(key, value)
        for name in self.client_names:
            self.add_client(name)
        self.log = LogFile(self.path("log.json"))

    def path(self, name):
        """A file of this laboratory."""
        return os.path.join(self.directory, name)

    @property
    def policy(self):
        """The policy file."""
        return self.path("postern.yaml")

    def set_policy(self, key, value):
        """Sets `section.name` in the policy file, which has one block per section."""
        section, name = key.split(".")
        with open(self.policy, encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines()]
        if f"{section}:" not in lines:
            lines += [f"{section}:"]
        at = lines.index(f"{section}:") + 1
        stop = next((n for n in range(at, len(lines)) if lines[n][:1] not in (" ", "#", "")), len(lines))
        kept = [line for line in lines[at:stop] if not line.strip().startswith(name + ":")]
        with open(self.policy, "w", encoding="utf-8") as file:
            file.write("\n".join(lines[:at] + [f"  {name}: {value}"] + kept + lines[stop:]) + "\n")

    def add_client(self, name, services=None):
        """Makes a client with `posternctl clients add`; returns the path of its profile."""
        names = services or ",".join(service.split("=")[0] for service in self.services)
        self.clients[name] = self.path(f"{name}.profile.yaml")
        self.control("clients", "add", name, "--services", names, "--out", self.clients[name], "--host", self.host)
        return self.clients[name]

    def profile(self, name="alice"):
        """The path of a client's profile."""
        return self.clients[name]

    # --- programs -------------------------------------------------------------------------------------------------

    def program(self, name):
        """The path of a program in the build directory."""
        for folder in ("", "bin", "src", "tests/tools"):
            path = os.path.join(self.build, folder, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        raise LabError(f"no program {name} in {self.build}")

    def control(self, *words, check=True, root=False, ssh=""):
        """Runs posternctl in the gateway: as the daemon's user, or as root where rules are touched; in no SSH session
        but the one whose SSH_CONNECTION is given, wherever the test itself runs."""
        user = [] if root else ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                                "--bounding-set=-all", "--inh-caps=-all"]
        return self.gateway.run(*user, self.program("posternctl"), "-c", self.policy, *words, check=check,
                                env={**os.environ, "SSH_CONNECTION": ssh})

    def ask(self, command):
        """What the running daemon answers on its control socket: the result of status, grants or flows."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10 * PATIENCE)
            sock.connect(self.path("control.sock"))
            sock.sendall(json.dumps({"v": 1, "command": command}).encode() + b"\n")
            reply = json.loads(sock.makefile().readline())
        if not reply["ok"]:
            raise LabError(f"{command}: {reply['error']}")
        return reply["result"]

    def status(self):
        """The daemon's status once every packet that the kernel numbered has been judged or was lost."""
        def judged():
            status, kernel = self.ask("status"), self.queues()
            decided = {queue["number"]: sum(queue["verdicts"].values()) for queue in status["queues"]}
            done = all(queue.last_id == decided.get(number) + queue.user_dropped for number, queue in kernel.items())
            return status if kernel and done else None
        return wait_until(judged, "a verdict for every queued packet", 20)

    def verdicts(self):
        """How many packets got each reason, once every packet has its verdict."""
        return collections.Counter(self.status()["verdicts"])

    def rules(self, action, check=True, adopt="0s"):
        """posternctl rules apply, remove or check; `adopt` is how long apply learns sessions, None for its own choice."""
        words = ["--adopt", adopt] if action == "apply" and adopt else []
        return self.control("rules", action, "--backend", self.backend, *words, check=check, root=True)

    def client(self, *words, name="alice", **options):
        """Runs `postern` in the member's namespace and returns it finished."""
        return self.member.run(self.program("postern"), "--profile", self.profile(name), *words, **options)

    # --- the daemon -----------------------------------------------------------------------------------------------

    def start(self, *options, env=None):
        """Starts posternd and waits until it says it is ready."""
        as_unit = AS_UNIT and "NOTIFY_SOCKET" not in (env or {})  # there the test stands for systemd
        kind = UnitDaemon if as_unit else Daemon
        self.daemon = kind(self.gateway, self.program("posternd"), self.policy, *options, env=env)
        self.daemons.append(self.daemon)
        self.daemon.wait_ready()

    def stop(self, signal_number=signal.SIGTERM):
        """Ends the daemon with a signal and waits until it is gone; returns its exit code."""
        return self.daemon.stop(signal_number)

    def restart(self, signal_number=signal.SIGTERM, **options):
        """Stops the daemon and starts it again."""
        self.stop(signal_number)
        self.start(**options)

    def reload(self):
        """Asks for a reload and waits for its answer."""
        return self.control("reload", "--daemon-only")

    def finish(self):
        """Ends the daemon; fails where one of this laboratory did not end as it should, or wrote a wrong line."""
        if self.daemon_runs():
            self.stop()
        for daemon in self.daemons:
            daemon.check()
        self.log.update()

    def last_words(self):
        """The end of what the daemon said, for a failed check."""
        return [f"posternd: {line}" for line in self.daemon.lines[-15:]] if self.daemon else []

    # --- packets --------------------------------------------------------------------------------------------------

    def sender(self, role="member"):
        """Sends whole packets from a namespace towards the router."""
        link = {"member": "m0", "stranger": "s0"}[role]
        if role not in self.senders:
            self.senders[role] = Sender(getattr(self, role), "wan0", self.router.mac(link))
        return self.senders[role]

    def capture(self, role="gateway"):
        """Captures at a namespace's own interface."""
        capture = Capture(getattr(self, role), "gw0" if role == "gateway" else "wan0")
        self.captures.append(capture)
        return capture

    def listen(self, port=22, family=4, kind=socket.SOCK_STREAM):
        """A server on the gateway."""
        listener = Listener(self.gateway, GATEWAY[family], port, kind)
        self.listeners.append(listener)
        return listener

    def spread(self):
        """Puts rules in front of the steering ones that spread every source over all queues, packet by packet."""
        numbers = range(self.settings["gateway.queues"])
        if self.backend == "nftables":
            self.gateway.run("nft", "insert rule inet postern steer fib daddr type local meta mark set meta mark & "
                             f"0x00ffffff | 0x01000000 counter queue to numgen inc mod {len(numbers)} offset {numbers[0]} "
                             'comment "postern queue"')
            return
        for tool in ("iptables", "ip6tables"):
            for place, number in enumerate(numbers):
                every = str(len(numbers) - place)
                self.gateway.run(tool, "-t", "mangle", "-I", "POSTERN-STEER", str(place + 2), "-m", "statistic", "--mode",
                                 "nth", "--every", every, "--packet", "0", "-m", "comment", "--comment",
                                 "postern queue", "-j", "NFQUEUE", "--queue-num", str(number))

    def knock(self, datagram, source, family=4):
        """Sends an SPA datagram from an address and waits until it was taken."""
        before = self.verdicts()
        self.sender().send(packets.udp(source, GATEWAY[family], 5000, SPA_PORT, datagram))
        wait_until(lambda: sum(self.verdicts().values()) > sum(before.values()), "the verdict of an SPA datagram")
        new = self.verdicts() - before
        if new["spa_accepted"] != 1:
            raise LabError(f"an SPA datagram from {source} got {dict(new)}")

    def watch_behind(self):
        """Counts what passes the gate from gw0 on, multicast apart; returns a function that reads the count so far."""
        self.gateway.run("nft", "table inet behind { counter seen {}; chain watch { type filter hook prerouting "
                         'priority -140; iifname "gw0" ip6 daddr ff00::/8 accept; '
                         'iifname "gw0" counter name seen; }; }')

        def read():
            listing = json.loads(self.gateway.run("nft", "-j", "list", "counter", "inet", "behind", "seen").stdout)
            return next(item["counter"]["packets"] for item in listing["nftables"] if "counter" in item)
        return read

    def send_to_gateway(self, packet, version=None):
        """Puts a packet on the gateway's wire, whatever its destination. `version`: as Sender.send()."""
        if "router" not in self.senders:
            self.senders["router"] = Sender(self.router, "g0", self.gateway.mac("gw0"))
        self.senders["router"].send(packet, version)

    def daemon_runs(self):
        """Whether the daemon is there to judge."""
        return self.daemon is not None and self.daemon.runs()

    def queues(self):
        """The kernel's counters of each queue."""
        return counters.queues(self.gateway)

    def queued(self):
        """Packets queued so far."""
        return sum(queue.last_id for queue in self.queues().values())

    def seen(self, word):
        """Packets that the rules whose comment is `postern WORD` have seen."""
        found = counters.rules(self.gateway, self.backend)
        return counters.packets(rule for rule in found if rule.word == word)

    def dropped(self, word):
        """Packets dropped by the rules whose comment is `postern WORD`."""
        found = counters.drop_rules(self.gateway, self.backend)
        return counters.packets(rule for rule in found if rule.word == word)

    def settled(self):
        """Waits until every queued packet was judged and its verdict was carried out."""
        self.status()
        wait_until(lambda: all(queue.waiting == 0 for queue in self.queues().values()), "the queues to run empty", 20)


def source(number, family=4):
    """The number-th of the member's many addresses, none twice below 100 000."""
    if family == 4:
        return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    return str(ipaddress.ip_address(f"2001:db8:1:{0x8000 + (number >> 16):x}:{number & 0xFFFF:x}::1"))


def phantom(number, family=4):
    """The number-th of the addresses that are routed to the member and end in silence there: nobody answers for them."""
    if family == 4:
        return f"100.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    return str(ipaddress.ip_address(f"2001:db8:1:{0x4000 + (number >> 16):x}:{number & 0xFFFF:x}::1"))


class Listener:
    """A server that takes whatever the gate lets through: TCP connections, kept open, or datagrams."""

    def __init__(self, namespace, address, port, kind):
        self.kind = kind
        self.sock = namespace.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.accepted = []  # (connection, address, port) or (data, address, port)
        if kind == socket.SOCK_STREAM:
            self.sock.listen(4096)
        else:
            self.sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.sock.setblocking(False)

    def poll(self):
        """Takes what has come meanwhile; returns everything so far."""
        while True:
            try:
                if self.kind == socket.SOCK_STREAM:
                    thing, peer = self.sock.accept()
                else:
                    thing, peer = self.sock.recvfrom(65536)
            except BlockingIOError:
                return self.accepted
            self.accepted.append((thing, peer[0], peer[1]))

    def wait(self, count=1, timeout=5.0):
        """Waits until at least so many came; returns them all."""
        wait_until(lambda: len(self.poll()) >= count, f"{count} arrivals at the server", timeout)
        return self.accepted

    def peers(self):
        """(address, port) of everything that came."""
        return [(address, port) for _, address, port in self.poll()]

    def forget(self):
        """Closes the connections taken so far."""
        for thing, *_ in self.poll():
            if self.kind == socket.SOCK_STREAM:
                thing.close()
        self.accepted = []

    def close(self):
        """Ends the server."""
        self.forget()
        self.sock.close()
