"""The format of keys of master data: short, easy to type, unchanged in a URL."""

import re
from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

_KEY: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
KEY_MAX: Final = 80


def validate_key(key: str, noun: str) -> str:
    """Return the key of a new object; raise 422 if it has a character that is not allowed."""
    if len(key) <= KEY_MAX and _KEY.fullmatch(key):
        return key
    raise Problem(
        422, "invalid_key", Sentence("requests.invalid_key", key=key, noun=noun),
        Sentence("requests.key_form", key_max=KEY_MAX),
    )  # fmt: skip
