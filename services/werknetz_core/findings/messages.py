"""A finding as one sentence: its kind, and the fields that it has."""

from collections.abc import Mapping
from typing import Any, Final

from werknetz.texts.catalogue import template_of
from werknetz.texts.formats import number_text
from werknetz.texts.language import Language

NAMES: Final = ("supplier", "material", "site", "warehouse", "location", "equipment")
NUMBERS: Final = ("quantity", "expected", "actual")


def finding_text(finding: Mapping[str, Any], language: Language) -> str:
    """Return for example "Stock below zero: material M1, warehouse W2, quantity -5"."""
    values = {name: str(finding[name]) for name in NAMES if finding[name] is not None}
    values |= {
        name: number_text(finding[name], language) for name in NUMBERS if finding[name] is not None
    }
    title = template_of(f"finding.{finding['kind']}", language)
    parts = [f"{template_of(f'field.{name}', language)} {value}" for name, value in values.items()]
    return f"{title}: {', '.join(parts)}" if parts else title
