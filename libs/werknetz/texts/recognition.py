"""Recognizes the sentence that an English text was written with, so that it is read in German, too.

Connectors write reasons in English, and so they are stored. Two groups of the catalogue have
the same texts with their fields; a contract test compares it with what connectors write.
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

_GROUPS: Final = ("refusal", "refusal_edi")
TEXT_MAX: Final = 1000  # a longer text stays as it is
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"|…"""  # as Python writes a text
_FORMS: Final[Mapping[str, str]] = {
    "name": r"[^\s:'\"]{1,200}", "kind": r"\w+", "detail": r"(?:(?!; the ).)+",
    "cause": r".+?", "rest": r".+",
}  # fmt: skip
_PLAIN: Final = r"(?:(?!; ).)+?"  # of other fields: what follows a semicolon is another reason
_CAUSES: Final = ("cause", "rest")  # fields that are reasons themselves
_PLACES: Final = ("place", "things")  # fields that may be in the catalogue, too
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
        fields = _fields_of(match, depth)
        if fields is not None:
            return Sentence.with_english(text, code, fields)
    return None


def _fields_of(match: re.Match[str], depth: int) -> dict[str, object] | None:
    """Return the fields of a reason; None: one of them should be a reason, and is none."""
    fields: dict[str, object] = {}
    for group, part in match.groupdict().items():
        name = group.removesuffix(_IS_QUOTED)
        if name in _CAUSES:
            cause = _recognize(part, depth - 1)
            if cause is None:
                return None
            fields[name] = cause
        elif name in _PLACES:
            fields[name] = _recognize(part, 1) or part
        else:
            fields[name] = part if name == group else _unquote(part)
    return fields


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return of each template words and pattern, that with most words of its own first."""
    templates = [
        (f"{group}.{name}", texts[Language.EN])
        for group in _GROUPS
        for name, texts in texts_of(group).items()
    ]
    templates.sort(key=lambda pair: -sum(map(len, _words_of(pair[1]))))
    return [
        (code, max(_words_of(template), key=len), _pattern_of(template))
        for code, template in templates
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
            pattern += f"(?P<{field}>{_FORMS.get(field, _PLAIN)})"
    return re.compile(pattern, re.DOTALL)


def _unquote(text: str) -> str:
    if text == _MASKED:
        return text
    try:
        return str(literal_eval(text))
    except (SyntaxError, ValueError):
        return text[1:-1]
