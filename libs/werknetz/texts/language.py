"""The language of the request at hand: German or English."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    EN = "en"
    DE = "de"


@dataclass(slots=True)
class AnswerLanguage:
    """The language of one answer, and whether a sentence of the answer was written in it."""

    language: Language
    is_used: bool = False


_answer: Final[ContextVar[AnswerLanguage | None]] = ContextVar("answer_language", default=None)
PARTS_MAX: Final = 20  # of the header that are looked at


def current_language() -> Language:
    """Return the language to write a sentence of this answer in; English outside of a request."""
    answer = _answer.get()
    if answer is None:
        return Language.EN
    answer.is_used = True
    return answer.language


def wanted_language() -> Language:
    """Return the language of the request, for what writes no sentence, such as an ETag."""
    answer = _answer.get()
    return Language.EN if answer is None else answer.language


@contextmanager
def in_language(language: Language) -> Iterator[AnswerLanguage]:
    """Write sentences in this language within the block."""
    answer = AnswerLanguage(language)
    token = _answer.set(answer)
    try:
        yield answer
    finally:
        _answer.reset(token)


def negotiate_language(accepted: str | None) -> Language:
    """Return the language that an Accept-Language header prefers; English if it names neither."""
    best, best_weight = Language.EN, 0.0
    for part in (accepted or "").split(",")[:PARTS_MAX]:
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight_of(parameters)
        name = tag.partition("-")[0]
        if name in set(Language) and weight > best_weight:
            best, best_weight = Language(name), weight
    return best


def _weight_of(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
