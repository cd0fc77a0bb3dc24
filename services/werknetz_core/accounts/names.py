"""Names of users: what is allowed, and what counts as the same name."""

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from werknetz.texts.sentence import Sentence

NAME_MAX: Final = 100
_NOT_ALLOWED: Final = re.compile(r"[\s:/\\]")


def normalize_user_name(name: str) -> str:
    """Return the name as it is stored; ValueError says what is wrong."""
    normal = unicodedata.normalize("NFKC", name).casefold()
    if not 0 < len(normal) <= NAME_MAX:
        raise ValueError(Sentence("accounts.name_length", maximum=NAME_MAX))
    if _NOT_ALLOWED.search(normal) or not normal.isprintable():
        raise ValueError(Sentence("accounts.name_characters"))
    return normal


def lowered_name(name: str) -> str:
    """Return what equals a stored name in lower case, however the name was typed."""
    return unicodedata.normalize("NFKC", name).casefold()


UserName = Annotated[
    str, Field(min_length=1, max_length=NAME_MAX), AfterValidator(normalize_user_name)
]
