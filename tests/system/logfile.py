"""The daemon's log as a test reads it: every line parsed, held against its schema, and waiting for one with given fields."""
import json
import os

from namespaces import LabError, wait_until
from schema import Schema

SCHEMA = Schema(os.path.join(os.path.dirname(__file__), "../../config/postern-log.schema.json"))


class LogFile:
    """Follows log.file from its beginning. Fields are named as in the line; those of `postern` without a prefix."""

    def __init__(self, path):
        self.path = path
        self.position = 0
        self.lines = []

    def update(self):
        """Reads what was added; an unfinished last line waits for its end. Returns all lines so far."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.position)
                text = file.read()
        except FileNotFoundError:
            return self.lines
        whole = text[:text.rfind(b"\n") + 1]
        self.position += len(whole)
        self.lines += [_flat(line) for line in whole.splitlines()]
        return self.lines

    def find(self, **fields):
        """The lines so far that have all these fields."""
        return [line for line in self.update() if all(line.get(key) == value for key, value in fields.items())]

    def wait(self, timeout=5.0, **fields):
        """The first line with these fields; LabError, with what was said of that source instead, when none comes."""
        try:
            return wait_until(lambda: self.find(**fields), f"a log line with {fields}", timeout)[0]
        except LabError as error:
            nearby = [line for line in self.lines if line.get("src_ip") == fields.get("src_ip")][-5:]
            raise LabError("\n".join([str(error), *(json.dumps(line) for line in nearby)])) from None


def _flat(line):
    """The members of a line and of its `postern` in one dictionary. A line that postern-log(5) does not allow fails."""
    assert line.isascii(), line
    fields = json.loads(line)
    wrong = SCHEMA.complaint(fields)
    assert not wrong, f"{wrong}: {line.decode()}"
    return {**fields, **fields.get("postern", {})}
