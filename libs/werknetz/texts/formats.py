"""How sentences write numbers and times in each language; each time names its zone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.texts.language import Language

_GERMAN_ZONES: Final = {"CET": "MEZ", "CEST": "MESZ", "UTC": "UTC", "GMT": "WEZ", "WET": "WEZ"}
_GERMAN_SIGNS: Final = str.maketrans(",.", ".,")


def number_text(value: float, language: Language, *, digits: int | None = None) -> str:
    """Write a number with separators; `digits` None: as many decimals as it has, to ten digits."""
    text = f"{value:,.10g}" if digits is None else f"{value:,.{digits}f}"
    return text.translate(_GERMAN_SIGNS) if language is Language.DE else text


def time_text(at: datetime, zone: ZoneInfo, language: Language) -> str:
    """Write an instant in a zone, to the minute, with the abbreviation of the zone."""
    local = at.astimezone(zone)
    name = local.strftime("%Z")
    if language is Language.DE:
        return f"{local:%d.%m.%Y %H:%M} {_GERMAN_ZONES.get(name, name)}"
    return f"{local:%Y-%m-%d %H:%M} {name}"


@dataclass(frozen=True, slots=True)
class ZonedTime:
    """An instant as a field of a sentence, written in the time zone of its place."""

    at: datetime
    zone: ZoneInfo

    def text(self, language: Language) -> str:
        return time_text(self.at, self.zone, language)

    def isoformat(self) -> str:
        return self.at.astimezone(self.zone).isoformat()
