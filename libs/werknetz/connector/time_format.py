"""How times are written, and which zones there are: shared by signal and event rules."""

from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, field_validator

TIME_FORMATS: Final = frozenset({"iso", "unix_s", "unix_ms", "unix_us"})
_ZONE: Final = "time zone {!r} is not known: write an IANA name such as 'Europe/Berlin'"


def check_zone(zone: str | None) -> str | None:
    """Return the zone; raise ValueError with the remedy where it is not known."""
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise ValueError(_ZONE.format(zone)) from error
        except KeyError as error:
            raise ValueError(_ZONE.format(zone)) from error
    return zone


def check_time_format(form: str) -> str:
    """Return the form; raise ValueError with the remedy where it is none."""
    if form not in TIME_FORMATS and "%" not in form:
        raise ValueError(
            f"time format {form!r} is not known: take iso, unix_s, unix_ms, unix_us "
            "or a form such as '%d.%m.%Y %H:%M:%S,%f'"
        )
    return form


class TimeFormat(BaseModel):
    """Where in the message its own time is, and how it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    format: str = "iso"  # iso, unix_s, unix_ms, unix_us, or a strptime form (%f after a comma)
    zone: str | None = None  # of times that say none

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, form: str) -> str:
        return check_time_format(form)
