"""Reads the catalogue of sentences: by group and code, in both languages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from werknetz_core.texts.language import Language, current_language

Texts = Mapping[str, Mapping[str, Mapping[str, str]]]
_FILE: Final = "catalogue.toml"


@cache
def catalogue() -> Texts:
    """Return group → code → language → text; of a problem only the German title."""
    text = resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    return tomllib.loads(text)


def sentence(group: str, code: str, language: Language, **fields: str) -> str:
    """Return the sentence of a code with its fields, which are written for the language already."""
    return catalogue()[group][code][language].format_map(fields)


def problem_title(code: str, english: str) -> str:
    """Return the title of a problem in the language of the request; English where it has none."""
    if current_language() is Language.EN:
        return english
    return catalogue()["problem"].get(code, {}).get(Language.DE, english)
