#!/usr/bin/env python3
"""Services on the gateway, behind it, forwarded and published: a member's one flow gets to the right host, no other."""
import re
import socket
import threading

import packets
from behind import ONE, PLACES, TWO, Behind, shown
from lab import GATEWAY, SPA_PORT, source
from namespaces import wait_until
from spa import seal, seal_many
from suite import Suite, errno_of_connect

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
suite = Suite(clients=(), rules=False, daemon=False)

# name: (what the policy says of it, kind, destination place and port, where its packets end)
FAMILY_TARGETS = "[{}]".format(", ".join(f'"{shown(ONE[family], 443)}"' for family in (4, 6)))
UDP_TARGETS = "[{}]".format(", ".join(f'"{shown(TWO[family], 53)}"' for family in (4, 6)))
SERVICES = {
    "ssh": ("{ports: [tcp/22]}", TCP, ("gateway", 22), ("gateway", 22)),
    "pg": (f"{{ports: [tcp/22], to: [{ONE[4]}, '{ONE[6]}']}}", TCP, ("one", 22), ("one", 22)),
    "admin": (f"{{ports: [tcp/8443], forward_to: {FAMILY_TARGETS}}}", TCP, ("gateway", 8443), ("one", 443)),
    "published": ("{ports: [tcp/8022]}", TCP, ("gateway", 8022), ("two", 22)),
    "dns": ("{ports: [udp/5300]}", UDP, ("gateway", 5300), ("gateway", 5300)),
    "names": (f"{{ports: [udp/5353], forward_to: {UDP_TARGETS}}}", UDP, ("gateway", 5353), ("two", 53)),
    "far": ("{ports: [udp/5300], to: [10.9.2.0/24, '2001:db8:9:2::/64']}", UDP, ("two", 5300), ("two", 5300)),
}


def furnish(lab, services, family=4):
    """A policy with these services, one client for all of them, hosts behind, rules and the daemon."""
    behind = Behind(lab)
    for name, text in services.items():
        lab.set_policy(f"services.{name}", text)
    lab.host = GATEWAY[family]
    lab.add_client("alice", ",".join(services))
    lab.rules("apply")
    lab.start()
    return behind


def publish(lab):
    """What Docker does for a published port."""
    for tool, family in (("iptables", 4), ("ip6tables", 6)):
        lab.gateway.run(tool, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "-m", "addrtype", "--dst-type", "LOCAL",
                        "--dport", "8022", "-j", "DNAT", "--to-destination", shown(TWO[family], 22))


def call(lab, kind, address, family, place, port, own_port):
    """Sends the first packet of a flow from the member; returns its socket."""
    sock = lab.member.bound(kind, address, own_port)
    sock.setblocking(False)
    if kind == TCP:
        sock.connect_ex((PLACES[place][family], port))
    else:
        sock.sendto(b"hello", (PLACES[place][family], port))
    return sock


def every_door(lab, behind, name, number, family):
    """With a grant for one service, knocks at every service's door: its own lets in, where it should, and no other."""
    _, _, _, (right, right_port) = SERVICES[name]
    address = source(number, family)
    lab.knock(seal(lab, services=[name], source=address), address, family)
    ports = {other: 41000 + place for place, other in enumerate(SERVICES)}
    socks = [call(lab, kind, address, family, *door, ports[other])
             for other, (_, kind, door, _) in SERVICES.items()]
    wait_until(lambda: (right, right_port, address, ports[name]) in behind.arrivals(), f"{name} at {right}")
    lab.settled()
    came = {arrival for arrival in behind.arrivals() if arrival[2] == address}
    for sock in socks:
        sock.close()
    assert came == {(right, right_port, address, ports[name])}, f"{name}: {came}"


def all_services(lab, family):
    behind = furnish(lab, {name: entry[0] for name, entry in SERVICES.items()}, family)
    publish(lab)
    for place in PLACES:
        for kind, ports in ((TCP, (22, 443, 8443, 8022)), (UDP, (53, 5300, 5353))):
            for port in ports:
                behind.serve(place, family, port, kind)
    for number, name in enumerate(SERVICES):
        every_door(lab, behind, name, number, family)
    lab.rules("check")
    return f"{len(SERVICES)} services, each against the doors of all"


@suite.check("local, routed, forwarded, published and UDP services: one flow each, at the right host, IPv4")
def services_v4(lab):
    return all_services(lab, 4)


@suite.check("local, routed, forwarded, published and UDP services: one flow each, at the right host, IPv6")
def services_v6(lab):
    return all_services(lab, 6)


