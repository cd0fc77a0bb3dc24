"""Output formats of a list: JSON, NDJSON or CSV, chosen by `format=` or by `Accept`.

Spreadsheets interpret a CSV text that begins with `=`, `+`, `-` or `@` as a formula, so such a
text is prefixed with an apostrophe. Numbers are not changed.
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
_FORMULA_PREFIXES: Final = ("=", "+", "-", "@", "\t", "\r")
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
_FORMATS: Final[Mapping[str, Format]] = {
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
    """Return the supported format that an Accept header prefers; JSON if it names none."""
    if accept is None or accept == "*/*":
        return Format.JSON
    best, best_weight = Format.JSON, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        candidate, weight = _FORMATS.get(name), _quality_of(parameters)
        if candidate is not None and weight > best_weight:
            best, best_weight = candidate, weight
    return best


def render(items: Iterable[Item], names: Sequence[str], output: OutputFormat) -> bytes:
    """Encode the items as NDJSON or CSV, with these columns in this order."""
    if output.format is Format.NDJSON:
        return b"".join(_json.encode({n: item.get(n) for n in names}) + b"\n" for item in items)
    german = output.dialect is CsvDialect.EXCEL_DE
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if german else ",", lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_to_cell(item.get(name), german=german) for name in names] for item in items)
    return buffer.getvalue().encode("utf-8-sig" if german else "utf-8")


def _to_cell(value: object, *, german: bool) -> str:
    match value:
        case None:
            return ""
        case float() if math.isfinite(value):
            return repr(value).replace(".", ",") if german else repr(value)
        case float():
            return ""  # null in JSON
        case str():
            return f"'{value}" if value.startswith(_FORMULA_PREFIXES) else value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case _:
            return _json.encode(value).decode()


def _quality_of(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
