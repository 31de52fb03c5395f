#!/usr/bin/env python3
"""Reloads under load: members get in, strangers do not, and every verdict is one that the policy before or behind the
reload has; while somebody else adds and deletes rules of his own."""
import threading
import time

from lab import GATEWAY, SPA_PORT, STRANGER, phantom
from packets import tcp, udp
from spa import seal_many
from suite import Suite

BATCH = 20  # members that come in between two calls of forge
suite = Suite(clients=("alice", "bob"), window="5s")


class Load:
    """Alice and Bob, whose SYN is right behind their SPA, from a source of its own each time, and a stranger; until told to
    stop. Bob is in every other policy only."""

    def __init__(self, lab):
        self.lab, self.rounds, self.stopping, self.trouble = lab, 0, False, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def sources(self, client):
        """Where he came from by now."""
        first = 1 if client == "alice" else 1 << 15
        return [phantom(first + number) for number in range(self.rounds * BATCH)]

    def _run(self):
        try:
            while not self.stopping and (self.rounds + 1) * BATCH < 1 << 15:
                for client, first in (("alice", 1), ("bob", 1 << 15)):
                    self._come(client, [phantom(first + self.rounds * BATCH + number) for number in range(BATCH)])
                self.rounds += 1
                time.sleep(0.2)  # a client has 128 places for attempts that wait
        except Exception as error:  # told by stop()
            self.trouble = error

    def _come(self, client, sources):
        datagrams = seal_many(self.lab, [{"client": client, "source": source} for source in sources])
        sender, stranger = self.lab.sender(), self.lab.sender("stranger")
        for source, datagram in zip(sources, datagrams):
            sender.send(udp(source, GATEWAY[4], 5000, SPA_PORT, datagram))
            sender.send(tcp(source, GATEWAY[4], 4000, 22))
            stranger.send(tcp(STRANGER[4], GATEWAY[4], 4000, 22))

    def stop(self):
        """Ends it behind a whole round."""
        self.stopping = True
        self.thread.join()
        if self.trouble:
            raise self.trouble


class Neighbour:
    """Somebody else who adds and deletes rules, in a table of his own and in one that we share, until told to stop."""

    COMMANDS = {
        "iptables": (["iptables", "-t", "mangle", "-I", "PREROUTING", "-i", "lan7", "-j", "ACCEPT"],
                     ["nft", "add table inet neighbour { chain c { type filter hook input priority 0; }; }"],
                     ["iptables", "-t", "mangle", "-D", "PREROUTING", "-i", "lan7", "-j", "ACCEPT"],
                     ["nft", "delete table inet neighbour"]),
        "nftables": (["nft", "add table inet neighbour { chain c { type filter hook input priority 0; }; }"],
                     ["nft", "add rule inet neighbour c iifname lan7 accept"],
                     ["nft", "delete table inet neighbour"]),
    }

    def __init__(self, lab):
        self.lab, self.changes, self.stopping = lab, 0, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopping:
            for command in self.COMMANDS[self.lab.backend]:
                self.lab.gateway.run(*command)
                self.changes += 1

    def stop(self):
        self.stopping = True
        self.thread.join()


def turn(lab, number):
    """One reload, in which Bob goes or comes back; every fiftieth puts in the rules as well."""
    folder = lab.path("clients.d")
    lab.gateway.run("mv", *((f"{folder}/bob.yaml", lab.path("bob")) if number % 2 == 0 else
                            (lab.path("bob"), f"{folder}/bob.yaml")))
    if number % 50 == 49:
        lab.control("reload", "--backend", lab.backend, root=True)
    else:
        lab.reload()


def reasons(lab, sources):
    """What became of each source: the reasons of its lines in the log."""
    wanted = {source: set() for source in sources}
    for line in lab.log.find():
        if line.get("src_ip") in wanted and "reason" in line:
            wanted[line["src_ip"]].add(line["reason"])
    return wanted


@suite.check("reloads again and again while members come in and somebody else changes rules: not one wrong verdict")
def under_load(lab, progress):
    rounds = suite.count(50, 1000)
    load, neighbour = Load(lab), Neighbour(lab)
    with lab.capture() as capture:
        try:
            for number in range(rounds):
                progress(number, rounds)
                turn(lab, number)
        finally:
            load.stop()
            neighbour.stop()
        capture.stop()
    verdicts, came = lab.verdicts(), load.rounds * BATCH
    lab.log.update()
    alice, bob = reasons(lab, load.sources("alice")), reasons(lab, load.sources("bob"))
    wrong = {source: said for source, said in alice.items() if said != {"spa_accepted", "grant_active"}}
    assert not wrong, f"{len(wrong)} of {came}: {dict(list(wrong.items())[:5])}"
    right = ({"spa_accepted", "grant_active"}, {"spa_accepted", "grant_withdrawn"}, {"spa_client_unknown", "no_grant"})
    wrong = {source: said for source, said in bob.items() if said not in right}
    assert not wrong, f"{len(wrong)} of {came}: {dict(list(wrong.items())[:5])}"
    let_in = sum("grant_active" in said for said in (*alice.values(), *bob.values()))
    assert verdicts["grant_active"] == let_in, (verdicts, let_in)
    assert sum(verdicts.values()) == lab.queued(), (verdicts, lab.queued())
    assert not capture.outgoing(destination=STRANGER[4]), "a stranger was answered"
    outside = sum("spa_client_unknown" in said for said in bob.values())
    return (f"{rounds} reloads, {neighbour.changes} changes of other rules, {came} times each: Alice in {came}, Bob in "
            f"{let_in - came}, unknown {outside}")


if __name__ == "__main__":
    suite.main()
