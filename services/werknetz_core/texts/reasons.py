"""Why a KPI has no value, as the API answers it: formulas give the English text."""

import re
from functools import cache
from typing import Final

from werknetz.texts.catalogue import texts_of
from werknetz.texts.sentence import Sentence, write_text

_GROUP: Final = "reason"
_NUMBER: Final = re.compile(r"fewer than (\d+) consecutive measurements")
_NAME: Final = re.compile(r"(\w+) is not reported")


def reason_of(english: str) -> str:
    """Return the sentence of a reason; the text as it is for one of a customer's own formula."""
    if (code := _codes().get(english)) is not None:
        return Sentence(code)
    if match := _NUMBER.fullmatch(english):
        return Sentence("reason.few_measurements", number=int(match[1]))
    if match := _NAME.fullmatch(english):
        return Sentence("reason.not_reported", name=match[1])
    return english


def write_reason(english: str | None) -> str | None:
    """Return a reason in the language of the request."""
    return None if english is None else write_text(reason_of(english))


def reason_code_of(english: str | None) -> str | None:
    """Return the code of a reason; None: it has none, or is of a customer's own formula."""
    sentence = None if english is None else reason_of(english)
    return sentence.code if isinstance(sentence, Sentence) else None


@cache
def _codes() -> dict[str, str]:
    return {texts["en"]: f"{_GROUP}.{name}" for name, texts in texts_of(_GROUP).items()}
