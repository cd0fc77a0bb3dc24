"""Settings from environment variables: NAME, or NAME_FILE with the path of a secret."""

import math
import os
from collections.abc import Mapping
from pathlib import Path


class SettingError(RuntimeError):
    """A setting is missing or invalid; the text names the remedy."""


def read_env(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the value of NAME, else the content of the file NAME_FILE, else None.

    An empty variable counts as unset. A file that cannot be read is an error: a process that
    continued without its secret would fail later, far from the cause.
    """
    variables = os.environ if environment is None else environment
    if value := variables.get(name):
        return value
    if path := variables.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except OSError as error:
            raise SettingError(f"{name}_FILE names {path}: {error.strerror}") from error
    return None


def read_number_env(
    name: str, default: float, environment: Mapping[str, str] | None = None
) -> float:
    """Return a number that is not negative; `default` where the variable is unset or empty."""
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
    """Return the value as `read_env` does; raise SettingError where it is missing."""
    value = read_env(name, environment)
    if value is None:
        raise SettingError(f"set {name}, or {name}_FILE to the path of a file that holds it")
    return value
