"""Sending from several processors: each job in a process of its own, pinned, released together or one behind another.

veth delivers a packet on its sender's processor, so two threads of the daemon meet only where two processors send.
"""
import mmap
import os
import signal
import struct
import traceback

from namespaces import LabError

LIMIT = 300  # seconds a child may live


def processors():
    """The processors this process may use."""
    return sorted(os.sched_getaffinity(0))


class Flag:
    """A counter in shared memory that one process raises and another spins on."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 4)

    def set(self, value):
        """Raises the flag to `value`."""
        struct.pack_into("I", self.memory, 0, value)

    def value(self):
        """Where the flag is."""
        return struct.unpack_from("I", self.memory, 0)[0]

    def wait(self, value):
        """Spins until the flag is at `value` or above; gives the processor away between looks."""
        while self.value() < value:
            os.sched_yield()


def spawn(job, processor=None):
    """Runs `job` in a forked process pinned to a processor; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.alarm(LIMIT)
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        job()
        code = 0
    except BaseException:  # a child must never return into the test
        traceback.print_exc()
    finally:
        os._exit(code)
    return None


def join(pids):
    """Waits for children; LabError where one failed."""
    codes = [os.waitpid(pid, 0)[1] for pid in pids]
    if any(codes):
        raise LabError(f"a sending process failed: {codes}")


def at_once(*jobs):
    """Runs the jobs on a processor each (round robin), released at the same instant; returns when all are done."""
    cpus = processors()
    start, ready = Flag(), [Flag() for _ in jobs]

    def wrapped(job, mine):
        mine.set(1)
        start.wait(1)
        job()
    pids = [spawn(lambda j=job, f=flag: wrapped(j, f), cpus[n % len(cpus)])
            for n, (job, flag) in enumerate(zip(jobs, ready))]
    for flag in ready:
        flag.wait(1)
    start.set(1)
    join(pids)


class pinned:
    """Keeps this thread on one processor for the length of a `with`."""

    def __init__(self, processor):
        self.processor = processor

    def __enter__(self):
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.processor})

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.before)
