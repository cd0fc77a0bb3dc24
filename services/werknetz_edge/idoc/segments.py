"""An IDoc as a tree of segments, and its lines with all fields. Pure functions.

A date of zeros, SAP's empty date, becomes empty; a trailing minus becomes a leading one.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SIBLINGS_MAX: Final = 300  # sibling segments that a line contains
_MINUS: Final = re.compile(r"(\d+(?:\.\d+)?)-", re.ASCII)
_NO_DATE: Final = "00000000"


@dataclass(slots=True)
class IdocSegment:
    name: str
    fields: dict[str, str] = field(default_factory=dict)
    children: "list[IdocSegment]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IdocLine:
    """A segment that becomes a record, with its parent and sibling segments."""

    name: str
    path: str  # /E1EDL20[1]/E1EDL24[3]
    fields: Mapping[str, Any]
    left_out: int = 0  # sibling segments beyond `SIBLINGS_MAX`, of all levels


def list_lines(
    idoc: IdocSegment, rows: Collection[str], qualifiers: Collection[str]
) -> Iterator[IdocLine]:
    """Yield the innermost segments with names in `rows`, in order."""
    yield from _walk(idoc, {}, "", frozenset(rows), tuple(qualifiers), 0)


def _walk(
    segment: IdocSegment, parents: Mapping[str, Any], path: str, rows: frozenset[str],
    qualifiers: tuple[str, ...], left_out: int,
) -> Iterator[IdocLine]:  # fmt: skip
    containing = {id(child) for child in segment.children if _contains_rows(child, rows)}
    is_line = segment.name in rows and not containing
    if not containing and not is_line:
        return
    siblings = [child for child in segment.children if id(child) not in containing]
    context = {**parents, **_by_name_and_qualifier(siblings[:SIBLINGS_MAX], qualifiers)}
    left_out += max(0, len(siblings) - SIBLINGS_MAX)
    if path:
        context[segment.name] = segment.fields
    if is_line:
        yield IdocLine(segment.name, path, {**context, **segment.fields}, left_out)
        return
    counts: dict[str, int] = {}
    for child in segment.children:
        number = counts[child.name] = counts.get(child.name, 0) + 1
        if id(child) in containing:
            path_of_child = f"{path}/{child.name}[{number}]"
            yield from _walk(child, context, path_of_child, rows, qualifiers, left_out)


def _contains_rows(segment: IdocSegment, rows: frozenset[str]) -> bool:
    return segment.name in rows or any(_contains_rows(child, rows) for child in segment.children)


def _by_name_and_qualifier(
    segments: list[IdocSegment], qualifiers: tuple[str, ...]
) -> dict[str, Any]:
    """Map segments by name and qualifier, and by their number where a name is repeated."""
    fields_by_name: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for segment in segments:
        qualifier = next((segment.fields[q] for q in qualifiers if segment.fields.get(q)), None)
        name = segment.name if qualifier is None else f"{segment.name}:{qualifier}"
        number = counts[name] = counts.get(name, 0) + 1
        fields_by_name[name if number == 1 else f"{name}:{number}"] = segment.fields
    return fields_by_name


def parse_value(text: str | None) -> str:
    value = (text or "").strip()
    if value == _NO_DATE:
        return ""
    match = _MINUS.fullmatch(value)
    return value if match is None else f"-{match.group(1)}"
