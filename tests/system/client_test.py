#!/usr/bin/env python3
"""The client and the commands that make its profiles: files, messages and connections on the loopback, no root needed.

    tests/system/client_test.py --build DIR

Writes one line per check and a last line that adds up, as every test here. What a gateway makes of the messages is shown
by the other tests; here a UDP socket stands where the gateway would be.
"""
import argparse
import base64
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

LIMIT = 60  # seconds, for whatever cannot take so long
CHECKS = []


class Skip(Exception):
    """The machine cannot run this check; the text is the reason."""


def check(title):
    """Marks a function (world) as a check."""
    return lambda function: CHECKS.append((title, function)) or function


class World:
    """A directory of its own, the two programs, a gateway's policy and a client's profile."""

    def __init__(self, build, directory):
        self.build = build
        self.directory = directory
        self.policy = self.path("gw/postern.yaml")
        self.profile = self.path("alice.yaml")

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, program, *arguments, code=0, **options):
        """Runs a program, demands its exit code, and returns (standard output, standard error)."""
        environment = {**os.environ, "XDG_CONFIG_HOME": self.path("config")}
        done = subprocess.run([os.path.join(self.build, "src", program), *arguments], capture_output=True, text=True,
                              timeout=LIMIT, check=False, env=environment, cwd=self.directory, **options)
        assert done.returncode == code, f"{program} {' '.join(arguments)}: exit {done.returncode}: {done.stderr}"
        return done.stdout, done.stderr

    def client(self, *arguments, **options):
        return self.run("postern", "--profile", self.profile, *arguments, **options)

    def control(self, *arguments, **options):
        return self.run("posternctl", "-c", self.policy, *arguments, **options)

    def init(self):
        return self.control("init", "--name", "gw1.example.net", "--interface", "wan0", "--service", "ssh=tcp/22",
                            "--service", "dns=udp/53,tcp/53", "--log", "stdout", "--socket", self.path("control.sock"))

    def add_alice(self, host, spa_port, service_port=22):
        """A gateway and alice, whose profile then leads to a socket of this test."""
        self.init()
        self.control("clients", "add", "alice", "--services", "ssh", "--host", host, "--out", self.profile)
        text = read(self.profile).replace("port: 62201", f"port: {spa_port}").replace("tcp/22", f"tcp/{service_port}")
        write(self.profile, text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def mode(path):
    return os.stat(path).st_mode & 0o7777


def bound(family, kind, host, port=0):
    """A socket on the loopback that gives up rather than hang."""
    try:
        made = socket.socket(family, kind)
        made.settimeout(LIMIT)
        made.bind((host, port))
    except OSError as error:
        raise Skip(f"{host}: {error.strerror}") from error
    return made


def sink(host="127.0.0.1", port=0):
    return bound(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM, host, port)


def listener(host="127.0.0.1", backlog=8):
    made = bound(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, host)
    made.listen(backlog)
    return made


def port_of(made):
    return made.getsockname()[1]


def assert_message(datagram):
    assert 384 <= len(datagram) <= 512, f"{len(datagram)} bytes"


# --- keygen ----------------------------------------------------------------------------------------------------------

@check("keygen writes a private key for its owner alone, and never over another")
def keygen(world):
    public, _ = world.run("postern", "keygen", "--out", "a.key")
    secret = read(world.path("a.key"))
    assert len(base64.b64decode(public, validate=False)) == 32 and len(base64.b64decode(secret)) == 32
    assert public != secret and mode(world.path("a.key")) == 0o600
    _, error = world.run("postern", "keygen", "--out", "a.key", code=1)
    assert "exists already" in error and read(world.path("a.key")) == secret
    with open("/dev/full", "w", encoding="utf-8") as full:
        lost = subprocess.run([os.path.join(world.build, "src/postern"), "keygen"], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT, check=False)
    assert lost.returncode == 1 and len(lost.stderr.splitlines()) == 1, lost
    printed, _ = world.run("postern", "keygen")
    assert re.fullmatch(r"private_key: \S{44}\npublic_key: \S{44}\n", printed), printed


# --- init ------------------------------------------------------------------------------------------------------------

@check("init makes a policy that loads, with secrets that others cannot read")
def init(world):
    printed, _ = world.init()
    assert "clients add" in printed and "rules apply" in printed, printed
    assert sorted(os.listdir(world.path("gw"))) == ["clients.d", "gateway.key", "gateway.key.fresh", "postern.yaml",
                                                    "steering.seed"]
    for name in ("gateway.key", "steering.seed", "postern.yaml"):
        assert mode(world.path(f"gw/{name}")) == 0o640, name
    assert mode(world.path("gw")) & 0o007 == 0
    _, error = world.control("check")
    assert "warning" in error and "wan0" in error, error
    assert len(json.loads(world.control("--json", "check")[0])["warnings"]) == 2  # the interface, and nobody to let in
    assert world.control("check", "--no-secrets")[1].count("warning") == 1


@check("init touches nothing that exists")
def init_twice(world):
    world.init()
    before = {name: read(world.path(f"gw/{name}")) for name in ("gateway.key", "postern.yaml", "steering.seed")}
    _, error = world.control("init", "--name", "other", "--interface", "wan1", code=1)
    assert "exists already" in error, error
    assert before == {name: read(world.path(f"gw/{name}")) for name in before}


@check("init that fails leaves nothing, wherever it fails")
def init_fails(world):
    for arguments in (["--name", "GW", "--interface", "wan0"], ["--name", "gw", "--interface", "lo"],
                      ["--name", "gw", "--interface", "wan0", "--service", "a=tcp/99999"]):
        _, error = world.control("init", *arguments, code=1)
        assert "expected" in error, error
        assert not os.path.exists(world.path("gw")), os.listdir(world.path("gw"))
    write(world.policy, "precious")
    world.control("init", "--name", "gw", "--interface", "wan0", code=1)
    assert os.listdir(world.path("gw")) == ["postern.yaml"] and read(world.policy) == "precious"
    world.control("init", "--name", 'x"y', "--interface", "wan0", code=2)


# --- clients ---------------------------------------------------------------------------------------------------------

@check("clients add makes a client and a profile that fit each other; list shows it, remove takes it away")
def clients(world):
    world.init()
    printed, _ = world.control("clients", "add", "alice", "--services", "ssh,dns", "--expires", "2099-06-30", "--out",
                               world.profile)
    assert "no daemon runs" in printed, printed
    assert mode(world.profile) == 0o600 and mode(world.path("gw/clients.d/alice.psk")) == 0o640
    world.control("check")
    shown = json.loads(world.control("--json", "clients", "list")[0])["clients"]
    assert len(shown) == 1 and shown[0]["name"] == "alice" and shown[0]["expires"] == "2099-06-30", shown
    assert sorted(shown[0]["services"]) == ["dns", "ssh"], shown
    assert "alice" in world.control("clients", "list")[0]
    assert '"dns": [udp/53, tcp/53]' in read(world.profile), read(world.profile)
    world.control("clients", "remove", "alice")
    assert os.listdir(world.path("gw/clients.d")) == []
    world.control("clients", "remove", "alice", code=1)


@check("clients remove takes the files also where the policy has mistakes, and says who may still come in")
def clients_remove_broken(world):
    world.init()
    world.control("clients", "add", "alice", "--services", "ssh", "--out", world.profile)
    write(world.path("gw/postern.yaml"), read(world.path("gw/postern.yaml")) + "skwe: 30s\n")
    _, error = world.control("clients", "remove", "alice", code=3)
    assert "skwe: not in this version" in error and "alice may come in until the mistakes above" in error, error
    assert os.listdir(world.path("gw/clients.d")) == []


@check("clients add that fails leaves nothing")
def clients_fail(world):
    world.init()
    _, error = world.control("clients", "add", "bob", "--services", "ssh,pgg", "--out", world.profile, code=1)
    assert "no service pgg; the policy has ssh, dns" in error, error
    world.control("clients", "add", "../bob", "--services", "ssh", "--out", world.profile, code=2)
    for wrong in (["ssh", "--expires", "2027-02-30"], ["ssh", "--expires", "2020-01-01"], ["ssh,"]):
        world.control("clients", "add", "bob", "--services", *wrong, "--out", world.profile, code=2)
    assert not os.path.exists(world.profile)
    write(world.profile, "precious")
    world.control("clients", "add", "bob", "--services", "ssh", "--out", world.profile, code=1)
    assert read(world.profile) == "precious" and os.listdir(world.path("gw/clients.d")) == []
    other = world.path("other.yaml")
    write(world.path("gw/clients.d/bob.psk"), "precious")
    world.control("clients", "add", "bob", "--services", "ssh", "--out", other, code=1)
    assert not os.path.exists(other) and os.listdir(world.path("gw/clients.d")) == ["bob.psk"]


@check("a second client of the same name is refused, and a broken policy says so")
def clients_twice(world):
    world.init()
    world.control("clients", "add", "bob", "--services", "ssh", "--out", world.profile)
    before = read(world.path("gw/clients.d/bob.yaml"))
    _, error = world.control("clients", "add", "bob", "--services", "ssh", "--out", world.path("b.yaml"), code=1)
    assert "already" in error and read(world.path("gw/clients.d/bob.yaml")) == before
    with open(world.policy, "a", encoding="utf-8") as file:
        file.write("nonsense: 1\n")
    _, error = world.control("clients", "add", "eve", "--services", "ssh", "--out", world.path("e.yaml"), code=3)
    assert re.search(r"postern\.yaml:\d+:1: nonsense", error), error


@check("a running daemon is asked to reload, and its refusal is passed on")
def clients_reload(world):
    world.init()
    server = socket.socket(socket.AF_UNIX)
    server.settimeout(LIMIT)
    server.bind(world.path("control.sock"))
    server.listen(1)
    heard = []

    def answer(*replies):
        for reply in replies:
            connection, _ = server.accept()
            heard.append(json.loads(connection.makefile().readline()))
            connection.sendall(json.dumps(reply).encode() + b"\n")
            connection.close()

    daemon = threading.Thread(target=answer, args=({"v": 1, "ok": True, "result": {}},
                                                   {"v": 1, "ok": False, "error": "no memory left"}))
    daemon.start()
    printed, _ = world.control("clients", "add", "alice", "--services", "ssh", "--out", world.profile)
    assert "has reloaded" in printed, printed
    _, error = world.control("clients", "remove", "alice", code=1)
    assert "no memory left" in error, error
    daemon.join()
    server.close()
    assert heard == [{"v": 1, "command": "reload"}] * 2, heard


# --- profiles --------------------------------------------------------------------------------------------------------

@check("a profile with mistakes sends nothing, names every one of them, and no secret")
def bad_profile(world):
    world.add_alice("127.0.0.1", 1)
    secret = re.search(r"private_key: (\S+)", read(world.profile)).group(1)
    write(world.profile, read(world.profile).replace("port: 1", "port: 0").replace(secret, secret[:-2]) + "colour: red\n")
    _, error = world.client("open", "ssh", code=3)
    places = re.findall(r"alice\.yaml:(\d+):\d+: ([\w.]+): ", error)
    assert {name for _, name in places} == {"gateway.port", "client.private_key", "colour"}, error
    assert secret[:-2] not in error
    world.run("postern", "--profile", "nobody", "open", "ssh", code=3)


@check("a profile is found by name, and alone needs no name")
def named_profile(world):
    world.add_alice("127.0.0.1", 1)
    write(world.path("config/postern/gw.yaml"), read(world.profile))
    world.run("postern", "--profile", "gw", "open", "ssh", "--print")
    world.run("postern", "open", "ssh", "--print")
    write(world.path("config/postern/gw2.yaml"), read(world.profile))
    _, error = world.run("postern", "open", "ssh", "--print", code=3)
    assert "gw, gw2" in error, error


@check("a profile that others may read is used with a warning")
def open_profile(world):
    world.add_alice("127.0.0.1", 1)
    os.chmod(world.profile, 0o644)
    _, error = world.client("open", "ssh", "--print")
    assert "chmod 600" in error, error


# --- open ------------------------------------------------------------------------------------------------------------

@check("open sends one message, never the same twice; --print sends none")
def open_sends(world):
    gateway = sink()
    world.add_alice("127.0.0.1", port_of(gateway))
    printed, _ = world.client("open", "ssh", "--print")
    assert_message(bytes.fromhex(printed.strip()))
    output, _ = world.client("open", "ssh", "--copies", "3")
    assert output == "", output  # a line of success is for terminals
    messages = [gateway.recv(2048) for _ in range(3)]
    for message in messages:
        assert_message(message)
    assert len({bytes(message) for message in messages}) == 3
    gateway.setblocking(False)
    try:
        raise AssertionError(f"a fourth message came: {gateway.recv(2048)}")
    except BlockingIOError:
        pass
    _, error = world.client("open", "ssh", "-v")
    assert error == "postern: asked gw1.example.net for ssh (IPv4 127.0.0.1)\n", error
    _, error = world.client("open", "pg", code=2)
    assert "no service pg; it has ssh" in error, error


@check("open asks over both families where the gateway has both, and over one when told so")
def open_families(world):
    if {info[0] for info in socket.getaddrinfo("localhost", 1)} != {socket.AF_INET, socket.AF_INET6}:
        raise Skip("localhost does not have both families")
    gateway4 = sink()
    gateway6 = sink("::1", port_of(gateway4))
    world.add_alice("localhost", port_of(gateway4))
    world.client("open", "ssh")
    assert_message(gateway4.recv(2048))
    assert_message(gateway6.recv(2048))
    for option, wanted, other in (("-4", gateway4, gateway6), ("-6", gateway6, gateway4)):
        world.client("open", "ssh", option)
        assert_message(wanted.recv(2048))
        other.setblocking(False)
        try:
            raise AssertionError(f"{option} sent over the other family: {other.recv(2048)}")
        except BlockingIOError:
            other.settimeout(LIMIT)
    world.client("open", "ssh", "-4", "-6", code=2)


# --- connect ---------------------------------------------------------------------------------------------------------

def carry(world, host):
    """One connection; both directions carry a megabyte, and each ends by itself."""
    gateway, server = sink(host), listener(host)
    world.add_alice(host, port_of(gateway), port_of(server))
    there, back = os.urandom(1 << 20), os.urandom(1 << 20)
    received = []

    def serve():
        connection, peer = server.accept()
        received.append((peer[1], b"".join(iter(lambda: connection.recv(65536), b""))))
        connection.sendall(back)  # after the other side has ended its half
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    command = [os.path.join(world.build, "src/postern"), "--profile", world.profile, "connect", host,
               str(port_of(server)), "--source-port", str(free_port(host))]
    done = subprocess.run(command, input=there, capture_output=True, timeout=LIMIT, check=False)
    thread.join()
    assert done.returncode == 0, done.stderr
    assert received[0][1] == there and done.stdout == back, "the bytes differ"
    assert received[0][0] == int(command[-1]), "the connection came from another port"
    assert_message(gateway.recv(2048))


def free_port(host):
    with listener(host) as probe:
        return port_of(probe)


@check("connect asks, connects from its port and carries both ways, IPv4")
def connect_v4(world):
    carry(world, "127.0.0.1")


@check("connect asks, connects from its port and carries both ways, IPv6")
def connect_v6(world):
    carry(world, "::1")


@check("connect without a connection exits with 4, without a service with 2, and says why")
def connect_fails(world):
    gateway = sink()
    closed = free_port("127.0.0.1")
    world.add_alice("127.0.0.1", port_of(gateway), closed)
    _, error = world.client("connect", "127.0.0.1", str(closed), code=4, stdin=subprocess.DEVNULL)
    assert "Connection refused" in error, error
    _, error = world.client("connect", "127.0.0.1", "1", code=2)
    assert "no service has tcp/1" in error, error
    world.client("connect", "127.0.0.1", "1", "--service", "pg", code=2)
    world.client("connect", "host.invalid", str(closed), code=1)


def crowd(server):
    """Connections that fill the backlog: the kernel then drops further SYNs without an answer."""
    made = []
    while True:
        extra = socket.socket()
        extra.settimeout(0.3)
        made.append(extra)
        try:
            extra.connect(server.getsockname())
        except TimeoutError:
            return made


@check("connect asks again in the same attempt while nobody answers, and gets in when somebody does")
def connect_again(world):
    gateway, server = sink(), listener(backlog=0)
    world.add_alice("127.0.0.1", port_of(gateway), port_of(server))
    others = crowd(server)
    _, error = world.client("connect", "127.0.0.1", str(port_of(server)), "--timeout", "2s", code=4)
    assert "no answer within 2 s" in error, error
    first, second = gateway.recv(2048), gateway.recv(2048)
    assert first != second
    command = [os.path.join(world.build, "src/postern"), "--profile", world.profile, "connect", "127.0.0.1",
               str(port_of(server)), "--timeout", "30s"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        gateway.recv(2048)
        gateway.recv(2048)  # the second message: the first SYN is lost by now
        ports = {extra.getsockname()[1] for extra in others}
        peer = None
        while peer is None or peer[1] in ports:
            connection, peer = server.accept()
        connection.sendall(b"welcome")
        connection.shutdown(socket.SHUT_WR)
        output, _ = process.communicate(timeout=LIMIT)
    assert output == b"welcome" and process.returncode == 0, (output, process.returncode)


# --- the programs ----------------------------------------------------------------------------------------------------

@check("every command explains itself with examples")
def explains(world):
    for program, commands in (("postern", ["open", "connect", "keygen"]), ("posternctl", ["init", "clients"])):
        for command in [[], *[[name] for name in commands]]:
            text, _ = world.run(program, *command, "--help")
            assert "xample" in text or not command, (program, command)
        assert world.run(program, "--version")[0].startswith(program)
        _, error = world.run(program, "nonsense", code=2)
        assert error.startswith(f'{program}: unknown command "nonsense"; ') and error.count("\n") == 1, error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_known_args()[0].build)
    counts = {"ok": 0, "FAIL": 0, "skipped": 0}
    for title, function in CHECKS:
        word, detail = "ok", ""
        with tempfile.TemporaryDirectory(prefix="postern-client-") as directory:
            try:
                function(World(build, directory))
            except Skip as reason:
                word, detail = "skipped", f": {reason}"
            except Exception as error:  # pylint: disable=broad-exception-caught
                word, detail = "FAIL", f": {error}"
                traceback.print_exc()
        counts[word] += 1
        print(f"{word:<8}{title}{detail}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["FAIL"] else 0)


main()
