"""Recognizes the sentence that an English text was written with, so that it is read in German, too.

Connectors write reasons in English, and so they are stored. The group `refusal` of the catalogue
has the same texts with their fields; a contract test compares it with what connectors write.
"""

import re
from ast import literal_eval
from collections.abc import Mapping
from functools import cache, lru_cache
from string import Formatter
from typing import Final

from werknetz.texts.catalogue import texts_of
from werknetz.texts.language import Language
from werknetz.texts.sentence import Sentence

_GROUP: Final = "refusal"
TEXT_MAX: Final = 1000  # a longer text stays as it is
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"|…"""  # as Python writes a text
_FORMS: Final[Mapping[str, str]] = {
    "name": r"[^\s:'\"]{1,200}", "kind": r"\w+", "detail": r".+",
}  # fmt: skip
_CAUSES: Final = ("cause", "rest")  # fields that are reasons themselves
_MASKED: Final = "…"  # a value in a reason that stands for many
_IS_QUOTED: Final = "__quoted"  # ends the name of a group whose text is in quotation marks
_DEPTH_MAX: Final = 6


@lru_cache(maxsize=1024)
def recognize(text: str) -> str:
    """Return the sentence of a reason; a text that the catalogue does not have, as it is."""
    return _recognize(text, _DEPTH_MAX) or text


def _recognize(text: str, depth: int) -> Sentence | None:
    if len(text) > TEXT_MAX or not depth:
        return None
    for code, words, pattern in _patterns():
        match = pattern.fullmatch(text) if words in text else None
        if match is None:
            continue
        fields = {
            name.removesuffix(_IS_QUOTED): _unquote(part) if name.endswith(_IS_QUOTED) else part
            for name, part in match.groupdict().items()
        }
        causes = {name: _recognize(fields[name], depth - 1) for name in _CAUSES if name in fields}
        if None not in causes.values():
            written: dict[str, object] = {**fields}
            return Sentence.with_english(text, code, written | causes)
    return None


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return of each template words and pattern, that with most words of its own first."""
    templates = [(name, texts[Language.EN]) for name, texts in texts_of(_GROUP).items()]
    templates.sort(key=lambda pair: -sum(map(len, _words_of(pair[1]))))
    return [
        (f"{_GROUP}.{name}", max(_words_of(template), key=len), _pattern_of(template))
        for name, template in templates
    ]


def _words_of(template: str) -> list[str]:
    """Return what is before, between and after the fields."""
    return [words for words, *_ in Formatter().parse(template)]


def _pattern_of(template: str) -> re.Pattern[str]:
    pattern = ""
    for words, field, _, conversion in Formatter().parse(template):
        pattern += re.escape(words)
        if field and conversion == "r":
            pattern += f"(?P<{field}{_IS_QUOTED}>{_QUOTED})"
        elif field:
            pattern += f"(?P<{field}>{_FORMS.get(field, r'.+?')})"
    return re.compile(pattern, re.DOTALL)


def _unquote(text: str) -> str:
    if text == _MASKED:
        return text
    try:
        return str(literal_eval(text))
    except (SyntaxError, ValueError):
        return text[1:-1]
