"""Which passwords are refused: short, common or guessable ones (NIST SP 800-63B, ASVS 5 V6.2).

There are no rules of composition and no regular change: both lead to weaker passwords.
`common_passwords.txt` has the longer ones of zxcvbn's list (MIT, Dropbox and Daniel Wolf) and words
of plants, in lower case.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from werknetz.texts.sentence import Sentence

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
_COMMON_FILE: Final = Path(__file__).with_name("common_passwords.txt")
_DISTINCT_MIN: Final = 5
_CONTEXT_MIN: Final = 4  # shorter names are parts of many words
_REST_MIN: Final = 7  # characters beside a name or a common word
_RUN_MIN: Final = 8  # of neighbouring keys or letters
_PLAIN_OF_LEET: Final = str.maketrans("0134578@$!", "oleastbasi")
_KEY_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789",
    "qwertzuiopasdfghjklyxcvbnm", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
)  # fmt: skip


def normalize_password(password: str) -> str:
    """Return what is hashed: keyboards and systems write the same characters differently."""
    return unicodedata.normalize("NFKC", password)


def fault_of(password: str, context: tuple[str | None, ...] = ()) -> str | None:
    """Return why the password is refused; None: it is accepted.

    `context`: words that an attacker tries first, such as the name of the user.
    """
    text = normalize_password(password)
    if len(text) < LENGTH_MIN:
        return Sentence("accounts.password_too_short", number=len(text), minimum=LENGTH_MIN)
    if len(text) > LENGTH_MAX:
        return Sentence("accounts.password_too_long", number=len(text), maximum=LENGTH_MAX)
    return _guessable(text.casefold(), context)


def _guessable(text: str, context: tuple[str | None, ...]) -> str | None:
    if _is_repetitive(text):
        return Sentence("accounts.password_repeats")
    if _is_run(text):
        return Sentence("accounts.password_is_run")
    words = {part for word in context if word for part in _parts_of(word)}
    if any(_is_mostly(text, word) for word in words):
        return Sentence("accounts.password_is_name")
    if any(_is_mostly(text, word) for word in _common()):
        return Sentence("accounts.password_is_common")
    return None


def _parts_of(word: str) -> set[str]:
    normal = unicodedata.normalize("NFKC", word).casefold()
    return {part for part in {normal, *re.split(r"[\W_]+", normal)} if len(part) >= _CONTEXT_MIN}


def _is_repetitive(text: str) -> bool:
    """Return whether there are few characters, or one part that is repeated to the end."""
    periods = range(1, len(text) // 2 + 1)
    return len(set(text)) < _DISTINCT_MIN or any(text[n:] == text[:-n] for n in periods)


def _is_run(text: str) -> bool:
    """Return whether all but a few characters are one run along a row of keys or the alphabet."""
    rows = (keys for row in _KEY_ROWS for keys in (row, row[::-1]))
    longest = max(_longest_run(text, keys) for keys in rows)
    return longest >= _RUN_MIN and len(text) - longest < _REST_MIN


def _longest_run(text: str, keys: str) -> int:
    parts = (
        length
        for start in range(len(text))
        for length in range(_RUN_MIN, len(keys) + 1)
        if text[start : start + length] in keys and start + length <= len(text)
    )
    return max(parts, default=0)


def _is_mostly(text: str, word: str) -> bool:
    """Return whether too little remains of the text without the word, also in leet spelling."""
    plain = text.translate(_PLAIN_OF_LEET)
    return any(word in form and len(form.replace(word, "")) < _REST_MIN for form in (text, plain))


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON_FILE.read_text(encoding="utf-8").split())
