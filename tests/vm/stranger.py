#!/usr/bin/env python3
"""A stranger who goes on knocking while the guest goes down. Usage: stranger.py LOG, as root in the guest.

One line an attempt, synced: `in` or `out`, and whether the other tables of nftables are still there, which its service
flushes when it stops. A unit without dependencies runs it: nothing but the end of all processes ends it.
"""
import os
import socket
import subprocess
import sys

sys.path[:0] = ["tests/vm", "tests/system"]
from guest import HERE, STRANGER  # noqa: E402
from namespaces import Namespace  # noqa: E402

PORT = 2299


def main():
    laptop = Namespace.existing("laptop")
    server = socket.create_server((HERE[4], PORT), backlog=4096)
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_SYNC)
    while server:
        sock = laptop.bound(socket.SOCK_STREAM, STRANGER[4])
        sock.settimeout(0.3)
        others = "witness" in subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
        try:
            sock.connect((HERE[4], PORT))
            word = "in"
        except OSError:
            word = "out"
        sock.close()
        os.write(log, f"{word} {'others' if others else 'alone'}\n".encode())


main()
