"""A sentence with its code and fields: the English text, and on demand the German one.

Fields in a text have the form of `str.format`, and three conversions of their own: `!n` the noun
for a word of the API, `!u` items joined by "and", `!o` by "or", `!t` by "together with".
`!c` writes choices in words of pydantic, `!i` an instant in UTC, also one in ISO 8601. Other lists
are joined by commas.
"""

import math
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from string import Formatter
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from werknetz.texts.catalogue import noun_of, template_of
from werknetz.texts.formats import ZonedTime, time_text
from werknetz.texts.language import Language, current_language

_GERMAN_SIGNS: Final = str.maketrans(",.", ".,")
_JOINED: Final[Mapping[str, Mapping[Language, str]]] = {
    "u": {Language.EN: " and ", Language.DE: " und "},
    "o": {Language.EN: " or ", Language.DE: " oder "},
    "t": {Language.EN: "; together with ", Language.DE: "; zusammen mit "},
}
_EN: Final = Language.EN
_UTC: Final = ZoneInfo("UTC")


class Sentence(str):
    """The English text, with the code and the fields that it was made of."""

    __slots__ = ("code", "fields")
    code: str
    fields: Mapping[str, object]

    def __new__(cls, code: str, /, **fields: object) -> Self:
        return cls.with_english(_write(code, fields, _EN), code, fields)

    @classmethod
    def with_english(cls, text: str, code: str, fields: Mapping[str, object]) -> Self:
        """Return a sentence whose English text was written by others, such as a library."""
        sentence = super().__new__(cls, text)
        sentence.code = code
        sentence.fields = fields
        return sentence

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        return (self.code,), dict(self.fields)  # for copies: the text is made again

    def in_language(self, language: Language) -> str:
        """Return the text in a language, as a plain `str`."""
        if language is _EN:
            return str.__str__(self)
        return _write(self.code, self.fields, language)

    def document(self) -> dict[str, object]:
        """Return code and fields for programs; a time is ISO 8601, a sentence an object alike."""
        return {"code": self.code, "fields": self.document_fields()}

    def document_fields(self) -> dict[str, object]:
        return {name: _plain(value) for name, value in self.fields.items()}


def write_text(text: str) -> str:
    """Return a text in the language of the request; one without a code as it is."""
    return text.in_language(current_language()) if isinstance(text, Sentence) else text


def document_of(text: str | None) -> dict[str, object] | None:
    """Return code and fields of a sentence; None for a text without a code."""
    return text.document() if isinstance(text, Sentence) else None


def sentence_of(error: Exception) -> str:
    """Return the sentence that an error was raised with; else its text."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else str(error)


class _Writer(Formatter):
    """Writes fields in a language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "n":
            return noun_of(str(value), self._language)
        if conversion == "c":
            return str(value).replace(" or ", _JOINED["o"][self._language])
        if conversion == "i":
            return _instant_text(value, self._language)
        if conversion in _JOINED:
            return _JOINED[conversion][self._language].join(
                self.format_field(item, "") for item in value
            )
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Exception):
            value = sentence_of(value)
        if isinstance(value, Sentence):
            return value.in_language(self._language)
        if isinstance(value, ZonedTime):
            return value.text(self._language)
        if isinstance(value, list | tuple):
            return ", ".join(self.format_field(item, "") for item in value)
        # A number that is not finite is a text in JSON.
        text: str = value if isinstance(value, str) else format(value, format_spec)
        return text if self._language is _EN else _german(value, text, format_spec)


def _instant_text(value: datetime | str, language: Language) -> str:
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
    if language is _EN:
        return at.isoformat(timespec="minutes").replace("+00:00", "Z")
    return time_text(at, _UTC, language)


def _german(value: object, text: str, format_spec: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text.translate(_GERMAN_SIGNS).replace("%", " %")
    if isinstance(value, date) and not isinstance(value, datetime) and not format_spec:
        return f"{value:%d.%m.%Y}"
    return text


def _write(code: str, fields: Mapping[str, object], language: Language) -> str:
    return _WRITERS[language].vformat(template_of(code, language), (), fields)


_WRITERS: Final = {language: _Writer(language) for language in Language}


def _plain(value: object) -> object:
    """Return what JSON can carry of a field."""
    if isinstance(value, Exception):
        value = sentence_of(value)
    if isinstance(value, Sentence):
        return value.document()
    if value is None or isinstance(value, int | float):
        return value if value is None or math.isfinite(value) else str(value)
    if isinstance(value, date | ZonedTime):
        return value.isoformat()
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        return [_plain(item) for item in value]
    return str(value)
