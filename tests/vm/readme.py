"""The README's lines, typed as they stand there: by the administrator here, and by Alice at her laptop."""
import os
import pty
import re
import select
import signal
import subprocess
import time

SECTION = "A gateway in ten lines"
ANSWERS = {  # to what `posternctl init` asks; whatever it proposes is taken elsewhere
    "The gateway's name": "gw1.example.net",
    "The first client": "alice",
}


def blocks():
    """The indented blocks of the README's section, each as lines without their comments."""
    with open("README.md", encoding="utf-8") as file:
        section = file.read().split(f"## {SECTION}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^ {4}.*\n(?:\n(?= {4}))?)+", section, re.MULTILINE)
    return [[re.sub(r"\s+# .*", "", line[4:]) for line in block.splitlines()] for block in found]


def gateway_commands():
    """What the administrator types at the gateway."""
    build, lines = blocks()[:2]
    assert build == ["./bootstrap package"] and len(lines) == 9, (build, lines)
    return lines


def laptop_files():
    """Alice's ssh configuration, and the last line, which she types."""
    lines = [line for line in blocks()[2] if line and not line.startswith("#")]
    return "\n".join(lines[:-1]) + "\n", lines[-1]


def typed(command, seconds, **options):
    """Runs a command at a terminal and answers what it asks; returns (exit code, all that the terminal showed)."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["bash", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               **options)
    os.close(theirs)
    shown, answered, end = "", 0, time.monotonic() + seconds
    try:
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            assert time.monotonic() < end, f"{command} took too long: {shown}"
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    break
            if shown[answered:].endswith(": "):
                question, answered = shown[answered:], len(shown)
                os.write(ours, next((text for start, text in ANSWERS.items() if start in question), "").encode() + b"\n")
    finally:
        os.close(ours)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait(), as_seen(shown)


def as_seen(text):
    """What is left on a terminal: no colours, and of a line that was written over its last state."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").split("\r")[-1].rstrip() for line in plain.splitlines() if line.strip())
