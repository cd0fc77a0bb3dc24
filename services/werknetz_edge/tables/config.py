"""Configuration of tables in files. The field descriptions are the documentation."""

import codecs
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.clock.wall_clock import WallClock
from werknetz.connector.time_format import check_offset, check_time_format, check_zone
from werknetz_edge.files.config import InboxConfig

_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
COLUMN: Final = re.compile(r"\{([^{}]+)\}")


def _to_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class ClockChange(BaseModel):
    """A clock that was set by hand: from the local time `at` to the local time `to`."""

    model_config = _STRICT
    at: datetime
    to: datetime

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.at.tzinfo is not None or self.to.tzinfo is not None:
            raise ValueError("`at` and `to` are local times of the clock: write no zone")
        if self.at == self.to:
            raise ValueError("`at` and `to` must differ")
        return self


class TimeConfig(BaseModel):
    """The time of a row. Local times that a clock change repeats are distinguished by row order."""

    model_config = _STRICT
    column: tuple[str, ...] = Field(description="column, or [date column, time column]")
    format: str = Field(default="iso", description="iso, unix_s, unix_ms, unix_us, or strptime's")
    zone: str | None = Field(
        default=None, description="of times without a zone, such as Europe/Berlin; default: UTC"
    )
    offset: str | None = Field(
        default=None, description="instead of `zone`: +01:00, for a clock without summer time"
    )
    changes: tuple[ClockChange, ...] = Field(
        default=(), description="with `offset`: when the clock was set by hand"
    )
    ordered: bool = Field(
        default=True,
        description="the rows of an address are in time order: a step back at the clock change "
        "starts the repeated hour, any other is marked as uncertain. false: no order",
    )

    @field_validator("column", mode="before")
    @classmethod
    def _columns(cls, value: Any) -> Any:
        return _to_tuple(value)

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return check_zone(zone)

    @field_validator("format")
    @classmethod
    def _format(cls, text: str) -> str:
        return check_time_format(text)

    @field_validator("offset")
    @classmethod
    def _offset(cls, offset: str | None) -> str | None:
        return check_offset(offset)

    @property
    def written_zone(self) -> str:
        """The zone or offset of times without a zone, also of those that event rules read."""
        return self.zone or self.offset or "UTC"

    def new_clock(self) -> WallClock:
        """Return the clock of one file."""
        return WallClock(self.format, self.written_zone, self.changes, self.ordered)

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if self.zone is not None and self.offset is not None:
            raise ValueError("set `zone` or `offset`, not both")
        if self.changes and self.offset is None:
            raise ValueError("`changes` need `offset`: the offset before the first change")
        return self