@suite.check("a forwarded session goes both ways, and is ended by its mark")
def session(lab):
    behind = furnish(lab, {"admin": SERVICES["admin"][0]})
    server = behind.serve("one", 4, 443)
    lab.knock(seal(lab, services=["admin"], source=source(1)), source(1))
    sock = call(lab, TCP, source(1), 4, "gateway", 8443, 40000)
    assert errno_of_connect(sock) == 0
    peer = server.wait()[0][0]
    sock.sendall(b"ping")
    assert wait_until(lambda: received(peer), "the client's words") == b"ping"
    peer.sendall(b"pong")
    assert wait_until(lambda: received(sock), "the server's words") == b"pong"
    assert len(lab.ask("flows")) == 1
    lab.control("revoke", "--all")
    before = lab.dropped("revoked")
    with lab.capture("member") as capture:
        peer.sendall(b"more")
        wait_until(lambda: lab.dropped("revoked") > before, "the server's words to be dropped")
        capture.stop()
    assert not [packet for packet in capture.incoming() if packet.source == GATEWAY[4]], "a revoked session goes on"


@suite.check("an ended session of a host behind does not come back: its client sends RST and SYN, its server talks on")
def revived(lab):
    behind = furnish(lab, {"pg": SERVICES["pg"][0]})
    server = behind.serve("one", 4, 22)
    lab.knock(seal(lab, services=["pg"], source=source(1)), source(1))
    capture = lab.capture("member")
    sock = call(lab, TCP, source(1), 4, "one", 22, 40000)
    assert errno_of_connect(sock) == 0
    peer = server.wait()[0][0]
    sock.sendall(b"ping")
    assert wait_until(lambda: received(peer), "the client's words") == b"ping"
    last = wait_until(lambda: [packet for packet in capture.outgoing(destination=ONE[4]) if packet.flags & packets.ACK],
                      "the client's segments")[-1]
    lab.control("revoke", "--all")
    sender, ends = lab.sender(), (source(1), ONE[4], 40000, 22)
    sender.send(packets.tcp(*ends, packets.RST | packets.ACK, sequence=last.sequence + 4,
                            acknowledgement=last.acknowledgement))
    sender.send(packets.tcp(*ends, packets.SYN, sequence=last.sequence + 1_000_000))
    wait_until(lambda: lab.verdicts()["no_grant"] + lab.verdicts()["flow_revoked"] + lab.verdicts()["grant_used"],
               "the verdict of the SYN")
    peer.sendall(b"secret")
    wait_until(lambda: lab.dropped("revived") + lab.dropped("revoked"), "the server's words to be dropped")
    assert received(sock) is None, "the ended session is alive"


def received(sock):
    try:
        return sock.recv(100)
    except BlockingIOError:
        return None


@suite.check("a forward_to that no rules know lets nobody in, and its grant waits for the rules")
def not_applied(lab):
    behind = furnish(lab, {"ssh": "{ports: [tcp/22]}"})
    server = behind.serve("one", 4, 443)
    behind.serve("gateway", 4, 8443)
    lab.set_policy("services.admin", SERVICES["admin"][0])
    change_client(lab, ["ssh", "admin"])
    assert "forward_to" in lab.reload().stdout
    assert "admin lets nobody in" in lab.control("status").stdout
    lab.knock(seal(lab, services=["admin"], source=source(1)), source(1))
    sock = call(lab, TCP, source(1), 4, "gateway", 8443, 40000)
    wait_until(lambda: lab.verdicts()["forward_not_applied"], "the verdict of the SYN")
    lab.rules("apply")
    assert "lets nobody in" not in lab.control("status").stdout
    assert errno_of_connect(sock, 8) == 0, "the SYN that came again was not let in"
    server.wait()
    assert not behind.serve("gateway", 4, 8443).poll()


@suite.check("rules of others in front of dstnat that empty our table let nobody in to the gateway's own port")
def astray(lab):
    behind = furnish(lab, {"admin": SERVICES["admin"][0]})
    behind.serve("one", 4, 443)
    own = behind.serve("gateway", 4, 8443)
    if lab.backend == "nftables":
        lab.gateway.run("nft", "flush", "chain", "inet", "postern", "forward")
    else:
        lab.gateway.run("iptables", "-t", "nat", "-F")
    assert lab.rules("check", check=False).returncode == 1
    lab.knock(seal(lab, services=["admin"], source=source(1)), source(1))
    sock = call(lab, TCP, source(1), 4, "gateway", 8443, 40000)
    wait_until(lambda: lab.dropped("astray"), "the SYN to be dropped behind dstnat")
    assert not own.poll()
    sock.close()
    lab.rules("apply")
    lab.knock(seal(lab, services=["admin"], source=source(2)), source(2))
    assert errno_of_connect(call(lab, TCP, source(2), 4, "gateway", 8443, 40000)) == 0


