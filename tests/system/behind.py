"""Two hosts behind the laboratory's gateway, and servers on them and on it that remember who came.

      gateway --lan1-- one  10.9.1.7, 2001:db8:9:1::7
              --lan2-- two  10.9.2.8, 2001:db8:9:2::8
"""
import socket

from lab import GATEWAY, Listener
from namespaces import Namespace, text_of, wire

ONE = {4: "10.9.1.7", 6: "2001:db8:9:1::7"}
TWO = {4: "10.9.2.8", 6: "2001:db8:9:2::8"}
PLACES = {"gateway": GATEWAY, "one": ONE, "two": TWO}


def shown(address, port):
    """An address with a port, as the policy writes it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Behind:
    """The hosts of a laboratory; they go with it."""

    def __init__(self, lab):
        self.lab = lab
        self.servers = {}  # (place, family, port, kind) -> Listener
        for name, interface, addresses in (("one", "lan1", ONE), ("two", "lan2", TWO)):
            host = Namespace(f"{lab.gateway.name.removesuffix('gateway')}{name}")
            lab.namespaces.append(host)
            setattr(self, name, host)
            self._link(host, interface, addresses)
        lab.gateway.sysctl("ipv4/ip_forward", 1)
        lab.gateway.sysctl("ipv6/conf/all/forwarding", 1)
        lab.router.ip(f"route add 10.9.0.0/16 via {GATEWAY[4]}", f"route add 2001:db8:9::/48 via {GATEWAY[6]}")

    def _link(self, host, interface, addresses):
        wire(host, "eth0", self.lab.gateway, interface)
        for length, address in zip((24, 64), addresses.values()):
            near = address[:-1] + "1"
            nodad = " nodad" if ":" in address else ""
            to_host, to_gateway = text_of(host.mac("eth0")), text_of(self.lab.gateway.mac(interface))
            host.ip(f"addr add {address}/{length} dev eth0{nodad}", f"route add default via {near}",
                    f"neigh add {near} lladdr {to_gateway} dev eth0 nud permanent")
            self.lab.gateway.ip(f"addr add {near}/{length} dev {interface}{nodad}",
                                f"neigh add {address} lladdr {to_host} dev {interface} nud permanent")

    def serve(self, place, family, port, kind=socket.SOCK_STREAM):
        """Makes a server, once."""
        key = place, family, port, kind
        if key not in self.servers:
            namespace = self.lab.gateway if place == "gateway" else getattr(self, place)
            self.servers[key] = Listener(namespace, PLACES[place][family], port, kind)
            self.lab.listeners.append(self.servers[key])
        return self.servers[key]

    def arrivals(self):
        """(place, port, source address, source port) of everything that came anywhere."""
        return {(place, port, *peer) for (place, _, port, _), server in self.servers.items() for peer in server.peers()}
