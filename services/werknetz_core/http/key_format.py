"""Keys that people give to master data: short, typeable, the same in every address."""

import re
from typing import Final

from werknetz_core.http.problem import Problem

_KEY: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
KEY_MAX: Final = 80


def validate_key(key: str, what: str) -> str:
    """Return the key of something new; raise 422 for one that would not be typeable."""
    if len(key) <= KEY_MAX and _KEY.fullmatch(key):
        return key
    raise Problem(
        422, "invalid_key", f"{key!r} cannot be the key of a {what}.",
        f"Write at most {KEY_MAX} small letters and digits, with - . _ between them.",
    )  # fmt: skip
