"""The forms in which items are given: JSON, NDJSON, CSV, by `format=` or by `Accept`.

CSV is read by spreadsheets, which take a text that begins with `=`, `+`, `-`, `@` for a formula:
such a text gets an apostrophe before it. Numbers stay numbers.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

Item = Mapping[str, object]
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_json: Final = msgspec.json.Encoder()


class Format(StrEnum):
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


class CsvDialect(StrEnum):
    STANDARD = "standard"  # RFC 4180: comma, decimal point
    EXCEL_DE = "excel-de"  # semicolon, decimal comma, byte order mark


MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8",
}
_ACCEPTED: Final[Mapping[str, Format]] = {
    "application/json": Format.JSON,
    "application/x-ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "text/csv": Format.CSV,
    "application/*": Format.JSON,
    "*/*": Format.JSON,
}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    format: Format = Format.JSON
    dialect: CsvDialect = CsvDialect.STANDARD

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]


JSON_OUTPUT: Final = OutputFormat()


def negotiate(accept: str | None) -> Format:
    """Return what an Accept header likes best of what there is; nothing of it: JSON."""
    if accept is None or accept == "*/*":
        return Format.JSON
    best, best_weight = Format.JSON, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        found, weight = _ACCEPTED.get(name), _weight(parameters)
        if found is not None and weight > best_weight:
            best, best_weight = found, weight
    return best


def render(items: Iterable[Item], names: Sequence[str], form: OutputFormat) -> bytes:
    """Return the items as NDJSON or CSV, with these columns in this order."""
    if form.format is Format.NDJSON:
        return b"".join(_json.encode({n: item.get(n) for n in names}) + b"\n" for item in items)
    german = form.dialect is CsvDialect.EXCEL_DE
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if german else ",", lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(item.get(name), german=german) for name in names] for item in items)
    return buffer.getvalue().encode("utf-8-sig" if german else "utf-8")


def _cell(value: object, *, german: bool) -> str:
    match value:
        case None:
            return ""
        case float() if math.isfinite(value):
            return repr(value).replace(".", ",") if german else repr(value)
        case float():
            return ""  # as JSON says null
        case str():
            return f"'{value}" if value.startswith(_DANGEROUS) else value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return _json.encode(value).decode()


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
