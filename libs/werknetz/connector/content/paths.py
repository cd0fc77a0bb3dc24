r"""Paths of values in a message: `head.lines.0.qty`. A dot within a name is written `\.`.

So `{"a.b": 1, "a": {"b": 2}}` has the paths `a\.b` and `a.b`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_ESCAPED: Final = re.compile(r"\\([.\\])")
_TOKEN: Final = re.compile(r"\\([.\\])|(\.)|[^.\\]+|\\", re.DOTALL)


class TooManyFields(ValueError):
    """The message has more fields than are read."""


def escape_name(name: str) -> str:
    r"""Return a name as one step of a path: `a.b` → `a\.b`.

    A backslash is literal, except before a dot or a backslash: it is escaped only where needed.
    """
    if "." not in name and not name.endswith("\\") and "\\\\" not in name:
        return name
    return name.replace("\\", "\\\\").replace(".", "\\.")


def unescape(path: str) -> str:
    r"""Return a path without escapes, as versions before 0.2 wrote it: `a\.b` → `a.b`."""
    return _ESCAPED.sub(r"\1", path) if "\\" in path else path


def split_path(path: str) -> list[str]:
    """Return the names of a path."""
    if "\\" not in path:
        return path.split(".")
    steps = [""]
    for token in _TOKEN.finditer(path):
        if token[2] is not None:
            steps.append("")
        else:
            steps[-1] += token[1] or token[0]
    return steps


def value_at_path(fields: Mapping[str, Any], path: str) -> Any:
    r"""Return the value at a path, else None. A name that contains the dots takes precedence.

    `a\.b` is always the name with a dot, `$.a.b` always the nested value.
    """
    if path in fields:
        return fields[path]
    steps = split_path(path)
    if steps[0] == "$" and "$" not in fields:
        steps = steps[1:]
    return value_at_steps(fields, steps)


def value_at_steps(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def flatten(value: Any, depth_max: int, count_max: int) -> dict[str, Any]:
    """Return the values of a structure by their path; deeper structures stay whole.

    Raises TooManyFields.
    """
    fields: dict[str, Any] = {}
    for path, inner in _leaves(value, "", 0, depth_max):
        if len(fields) >= count_max:
            raise TooManyFields(f"the payload has more than {count_max} fields")
        fields[path] = inner
    return fields


def with_plain_names(fields: dict[str, Any]) -> Mapping[str, Any]:
    """Return the fields, those with escapes also by their plain path if no other field has it."""
    escaped = [path for path in fields if "\\" in path]
    if not escaped:
        return fields
    plain = {unescape(path): fields[path] for path in escaped}
    return plain | fields


def _leaves(value: Any, path: str, depth: int, depth_max: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, (dict, list)) or depth >= depth_max or not value:
        yield path, value
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        step = escape_name(str(name))
        yield from _leaves(inner, f"{path}.{step}" if depth else step, depth + 1, depth_max)
