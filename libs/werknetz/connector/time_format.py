"""Formats and zones of written times, for signal and event rules."""

from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, field_validator

TIME_FORMATS: Final = frozenset({"iso", "unix_s", "unix_ms", "unix_us"})
_ZONE: Final = "time zone {!r} is not known: write an IANA name such as 'Europe/Berlin'"


def check_zone(zone: str | None) -> str | None:
    """Return the zone; raise ValueError with the remedy where it is unknown."""
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise ValueError(_ZONE.format(zone)) from error
        except KeyError as error:
            raise ValueError(_ZONE.format(zone)) from error
    return zone


def check_time_format(text: str) -> str:
    """Return the format; raise ValueError with the remedy where it is invalid."""
    if text not in TIME_FORMATS and "%" not in text:
        raise ValueError(
            f"time format {text!r} is not known: use iso, unix_s, unix_ms, unix_us "
            "or a pattern such as '%d.%m.%Y %H:%M:%S,%f'"
        )
    return text


class TimeFormat(BaseModel):
    """Where a message contains its time, and how it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    format: str = "iso"  # iso, unix_s, unix_ms, unix_us, or a strptime pattern
    zone: str | None = None  # of times without a zone

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, text: str) -> str:
        return check_time_format(text)
