"""Reads the catalogue of sentences: a file a group, code → language → text."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from werknetz.texts.language import Language, current_language

_FOLDER: Final = "sentences"
Texts = Mapping[str, Mapping[str, str]]


@cache
def texts_of(group: str) -> Texts:
    """Return the texts of a group, code → language → text; of a problem only the German title."""
    file = resources.files(__package__).joinpath(_FOLDER, f"{group}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def list_groups() -> list[str]:
    files = resources.files(__package__).joinpath(_FOLDER).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def template_of(code: str, language: Language) -> str:
    """Return the text of a code such as `targets.unknown`, with its fields in braces.

    Raises KeyError for a code that the catalogue lacks.
    """
    group, _, name = code.partition(".")
    return texts_of(group)[name][language]


def noun_of(word: str, language: Language) -> str:
    """Return the noun for a word of the API, such as a level; a name without one stays."""
    return texts_of("noun").get(word, {}).get(language, word)


def problem_title(code: str, english: str) -> str:
    """Return the title of a problem in the language of the request; English where it has none."""
    if current_language() is Language.EN:
        return english
    return texts_of("problem").get(code, {}).get(Language.DE, english)
