#!/usr/bin/env python3
"""Daemons that speak with neighbours, really run beside the gate: a DHCP client and its server, two VRRP routers."""
import os
import shutil
import subprocess

from namespaces import wait_until
from suite import Skip, Suite

VIRTUAL = "192.0.2.254"
suite = Suite()


def need(*programs):
    """Skips where a program is not installed."""
    for name in programs:
        if not shutil.which(name):
            raise Skip(f"{name} is not installed")


def write(lab, name, text, mode=0o644):
    """A file of the laboratory; returns its path."""
    path = lab.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@suite.check("udhcpc gets its lease from dnsmasq through the guarded interface")
def dhcp(lab):
    need("udhcpc", "dnsmasq")
    lab.router.popen("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0", "--interface=g0",
                     "--bind-interfaces", "--dhcp-range=192.0.2.100,192.0.2.110,120", "--no-ping",
                     f"--dhcp-leasefile={lab.path('leases')}", f"--pid-file={lab.path('dnsmasq.pid')}",
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ":0043 " in lab.router.read("udp"), "dnsmasq to listen")
    script = write(lab, "leased", f'#!/bin/sh\n[ "$1" = bound ] && echo "$ip" > {lab.path("lease")}\nexit 0\n', 0o755)
    before = lab.seen("dhcp")
    lab.gateway.run("udhcpc", "-i", "gw0", "-n", "-q", "-f", "-B", "-s", script)
    with open(lab.path("lease"), encoding="ascii") as file:
        lease = file.read().strip()
    assert lease.startswith("192.0.2.1"), lease
    assert lab.seen("dhcp") > before, "the replies did not come through the rules"
    return lease


def start_vrrp(lab, role, interface, priority):
    """keepalived in a namespace, for one virtual address."""
    config = write(lab, f"{role}.conf", "global_defs {\n vrrp_version 3\n}\nvrrp_instance one {\n state BACKUP\n"
                   f" interface {interface}\n virtual_router_id 51\n priority {priority}\n advert_int 0.1\n"
                   f" virtual_ipaddress {{\n  {VIRTUAL}/32\n }}\n}}\n")
    getattr(lab, role).popen("keepalived", "--dont-fork", "--vrrp", "--use-file", config, "--pid",
                             lab.path(f"{role}.pid"), "--vrrp_pid", lab.path(f"{role}-vrrp.pid"),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def is_master(lab, role):
    """Whether a router has the virtual address."""
    return VIRTUAL in getattr(lab, role).run("ip", "-4", "address").stdout


@suite.check("VRRP that nothing opens is dropped: the guarded router does not hear the master and becomes one, too")
def vrrp_shut(lab):
    need("keepalived")
    start_vrrp(lab, "router", "g0", 200)
    wait_until(lambda: is_master(lab, "router"), "the master")
    start_vrrp(lab, "gateway", "gw0", 100)
    wait_until(lambda: is_master(lab, "gateway"), "the second master")
    assert lab.verdicts()["other"] > 0, dict(lab.verdicts())


@suite.check("VRRP that `open` names is heard: the guarded router stays behind the master")
def vrrp_open(lab):
    need("keepalived")
    lab.set_policy("gateway.open", "[proto/112]")
    lab.rules("apply")
    start_vrrp(lab, "router", "g0", 200)
    wait_until(lambda: is_master(lab, "router"), "the master")
    heard = lab.seen("open")
    start_vrrp(lab, "gateway", "gw0", 100)
    wait_until(lambda: lab.seen("open") > heard + 50, "fifty advertisements", 20)
    assert not is_master(lab, "gateway"), "two masters"


suite.main()
