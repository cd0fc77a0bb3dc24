"""Sentences in rows: code and fields beside the English text, so that any language can be written.

A row without them, such as one from an earlier version, stays in English.
"""

import json
from collections.abc import Mapping
from typing import Any

from werknetz.texts.language import wanted_language
from werknetz.texts.sentence import Sentence


def stored_sentence(text: str) -> str | None:
    """Return code and fields of a sentence as JSON; None for a text without a code."""
    return json.dumps(text.document()) if isinstance(text, Sentence) else None


def restore_sentence(text: str, stored: str | Mapping[str, Any] | None) -> str:
    """Return the sentence of a row; where this version cannot write it, its English text."""
    if stored is None:
        return text
    document = json.loads(stored) if isinstance(stored, str) else stored
    try:
        sentence = Sentence.with_english(text, document["code"], _fields_of(document))
        sentence.in_language(wanted_language())
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return text  # of a version whose catalogue differs
    return sentence


def _fields_of(document: Mapping[str, Any]) -> dict[str, object]:
    return {name: _field_of(value) for name, value in document["fields"].items()}


def _field_of(value: object) -> object:
    if isinstance(value, Mapping):
        return Sentence(value["code"], **_fields_of(value))
    if isinstance(value, list):
        return [_field_of(item) for item in value]
    return value
