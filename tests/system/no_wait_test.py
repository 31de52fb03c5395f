#!/usr/bin/env python3
"""No wait: a SYN sent right behind its SPA is accepted the first time, whichever processors received the two."""
import socket

from burst import Flag, join, pinned, processors, spawn
from lab import GATEWAY, SPA_PORT, source
from spa import seal_many
from suite import Skip, Suite, errno_of_connect

suite = Suite(clients=("alice", "bob", "carol", "dave"))


class Attempt:
    """One SPA and the connection behind it, both ready to be sent: nothing is left to compute in between."""

    def __init__(self, lab, number, family):
        address = source(number, family)
        self.to = GATEWAY[family]
        self.udp = lab.member.bound(socket.SOCK_DGRAM, address)
        self.tcp = lab.member.bound(socket.SOCK_STREAM, address)
        self.tcp.setblocking(False)
        self.wish = {"client": lab.client_names[number % len(lab.client_names)], "source": address,
                     "source_port": self.tcp.getsockname()[1]}
        self.datagram = None

    def knock(self):
        """Sends the SPA."""
        self.udp.sendto(self.datagram, (self.to, SPA_PORT))

    def connect(self):
        """Sends the SYN."""
        self.tcp.connect_ex((self.to, 22))

    def close(self):
        """Frees the sockets."""
        self.udp.close()
        self.tcp.close()


def attempts(lab, family):
    """As many attempts as the promise names, from a source each, sealed."""
    made = [Attempt(lab, number, family) for number in range(suite.count(40, 200))]
    for attempt, datagram in zip(made, seal_many(lab, [attempt.wish for attempt in made])):
        attempt.datagram = datagram
    return made


def from_one_processor(made):
    """SPA and SYN back to back on one processor."""
    with pinned(processors()[0]):
        for attempt in made:
            attempt.knock()
            attempt.connect()


def from_two_processors(made):
    """Two processes on two processors: the second's SYN goes out when the first's send() has returned. The two take
    turns, so that each processor is the first one for half of the attempts."""
    if len(processors()) < 2:
        raise Skip("this machine has one processor")
    knocked, connected = Flag(), Flag()

    def play(me):
        for number, attempt in enumerate(made, 1):
            connected.wait(number - 1)
            if number % 2 == me:
                attempt.knock()
                knocked.set(number)
            else:
                knocked.wait(number)
                attempt.connect()
                connected.set(number)
    join([spawn(lambda me=me: play(me), processors()[me]) for me in (0, 1)])


def show(lab, family, send):
    """Sends all attempts, then expects every connection up, and every SYN once in the capture at the guarded interface."""
    made = attempts(lab, family)
    server = lab.listen(22, family)
    with lab.capture() as capture:
        send(made)
        server.wait(len(made), 10)
        failed = [attempt for attempt in made if errno_of_connect(attempt.tcp)]
        capture.stop()
    syns = [packet for packet in capture.incoming(port=22) if packet.is_syn()]
    ports = {(packet.source, packet.source_port) for packet in syns}
    for attempt in made:
        attempt.close()
    assert not failed, f"{len(failed)} of {len(made)} not connected"
    assert len(syns) == len(ports) == len(made), f"{len(syns)} SYNs of {len(ports)} for {len(made)} connections"
    assert lab.verdicts()["grant_active"] == len(made), lab.verdicts()
    return f"{len(made)} attempts"


for family in (4, 6):
    suite.add(f"SPA and SYN back to back from one processor, IPv{family}",
              lambda lab, family=family: show(lab, family, from_one_processor), f"one_processor_v{family}")
    suite.add(f"SPA and SYN from two processors, IPv{family}",
              lambda lab, family=family: show(lab, family, from_two_processors), f"two_processors_v{family}")

if __name__ == "__main__":
    suite.main()
