"""What a process is told by its environment: NAME, or NAME_FILE with the path of a secret."""

import math
import os
from collections.abc import Mapping
from pathlib import Path


class SettingError(RuntimeError):
    """A setting that the process cannot run without; the text says how to give it."""


def read_env(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the value of NAME, or else what stands in the file that NAME_FILE names.

    An empty variable counts as not given. A file that cannot be read is an error: a process that
    goes on without the secret that it was promised fails later, and further from the reason.
    """
    known = os.environ if environment is None else environment
    if value := known.get(name):
        return value
    if path := known.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingError(f"{name}_FILE names {path}: {error.strerror}") from error
    return None


def read_number_env(
    name: str, default: float, environment: Mapping[str, str] | None = None
) -> float:
    """Return a number that is not negative; an empty variable counts as not given."""
    text = read_env(name, environment)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise SettingError(f"{name} is {text!r}: write a number that is not negative")
    return number


def require_env(name: str, environment: Mapping[str, str] | None = None) -> str:
    """Return as `secret_env`, or raise `SettingMissing` with the remedy."""
    value = read_env(name, environment)
    if value is None:
        raise SettingError(f"set {name}, or {name}_FILE to the path of a file that holds it")
    return value
