"""Holds a value against a JSON Schema, as far as config/postern-log.schema.json uses the language; an unknown word fails."""
import json
import re

TYPES = {"object": dict, "string": str, "integer": int, "boolean": bool}
IGNORED = {"$schema", "$defs", "title"}


class Schema:
    """One schema file. complaint() is None for a value that fits, otherwise the first thing that is wrong."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file)

    def complaint(self, value):
        """What is wrong with a value; None where nothing is."""
        return self._check(value, self.root, "line")

    def _check(self, value, schema, where):
        for word, wanted in schema.items():
            if word in IGNORED:
                continue
            wrong = getattr(self, "_" + word.lstrip("$"))(value, wanted, where, schema)
            if wrong:
                return wrong
        return None

    def _ref(self, value, wanted, where, _):
        return self._check(value, self.root["$defs"][wanted.removeprefix("#/$defs/")], where)

    def _oneOf(self, value, wanted, where, _):
        wrongs = [self._check(value, schema, where) for schema in wanted]
        return None if wrongs.count(None) == 1 else f"{where} fits {wrongs.count(None)} kinds: {'; '.join(filter(None, wrongs))}"

    def _type(self, value, wanted, where, _):
        fits = isinstance(value, TYPES[wanted]) and (wanted != "integer" or not isinstance(value, bool))
        return None if fits else f"{where} is {value!r}, expected {wanted}"

    def _const(self, value, wanted, where, _):
        return None if value == wanted else f"{where} is {value!r}, expected {wanted!r}"

    def _enum(self, value, wanted, where, _):
        return None if value in wanted else f"{where} is {value!r}, which is not listed"

    def _pattern(self, value, wanted, where, _):
        return None if re.search(wanted, value) else f"{where} is {value!r}, expected {wanted}"

    def _minimum(self, value, wanted, where, _):
        return None if value >= wanted else f"{where} is {value}, expected at least {wanted}"

    def _maximum(self, value, wanted, where, _):
        return None if value <= wanted else f"{where} is {value}, expected at most {wanted}"

    def _required(self, value, wanted, where, _):
        missing = [name for name in wanted if name not in value]
        return f"{where} lacks {', '.join(missing)}" if missing else None

    def _properties(self, value, wanted, where, _):
        wrongs = (self._check(value[name], schema, f"{where}.{name}") for name, schema in wanted.items() if name in value)
        return next(filter(None, wrongs), None)

    def _additionalProperties(self, value, wanted, where, schema):
        assert wanted is False
        more = [name for name in value if name not in schema["properties"]]
        return f"{where} has {', '.join(more)} besides" if more else None