class TableSource(BaseModel):
    """The files of one source, and what their rows mean."""

    model_config = _STRICT
    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="name of the source in the mapping's rules"
    )
    pattern: tuple[str, ...] = Field(default=("*",), description="globs of file names")
    kind: Literal["records", "readings"] = Field(
        alias="as", description="records: a row is a business record; readings: of signals"
    )
    format: Literal["auto", "csv", "xlsx"] = Field(
        default="auto", description="auto: by the file name"
    )
    encoding: str = Field(
        default="auto", description="auto: a byte order mark, else UTF-8; or cp1252, latin-1 …"
    )
    delimiter: str = Field(default="auto", description="auto, or one character; \\t for a tab")
    quote: str = Field(default='"', max_length=1, description="empty: no quotes")
    sheet: str | None = Field(
        default=None, description="XLSX: name of the sheet; default: the first"
    )
    skip_rows: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, description="lines above the header"
    )
    header: bool | None = Field(
        default=None,
        description="false: the first row is data, and the columns are column_1, column_2 …; "
        "true: it is the header, even with numbers. Default: it is the header, and the file is "
        "refused where it looks like data",
    )
    columns: tuple[str, ...] = Field(
        default=(), description="column names of files without a header"
    )
    decimal: Literal["point", "comma"] = "point"
    thousands: Literal["", ".", ",", " ", "'"] = ""
    numbers: tuple[str, ...] = Field(
        default=(), description="records: columns to read with `decimal` and `thousands`"
    )
    texts: tuple[str, ...] = Field(
        default=(),
        description="readings: columns with texts that no rule calls a text, such as order numbers",
    )
    time: TimeConfig | None = None
    key: tuple[str, ...] = Field(
        default=(),
        description="records: columns that identify a row; a later row with the same key corrects "
        "it. Default: the file's name and the row's number",
    )
    same_name: Literal["replace", "add"] = Field(
        default="replace",
        description="records without `key`: what a file means whose name was read before. replace: "
        "a correction, whose rows take the place of the earlier ones; add: further rows",
    )
    snapshot: bool = Field(
        default=False,
        description="records with `key`: each file lists all rows that are in force; the facts of "
        "a row that the next file lacks are withdrawn. For files of up to 100,000 rows",
    )
    missing_max: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5,
        description="snapshot: the share of the rows of the snapshot before that one may lack, if "
        "these are ten or more. One that lacks more goes to failed/ and withdraws nothing until "
        "the next one lacks them, too, or until a person puts it back; 1: never",
    )
    trailer: str | None = Field(
        default=None,
        description="records: regular expression of the last line of a complete file; such a line "
        "is no row. Its group `rows` must be the number of rows: TRAILER;(?P<rows>[0-9]+)",
    )
    empty: Literal["remark", "refuse", "accept"] | None = Field(
        default=None,
        description="a file without rows. remark: done/, with an entry in quarantine; refuse: "
        "failed/; accept: done/, and a snapshot then withdraws all rows. Default: remark for "
        "records, accept for readings",
    )
    address: str | None = Field(
        default=None,
        description="readings: such as mes/{line}/{machine}; the column's name is added after #",
    )
    lane: Literal["live", "backfill"] = Field(
        default="live",
        description="backfill: files repeat rows of earlier files; a signal has one value per time",
    )

    @field_validator("pattern", "key", "numbers", "texts", "columns", mode="before")
    @classmethod
    def _columns_to_tuple(cls, value: Any) -> Any:
        return _to_tuple(value)

    @field_validator("trailer")
    @classmethod
    def _trailer(cls, text: str | None) -> str | None:
        try:
            re.compile(text or "")
        except re.error as error:
            raise ValueError(f"trailer is no regular expression: {error}") from error
        return text

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, character: str) -> str:
        character = {"\\t": "\t", "tab": "\t"}.get(character, character)
        if character != "auto" and (len(character) != 1 or character in "\r\n\"'"):
            raise ValueError("delimiter must be `auto` or one character such as ; , | or \\t")
        return character

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
                f"encoding {name!r} is not known: use auto, utf-8, cp1252 …"
            ) from error

    @model_validator(mode="after")
    def _check_completeness(self) -> Self:
        if not self.snapshot and "missing_max" in self.model_fields_set:
            raise ValueError("`missing_max` is for `snapshot: true`: remove it")
        if self.kind == "readings" and self.trailer is not None:
            raise ValueError("`trailer` is for records: remove it")
        return self

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if self.kind == "readings" and (self.key or self.numbers or self.snapshot):
            raise ValueError("`key`, `numbers` and `snapshot` are for records: remove them")
        if self.snapshot and not self.key:
            raise ValueError("`snapshot` needs `key`: the columns that identify a row")
        if self.key and "same_name" in self.model_fields_set:
            raise ValueError("`same_name` is for records without `key`: remove it")
        if self.kind == "records" and (self.address is not None or self.texts):
            raise ValueError("`address` and `texts` are for readings: remove them")
        if self.kind == "records" and self.lane != "live":
            raise ValueError("`lane` is for readings: repeated records are always stored once")
        if (self.thousands, self.decimal) in {(",", "comma"), (".", "point")}:
            raise ValueError("`thousands` and `decimal` are the same character: correct one")
        if self.header and self.columns:
            raise ValueError("`columns` are for files without a header: remove `header: true`")
        has_number_format = self.decimal == "comma" or bool(self.thousands)
        if has_number_format and self.kind == "records" and not self.numbers:
            raise ValueError(
                "`decimal` and `thousands` need `numbers`: the columns that they apply to"
            )
        return self

    @property
    def on_empty(self) -> Literal["remark", "refuse", "accept"]:
        return self.empty or ("remark" if self.kind == "records" else "accept")

    @property
    def address_columns(self) -> tuple[str, ...]:
        return tuple(COLUMN.findall(self.address or ""))


class TablesConfig(BaseModel):
    model_config = _STRICT
    inbox: InboxConfig
    sources: tuple[TableSource, ...] = Field(
        min_length=1, max_length=200, description="the first with a matching pattern reads a file"
    )

    @field_validator("sources")
    @classmethod
    def _names(cls, sources: tuple[TableSource, ...]) -> tuple[TableSource, ...]:
        names = [source.name for source in sources]
        duplicates = {name for name in names if names.count(name) > 1}
        if duplicates:
            raise ValueError(f"source {min(duplicates)!r} is defined twice: use different names")
        return sources
