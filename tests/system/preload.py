"""Libraries that are loaded in front of the daemon's own: another wall clock, a bad disk; and the numbers that rule them."""
import os
import struct

from suite import Skip


def library(lab, name):
    """The path of a library of tests/tools."""
    for folder in ("", "lib", "tests/tools"):
        path = os.path.join(lab.build, folder, f"lib{name}.so")
        if os.path.exists(path):
            return path
    raise Skip(f"no lib{name}.so in the build directory")


def environment(lab, *names, **variables):
    """What the daemon is started with, to have these libraries."""
    return {"LD_PRELOAD": ":".join(library(lab, name) for name in names), "ASAN_OPTIONS": "verify_asan_link_order=0",
            **{key: str(value) for key, value in variables.items()}}


class Number:
    """A number in a file that a preloaded library looks at all the time."""

    def __init__(self, path):
        self.path, self.value = path, 0
        self.set(0)
        os.chmod(path, 0o644)

    def set(self, value):
        """From now on it is this one."""
        self.value = value
        flags = os.O_WRONLY | os.O_CREAT  # in place: it is mapped
        file = os.open(self.path, flags, 0o644)
        os.pwrite(file, struct.pack("q", value), 0)
        os.close(file)
