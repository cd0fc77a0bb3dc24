"""An IDoc as a tree of segments, and its lines as flat rows. Pure.

What is empty to SAP (a date of zeros) is empty here, and a minus that follows comes first.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

BESIDE_MAX: Final = 300  # segments beside a line that are shown with it
_MINUS: Final = re.compile(r"(\d+(?:\.\d+)?)-", re.ASCII)
_NO_DATE: Final = "00000000"


@dataclass(slots=True)
class Segment:
    name: str
    fields: dict[str, str] = field(default_factory=dict)
    children: "list[Segment]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A segment that is a record, with what stands above and beside it."""

    name: str
    path: str  # /E1EDL20[1]/E1EDL24[3]
    fields: Mapping[str, Any]


def lines_of(idoc: Segment, rows: Collection[str], qualifiers: Collection[str]) -> Iterator[Line]:
    """Yield the innermost segments of these names, in their order."""
    yield from _walk(idoc, {}, "", frozenset(rows), tuple(qualifiers))


def _walk(
    segment: Segment, above: Mapping[str, Any], path: str, rows: frozenset[str],
    qualifiers: tuple[str, ...],
) -> Iterator[Line]:  # fmt: skip
    holding = {id(child) for child in segment.children if _holds(child, rows)}
    is_line = segment.name in rows and not holding
    if not holding and not is_line:
        return
    beside = [child for child in segment.children if id(child) not in holding]
    around = {**above, **_named(beside, qualifiers)}
    if path:
        around[segment.name] = segment.fields
    if is_line:
        yield Line(segment.name, path, {**around, **segment.fields})
        return
    counts: dict[str, int] = {}
    for child in segment.children:
        number = counts[child.name] = counts.get(child.name, 0) + 1
        if id(child) in holding:
            yield from _walk(child, around, f"{path}/{child.name}[{number}]", rows, qualifiers)


def _holds(segment: Segment, rows: frozenset[str]) -> bool:
    return segment.name in rows or any(_holds(child, rows) for child in segment.children)


def _named(segments: list[Segment], qualifiers: tuple[str, ...]) -> dict[str, Any]:
    """By name and qualifier; where there is none the first by its name, the others numbered."""
    named: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for segment in segments:
        if len(named) >= BESIDE_MAX:
            break
        qualifier = next((segment.fields[q] for q in qualifiers if segment.fields.get(q)), None)
        if qualifier is not None:
            named.setdefault(f"{segment.name}:{qualifier}", segment.fields)
            continue
        number = counts[segment.name] = counts.get(segment.name, 0) + 1
        named[segment.name if number == 1 else f"{segment.name}:{number}"] = segment.fields
    return named


def value_of_field(text: str | None) -> str:
    value = (text or "").strip()
    if value == _NO_DATE:
        return ""
    found = _MINUS.fullmatch(value)
    return value if found is None else f"-{found.group(1)}"
