#!/usr/bin/env python3
"""Counters add up: what the kernel queued is what the daemon decided and what it lost, and what the rule saw besides."""
import json

import counters
import packets
from burst import at_once
from lab import GATEWAY, SPA_PORT, phantom
from namespaces import wait_until
from spa import seal
from suite import Suite

suite = Suite()


def mixture(number):
    """One of many kinds of packets, from one of many sources, in either family."""
    family = 4 if number % 2 else 6
    source, to = phantom(number % 500, family), GATEWAY[family]
    return (packets.tcp(source, to, 1024 + number % 60000, 22),
            packets.tcp(source, to, 1024 + number % 60000, 1 + number % 5000),
            packets.udp(source, to, 1024 + number % 60000, SPA_PORT, b"x" * (100 + number % 400)),
            packets.udp(source, to, 1024 + number % 60000, 5353, b"x"),
            packets.echo_request(source, to, number % 65536),
            packets.sctp_init(source, to, 1024 + number % 60000, 22))[number // 2 % 6]


def burst(lab, count):
    """Sends the mixture from two processors as fast as they can."""
    def job(numbers):
        made = [mixture(number) for number in numbers]
        sender = lab.sender()
        return lambda: [sender.send(packet) for packet in made]
    at_once(job(range(0, count, 2)), job(range(1, count, 2)))


def flow(lab, number):
    """One genuine SPA and the connection behind it, so that accepts are among the verdicts."""
    source = phantom(1000 + number)
    lab.knock(seal(lab, source=source), source)
    lab.sender().send(packets.tcp(source, GATEWAY[4], 4000, 22))
    lab.log.wait(src_ip=source, reason="grant_active")


def add_up(lab):
    """For every queue: last id = its verdicts + user_dropped. Together: the rules' counters = last ids + queue_dropped."""
    status, kernel = lab.status(), lab.queues()
    told = {queue["number"]: queue for queue in status["queues"]}
    assert kernel and set(told) == set(kernel), f"queues {sorted(told)} in status, {sorted(kernel)} in the kernel"
    for number, queue in kernel.items():
        decided = sum(told[number]["verdicts"].values())
        assert queue.last_id == decided + queue.user_dropped, f"queue {number}: {queue}, {decided} decided"
        assert told[number]["lost"] == queue.user_dropped, f"queue {number}: {queue}, status says {told[number]['lost']}"
    total = counters.packets(counters.queue_rules(lab.gateway, lab.backend))
    queued = sum(queue.last_id + queue.dropped for queue in kernel.values())
    assert total == queued, f"the rules counted {total}, the queues {queued}: {kernel}"
    assert sum(status["verdicts"].values()) == sum(sum(queue["verdicts"].values()) for queue in told.values())
    return kernel


def log_adds_up(lab):
    """Verdict lines and the counts of repeats together are the verdicts of status, reason by reason."""
    verdicts = dict(lab.verdicts())
    lab.stop()
    counted = {}
    for line in lab.log.update():
        if line["event_type"] in ("verdict", "repeats"):
            counted[line["reason"]] = counted.get(line["reason"], 0) + line.get("count", 1)
    assert counted == verdicts, f"log {json.dumps(counted)}, status {json.dumps(verdicts)}"


@suite.check("a mixture of thousands of packets: every queue's last id = verdicts + user_dropped, the rules = all of them")
def ordinary(lab):
    lab.listen(22)
    count = suite.count(4000, 40_000)
    for number in range(5):
        flow(lab, number)
    for _ in range(count // 1000):
        burst(lab, 1000)
        lab.status()
    kernel = add_up(lab)
    assert all(queue.last_id > 0 for queue in kernel.values()), kernel
    log_adds_up(lab)
    return f"{sum(queue.last_id for queue in kernel.values())} packets"


def touch_every_queue(lab):
    """A few packets one by one, so that each queue gets some and sees the gap that the burst left in the ids."""
    for number in range(32):
        lab.sender().send(packets.tcp(phantom(2000 + number), GATEWAY[4], 4000, 22))
        lab.status()


def overrun(lab, options, lost):
    """Bursts until the kernel lost something of the kind in question; the sums still hold, and packets still pass."""
    lab.start(*options)
    lab.listen(22)
    wait_until(lambda: burst(lab, 4000) or any(lost(queue) for queue in lab.queues().values()), "an overrun", 60)
    flow(lab, 1)
    touch_every_queue(lab)
    kernel = add_up(lab)
    return ", ".join(f"queue {number}: {queue.last_id} ids, {queue.dropped} at a full queue, {queue.user_dropped} at a "
                     f"full buffer" for number, queue in kernel.items())


@suite.check("a burst that overruns a short queue: the sums hold", daemon=False)
def short_queue(lab):
    return overrun(lab, ["--queue-length", "256"], lambda queue: queue.dropped)


@suite.check("a burst that overruns a small socket buffer: the sums hold, status and log say what was lost", daemon=False)
def small_buffer(lab):
    detail = overrun(lab, ["--receive-buffer", "16384"], lambda queue: queue.user_dropped)
    lost = sum(queue.user_dropped for queue in lab.queues().values())
    wait_until(lambda: sum(line["count"] for line in lab.log.find(event_type="engine", what="overrun")) == lost,
               f"the log to tell of {lost} lost packets")
    assert any("dropped unjudged" in warning for warning in lab.status()["warnings"]), lab.status()["warnings"]
    return detail


@suite.check("a burst that overruns both: the sums hold", daemon=False)
def both(lab):
    return overrun(lab, ["--queue-length", "256", "--receive-buffer", "131072"],
                   lambda queue: queue.user_dropped or queue.dropped)


if __name__ == "__main__":
    suite.main()
