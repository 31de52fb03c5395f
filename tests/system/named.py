"""A name for the gateway: HOST has an address of either family."""
from lab import GATEWAY

HOST = "gw1.example.net"


def with_host(lab, *words):
    """The words that run a command for which HOST is the gateway: /etc/hosts is another one in its mount namespace."""
    with open(lab.path("hosts"), "w", encoding="ascii") as file:
        file.writelines(f"{address} {HOST}\n" for address in GATEWAY.values())
    return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', lab.path("hosts"), *words]