def change_client(lab, names):
    """What alice may open, from the next reload on."""
    path = lab.path("clients.d/alice.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"services: \[[^\]]*\]", f"services: [{', '.join(names)}]", text))


@suite.check("a target that changes: the next flow goes to the new host, from a tuple that knew the old one, too")
def moved(lab):
    def policy(place, port):
        return f"{{ports: [udp/5353], forward_to: {shown(PLACES[place][4], port)}}}"
    behind = furnish(lab, {"names": policy("one", 53)})
    old, new = behind.serve("one", 4, 53, UDP), behind.serve("two", 4, 53, UDP)
    lab.knock(seal(lab, services=["names"], source=source(1)), source(1))
    sock = call(lab, UDP, source(1), 4, "gateway", 5353, 40000)
    old.wait()
    lab.set_policy("services.names", policy("two", 53))
    lab.control("reload", "--backend", lab.backend, root=True)
    lab.knock(seal(lab, services=["names"], source=source(1)), source(1))
    sock.sendto(b"again", (GATEWAY[4], 5353))  # its connection still means the old host
    lab.settled()
    lab.knock(seal(lab, services=["names"], source=source(2)), source(2))
    call(lab, UDP, source(2), 4, "gateway", 5353, 40000)
    new.wait()
    assert len(old.poll()) == 1, "a packet reached the old host after its service went elsewhere"


class Load:
    """Asks for services and sends to them without a pause, whatever they are called at that moment."""

    def __init__(self, lab, names_of):
        self.lab, self.names_of = lab, names_of
        self.sent, self.number, self.stopping = 0, 0, False
        self.failure = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self.stopping:
                self._burst()
        except Exception as error:  # told by the test
            self.failure = error

    def _burst(self):
        wishes = [(place, name, source(self.number + at)) for at, (place, name) in
                  enumerate((place, name) for place in range(DOORS) for name in self.names_of(place))]
        self.number += len(wishes)
        sealed = seal_many(self.lab, [{"services": [name], "source": address} for _, name, address in wishes])
        for (place, _, address), datagram in zip(wishes, sealed):
            self.lab.sender().send(packets.udp(address, GATEWAY[4], 5000, SPA_PORT, datagram))
            for port in (6000, 6001, 6000):
                self.lab.sender().send(packets.udp(address, GATEWAY[4], port, 8000 + place, b"%d" % place))
                self.sent += 1


DOORS = 4


def home(door):
    """The host that a door leads to: whoever arrives elsewhere is lost."""
    return "one" if door % 2 else "two"


def door_policy(lab, shape, number):
    """The services of a round: some doors closed, some renamed, in another order."""
    doors = [door for door in range(DOORS) if (number >> 1) % (DOORS + 1) != door]
    names = {door: f"door{door}{'ab'[(number + door) % 2]}" for door in doors}
    order = doors if number % 3 else doors[::-1]
    text = shape + "services:\n" + "".join(
        f"  {names[door]}: {{ports: [udp/{8000 + door}], forward_to: {shown(PLACES[home(door)][4], 1000 + door)}}}\n"
        for door in order)
    with open(lab.policy, "w", encoding="utf-8") as file:
        file.write(text)
    change_client(lab, names.values())


@suite.check("services inserted, removed and renamed under load: no packet reaches a wrong host")
def churn(lab, progress):
    with open(lab.policy, encoding="utf-8") as file:
        shape = re.sub(r"(?ms)^services:\n(^ .*?\n)+", "", file.read())
    behind = Behind(lab)
    lab.add_client("alice", "ssh")
    door_policy(lab, shape, 0)
    lab.rules("apply")
    lab.start()
    for door in range(DOORS):
        for place in ("one", "two"):
            behind.serve(place, 4, 1000 + door, UDP)
        behind.serve("gateway", 4, 8000 + door, UDP)
    rounds = suite.count(8, 60)
    load = Load(lab, lambda door: [f"door{door}a", f"door{door}b"])
    load.thread.start()
    for number in range(1, rounds + 1):
        progress(number, rounds)
        door_policy(lab, shape, number)
        lab.control("reload", "--backend", lab.backend, root=True)
    load.stopping = True
    load.thread.join()
    if load.failure:
        raise load.failure
    lab.settled()
    right = 0
    for (place, _, port, _), server in behind.servers.items():
        for data, *_ in server.poll():
            door = int(data)
            assert (place, port) == (home(door), 1000 + door), f"a packet for door {door} came to {place}:{port}"
            right += 1
    assert right > 20, f"only {right} packets of {load.sent} were let in"
    return f"{rounds} rounds, {right} of {load.sent} packets let in"


if __name__ == "__main__":
    suite.main()
