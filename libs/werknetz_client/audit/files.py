"""Files of the audit log: NDJSON and CSV with hashes, verified without the server.

A line of NDJSON holds `seq`, `previous`, `hash` and `entry`, an object. A CSV file has the columns
of an entry to read, and the text that its hash covers in the column `entry`.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TextIO

from werknetz_client.audit.chain import Link, Seal
from werknetz_client.errors import WerknetzError

COLUMNS: Final = (
    "id", "at", "by", "action", "subject", "subject_id", "equipment", "before", "after", "reason",
    "address", "client", "trace_id",
)  # fmt: skip
CHAIN_COLUMNS: Final = ("seq", "previous", "hash")
_ENTRY: Final = "entry"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute such a cell
_FIELD_MAX: Final = 100_000_000


class AuditFileRejected(WerknetzError):
    """A file is not an export of the audit log."""


class _Number(str):
    """A number of JSON as it is written: 1.50 is not 1.5 to a hash."""

    __slots__ = ()


def write_ndjson(links: Iterable[Link], file: TextIO) -> Seal | None:
    """Write a line for each link; return the last seal, None of an empty chain."""
    last = None
    for link in links:
        seal = f'"seq": {link.seq}, "previous": "{link.previous}", "hash": "{link.hash}"'
        file.write(f'{{{seal}, "entry": {link.entry or "null"}}}\n')
        last = link.seal
    return last


def write_csv(links: Iterable[Link], file: TextIO) -> Seal | None:
    """Write a header and a row for each link; return the last seal, None of an empty chain."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow((*CHAIN_COLUMNS, *COLUMNS, _ENTRY))
    last = None
    for link in links:
        row = (
            str(link.seq),
            link.previous,
            link.hash,
            *_cells(link.entry).values(),
            link.entry or "",
        )
        writer.writerow(row)
        last = link.seal
    return last


def read_links(path: Path) -> Iterator[Link]:
    """Yield the links of a file that `werknetz audit export` wrote.

    Raises AuditFileRejected with the line where the file is no such file, OSError if it cannot be
    read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        try:
            yield from _read_csv(file) if path.suffix.lower() == ".csv" else _read_ndjson(file)
        except UnicodeDecodeError as error:
            raise AuditFileRejected(f"{path}: it is not UTF-8 text.", _HINT) from error


_HINT: Final = "Give a file of `werknetz audit export`: NDJSON, or CSV with the ending .csv."


def _read_ndjson(file: TextIO) -> Iterator[Link]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(
                line, parse_int=_Number, parse_float=_Number, object_pairs_hook=_unique
            )
            entry = row[_ENTRY]
            yield _link(
                row["seq"], row["previous"], row["hash"],
                None if entry is None else jsonb_text(entry),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _reject(number, error) from error


def _read_csv(file: TextIO) -> Iterator[Link]:
    # The limit holds for the whole process, in which others read tables, too.
    former_limit = csv.field_size_limit(_FIELD_MAX)
    reader = csv.DictReader(file, strict=True)
    try:
        for row in reader:
            entry = row[_ENTRY] or None
            if entry is not None and any(row[k] != cell for k, cell in _cells(entry).items()):
                entry += " differs from the cells that people read"
            yield _link(row["seq"], row["previous"], row["hash"], entry)
    except (csv.Error, ValueError, KeyError, TypeError) as error:
        raise _reject(reader.line_num, error) from error
    finally:
        csv.field_size_limit(former_limit)


def _link(seq: str, previous: str, digest: str, entry: str | None) -> Link:
    for text in (previous, digest):
        if len(bytes.fromhex(text)) != 32:
            raise ValueError(f"{text!r} is not a hash")
    entry_id = _id_of(entry)
    return Link(int(seq), previous, digest, entry_id, entry)


def _id_of(entry: str | None) -> int:
    value = None if entry is None else json.JSONDecoder().raw_decode(entry)[0].get("id")
    return value if isinstance(value, int) else 0


def _reject(number: int, error: Exception) -> AuditFileRejected:
    detail = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return AuditFileRejected(f"line {number} is no entry of the audit log: {detail}.", _HINT)


def _cells(entry: str | None) -> dict[str, str]:
    """Return what the columns show of an entry: documents as JSON, no value as an empty cell."""
    values = {} if entry is None else json.loads(entry, parse_int=_Number, parse_float=_Number)
    return {name: _cell(values.get(name)) for name in COLUMNS}


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else jsonb_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; raise ValueError for a name that is there twice, which hides a value."""
    names = sorted(name for name, _ in pairs)
    for name, following in pairwise(names):
        if name == following:
            raise ValueError(f"the name {name!r} is there twice")
    return dict(pairs)


def jsonb_text(value: Any) -> str:
    """Return a value of JSON as PostgreSQL prints jsonb: names by length, then by bytes."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        members = (f"{json.dumps(n, ensure_ascii=False)}: {jsonb_text(value[n])}" for n in names)
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(jsonb_text, value))}]"
    return json.dumps(value, ensure_ascii=False)
