"""The YAML document of an own KPI, with its test cases."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from werknetz.connector.yaml_format import (
    ConfigurationError,
    YamlDocument,
    explain_errors,
    parse_yaml,
)
from werknetz.domain.bucket import microseconds_of

ID_FORM: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED: Final = frozenset({"definitions", "values", "explain", "query"})
"""Ids that would hide a command or a route."""

TESTS_MAX: Final = 100
CONSTANTS_MAX: Final = 50
YEARS: Final = (1970, 9998)
"""Of `valid_from`: instants at the ends of the calendar have no UTC."""


def _check_id(text: str) -> str:
    if ID_FORM.fullmatch(text) is None:
        raise ValueError(
            f"id {text!r} has another form: use up to 63 small letters, digits and _, "
            "such as setup_share"
        )
    if text in RESERVED:
        raise ValueError(f"id {text!r} is a word of the command line: use another one")
    return text


def _check_printable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains the character #x00: remove it")
    return text


def _parse_valid_from(text: str) -> str:
    """Return the text; raise ValueError where it is no instant."""
    instant_of_text(text)
    return text


def instant_of_text(text: str) -> datetime:
    """Return the instant of a date (its start in UTC) or of RFC 3339 with a time zone."""
    try:
        parsed = (
            datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            if len(text) == len("2026-11-01")
            else datetime.fromisoformat(text)
        )
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ValueError(
            f"valid_from {text!r} is no instant: write 2026-11-01 (00:00 UTC) or "
            "2026-11-01T06:00:00+01:00"
        )
    if not YEARS[0] <= parsed.year <= YEARS[1]:
        raise ValueError(
            f"valid_from {text!r} is outside {YEARS[0]} to {YEARS[1]}: correct the year"
        )
    return parsed.astimezone(UTC)


def _refuse_text(value: Any) -> Any:
    """Raise for a number that YAML reads as a text: without a point, 1e-6 is one."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        raise ValueError(
            f"{value!r} is a text: write the number with a point, such as {number:.1e}"
        )
    return value


Text = Annotated[str, Field(max_length=4000), AfterValidator(_check_printable)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_printable)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False), BeforeValidator(_refuse_text)]
TimingName = Literal["real-time", "periodic", "on demand"]
AudienceName = Literal["operator", "supervisor", "management"]
MethodologyName = Literal["discrete", "batch", "continuous"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnKpiNames(_Part):
    de: Name
    en: Name


class OwnKpiRange(_Part):
    """What values usually lie in; values are never clipped."""

    lower: Number | None = None
    upper: Number | None = None


class OwnKpiTest(_Part):
    """Elements, and the value that the formula must have for them."""

    elements: Mapping[str, Number | None]  # null: not reported
    expected: Number | None  # null: no value
    reason: Text | None = None  # with `expected: null`: a part of the reason


class OwnKpiDocument(_Part):
    """A KPI that a customer defines."""

    id: Annotated[str, AfterValidator(_check_id)]
    names: OwnKpiNames
    description: Name
    subject: str = "equipment"
    unit: Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_check_printable)]
    formula: Text
    constants: Annotated[Mapping[str, Number], Field(max_length=CONSTANTS_MAX)] = {}
    better: Literal["higher", "lower"]
    range: OwnKpiRange = OwnKpiRange()
    scopes: tuple[str, ...] | None = None  # levels; null: all of its subject
    timing: tuple[TimingName, ...] = ("real-time", "periodic", "on demand")
    audience: tuple[AudienceName, ...] = ("operator", "supervisor", "management")
    methodology: tuple[MethodologyName, ...] = ("discrete", "batch", "continuous")
    effect_model: Text = ""
    notes: Text = ""
    valid_from: Annotated[str, AfterValidator(_parse_valid_from)] | None = None  # null: now
    tests: Annotated[tuple[OwnKpiTest, ...], Field(min_length=1, max_length=TESTS_MAX)]

    @property
    def valid_from_us(self) -> int | None:
        if self.valid_from is None:
            return None
        return microseconds_of(instant_of_text(self.valid_from))


def parse_document(source: str | Mapping[str, Any], *, file: str) -> YamlDocument:
    """Return the tree of a YAML text, or of parsed JSON; raise ConfigurationError."""
    if isinstance(source, str):
        parsed = parse_yaml(source, file=file)
    else:
        parsed = YamlDocument(file, dict(source))
    if not isinstance(parsed.tree, dict):
        raise ConfigurationError([f"{file}: is no definition: it begins with `id: setup_share`"])
    return parsed


def read_document(parsed: YamlDocument) -> OwnKpiDocument:
    """Return the document; raise ConfigurationError with all errors, each with its line."""
    try:
        return OwnKpiDocument.model_validate(parsed.tree)
    except ValidationError as error:
        raise ConfigurationError(explain_errors(parsed, (), error, OwnKpiDocument)) from error
