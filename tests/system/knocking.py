"""Static knocks as several files of this suite need them: two sequences, the policy that has them, a step's packet."""
import packets
from lab import GATEWAY

OFFICE = ["tcp/7000", "udp/8000", "tcp/9000"]
CLOSING = ["tcp/9002", "udp/7002"]


def knocks(lab, **sequences):
    """Puts knocks into the policy: name = steps, or (steps, more keys); and loads it."""
    with open(lab.policy, "a", encoding="utf-8") as file:
        file.write("knocks:\n")
        for name, steps in sequences.items():
            steps, more = steps if isinstance(steps, tuple) else (steps, {})
            keys = {"scheme": "static", "steps": f"[{', '.join(steps)}]", "opens": "ssh", **more}
            file.write(f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}\n")
    reloaded = lab.reload()
    said_of_it = reloaded.stdout + reloaded.stderr, lab.control("check").stderr, "".join(lab.ask("status")["warnings"])
    for said in said_of_it:
        assert said.count("a static sequence is weak") == len(sequences), said


def packet(step, source, family, number=1):
    """The packet that takes a step."""
    kind, port, *flags = step.split("/")
    if kind == "icmp":
        return packets.echo_request(source, GATEWAY[family], sequence=number)
    if kind == "udp":
        return packets.udp(source, GATEWAY[family], 5000 + number, int(port))
    bits = sum(getattr(packets, word.upper()) for word in (flags or ["syn"])[0].split("+"))
    return packets.tcp(source, GATEWAY[family], 5000 + number, int(port), bits)
