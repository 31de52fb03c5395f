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


def knock(laptop):
    """Whether a connection comes about."""
    sock = laptop.bound(socket.SOCK_STREAM, STRANGER[4])
    sock.settimeout(0.3)
    try:
        sock.connect((HERE[4], PORT))
        return True
    except OSError:
        return False
    finally:
        sock.close()


def main():
    laptop = Namespace.existing("laptop")
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_SYNC)
    with socket.create_server((HERE[4], PORT), backlog=4096):
        while True:
            tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
            word = "in" if knock(laptop) else "out"
            os.write(log, f"{word} {'others' if 'witness' in tables else 'alone'}\n".encode())


main()
