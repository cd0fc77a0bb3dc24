"""What an operator says about tables in files. The field descriptions are the documentation."""

import codecs
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.time_format import check_time_format, check_zone
from werknetz_edge.files.config import InboxConfig

_FORM: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
_OFFSET: Final = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
COLUMN: Final = re.compile(r"\{([^{}]+)\}")


def _many(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


class ClockChange(BaseModel):
    """A clock that was set by hand: at this time on its own face, to that time."""

    model_config = _FORM
    at: datetime
    to: datetime

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.at.tzinfo is not None or self.to.tzinfo is not None:
            raise ValueError("`at` and `to` are times on the clock's face: write no zone")
        if self.at == self.to:
            raise ValueError("`at` and `to` must differ")
        return self


class TimeConfig(BaseModel):
    """The time of a row. Local times that the autumn's clock change repeats are kept apart."""

    model_config = _FORM
    column: tuple[str, ...] = Field(description="column, or [date column, time column]")
    format: str = Field(default="iso", description="iso, unix_s, unix_ms, unix_us, or strptime's")
    zone: str | None = Field(
        default=None, description="of times that say none, such as Europe/Berlin; default: UTC"
    )
    offset: str | None = Field(
        default=None, description="instead of `zone`: +01:00, a clock that knows no summer time"
    )
    changes: tuple[ClockChange, ...] = Field(
        default=(), description="with `offset`: when that clock was set by hand"
    )
    ordered: bool = Field(
        default=True,
        description="the rows of an address are in time order: a step back at the clock change is "
        "its second hour, any other is marked as uncertain. false: in no order",
    )

    @field_validator("column", mode="before")
    @classmethod
    def _columns(cls, given: Any) -> Any:
        return _many(given)

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, form: str) -> str:
        return check_time_format(form)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.zone is not None and self.offset is not None:
            raise ValueError("give `zone` or `offset`, not both")
        if self.offset is not None and not _OFFSET.fullmatch(self.offset):
            raise ValueError("offset must read +01:00 or -05:30")
        if self.changes and self.offset is None:
            raise ValueError("`changes` need `offset`: what the clock showed before the first")
        return self


class SourceConfig(BaseModel):
    """One family of files, and what its rows are."""

    model_config = _FORM
    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="what the mapping's rules call it"
    )
    pattern: tuple[str, ...] = Field(default=("*",), description="globs of file names")
    kind: Literal["records", "readings"] = Field(
        alias="as", description="records: a row is a business record; readings: of signals"
    )
    format: Literal["auto", "csv", "xlsx"] = Field(default="auto", description="auto: by its name")
    encoding: str = Field(
        default="auto", description="auto: a byte order mark, else UTF-8; or cp1252, latin-1 …"
    )
    delimiter: str = Field(default="auto", description="auto, or one sign; \\t for a tabulator")
    quote: str = Field(default='"', max_length=1, description="empty: there are no quotes")
    sheet: str | None = Field(default=None, description="XLSX: name of the sheet; else the first")
    skip_rows: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, description="lines above the header"
    )
    columns: tuple[str, ...] = Field(default=(), description="names, where there is no header")
    decimal: Literal["point", "comma"] = "point"
    thousands: Literal["", ".", ",", " ", "'"] = ""
    numbers: tuple[str, ...] = Field(
        default=(), description="records: columns to read with `decimal` and `thousands`"
    )
    texts: tuple[str, ...] = Field(default=(), description="readings: columns that are no numbers")
    time: TimeConfig | None = None
    key: tuple[str, ...] = Field(
        default=(),
        description="records: columns that make a row one fact, told again it counts once. "
        "Default: all of the row, and its how-manieth among equal rows of the file",
    )
    address: str | None = Field(
        default=None,
        description="readings: such as mes/{line}/{machine}; the column's name follows after #",
    )
    lane: Literal["live", "backfill"] = Field(
        default="live",
        description="backfill: files repeat rows of earlier files; equal signal and time is one",
    )

    @field_validator("pattern", "key", "numbers", "texts", "columns", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return _many(given)

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, sign: str) -> str:
        sign = {"\\t": "\t", "tab": "\t"}.get(sign, sign)
        if sign != "auto" and (len(sign) != 1 or sign in "\r\n\"'"):
            raise ValueError("delimiter must be `auto` or one sign such as ; , | or \\t")
        return sign

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, name: str) -> str:
        if name == "auto":
            return name
        try:
            "ä".encode().decode("utf-8").encode(name, errors="replace")
            return codecs.lookup(name).name
        except (LookupError, TypeError, UnicodeError) as error:
            raise ValueError(
                f"encoding {name!r} is not known: take auto, utf-8, cp1252 …"
            ) from error

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind == "readings" and (self.key or self.numbers):
            raise ValueError("`key` and `numbers` are for records: drop them")
        if self.kind == "records" and (self.address is not None or self.texts):
            raise ValueError("`address` and `texts` are for readings: drop them")
        if self.kind == "records" and self.lane != "live":
            raise ValueError(
                "`lane` is for readings: records that are told again count once anyway"
            )
        if (self.thousands, self.decimal) in {(",", "comma"), (".", "point")}:
            raise ValueError("`thousands` and `decimal` are the same sign: correct one")
        says_how = self.decimal == "comma" or bool(self.thousands)
        if says_how and self.kind == "records" and not self.numbers:
            raise ValueError("`decimal` and `thousands` need `numbers`: in which columns?")
        return self

    @property
    def address_columns(self) -> tuple[str, ...]:
        return tuple(COLUMN.findall(self.address or ""))


class TablesConfig(BaseModel):
    model_config = _FORM
    inbox: InboxConfig
    sources: tuple[SourceConfig, ...] = Field(
        min_length=1, max_length=200, description="the first whose pattern fits a file reads it"
    )

    @field_validator("sources")
    @classmethod
    def _names(cls, sources: tuple[SourceConfig, ...]) -> tuple[SourceConfig, ...]:
        names = [source.name for source in sources]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"source {min(twice)!r} is there twice: give each a name of its own")
        return sources
