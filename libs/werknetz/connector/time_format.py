"""Formats, zones and clocks of times, for connectors, signal rules and event rules."""

import re
from datetime import datetime, timedelta
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Clock = Literal["source", "server", "arrival"]
"""Whose time a value gets: of the machine, of the server between, or of the edge."""

OFFSET_FORM: Final = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
EXCEL_EPOCHS: Final = {
    "excel": datetime(1899, 12, 30),  # noqa: DTZ001  local times; serial 60 is a day that never was
    "excel_1904": datetime(1904, 1, 1),  # noqa: DTZ001
}
TIME_FORMATS: Final = frozenset({"iso", "unix_s", "unix_ms", "unix_us", *EXCEL_EPOCHS})
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


def check_zone_or_offset(zone: str | None) -> str | None:
    """Return an IANA zone or an offset such as +01:00; raise ValueError with the remedy."""
    return zone if zone is not None and OFFSET_FORM.fullmatch(zone) else check_zone(zone)


def check_offset(offset: str | None) -> str | None:
    """Return the offset; raise ValueError with the remedy where it is invalid."""
    if offset is not None and not OFFSET_FORM.fullmatch(offset):
        raise ValueError("offset must read +01:00 or -05:30")
    return offset


def check_time_format(text: str) -> str:
    """Return the format; raise ValueError with the remedy where it is invalid."""
    if text not in TIME_FORMATS and "%" not in text:
        raise ValueError(
            f"time format {text!r} is not known: use iso, unix_s, unix_ms, unix_us, "
            "excel, excel_1904 or a pattern such as '%d.%m.%Y %H:%M:%S,%f'"
        )
    return text


def excel_time(serial: float, form: str) -> datetime:
    """Return the local time of a date serial, to the millisecond; raise ValueError."""
    days = serial + 1 if form == "excel" and serial < 60 else serial  # 1900 was no leap year
    try:
        if serial < 1:
            raise ValueError(f"{serial} is a time of day: it has no date")
        return EXCEL_EPOCHS[form] + timedelta(milliseconds=round(days * 86_400_000))
    except OverflowError as error:
        raise ValueError(f"{serial} is out of range") from error


class TimeFormat(BaseModel):
    """Where a message contains its time, and how it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    format: str = Field(
        default="iso",
        description="iso, unix_s, unix_ms, unix_us, excel or excel_1904 (date serials), or a "
        "strptime pattern",
    )
    zone: str | None = Field(default=None, description="of times without a zone: Europe/Berlin")
    offset: str | None = Field(
        default=None, description="instead of `zone`: +01:00, for a clock without summer time"
    )

    @property
    def own_zone(self) -> str | None:
        """The zone or offset of times without a zone; None: that of the mapping."""
        return self.zone or self.offset

    @field_validator("offset")
    @classmethod
    def _offset(cls, offset: str | None) -> str | None:
        return check_offset(offset)

    @model_validator(mode="after")
    def _has_one_zone(self) -> Self:
        if self.zone is not None and self.offset is not None:
            raise ValueError("set `zone` or `offset`, not both")
        return self

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, text: str) -> str:
        return check_time_format(text)


class SignalTime(TimeFormat):
    """The time of a signal's values: where it is written, or which clock counts."""

    path: str = Field(default="", description="of the written time in the message")
    clock: Clock | None = Field(
        default=None, description="source, server or arrival; default: that of the edge file"
    )

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not self.path and self.clock is None:
            raise ValueError("set `path`, where the message contains its time, or `clock`")
        if self.path and self.clock not in {None, "source"}:
            raise ValueError(f"`path` is the clock of the source, not {self.clock}: remove one")
        if not self.path and (self.format != "iso" or self.own_zone is not None):
            raise ValueError("format, zone and offset are for `path`: remove them, or add it")
        return self
