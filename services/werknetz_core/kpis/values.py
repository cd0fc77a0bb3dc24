"""KPI values: elements summed over equipment and window, one statement an equipment, then formulas.

Scopes and periods agree because each is the same formula over a sum; no ratio is ever averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz_core.api.keys import Principal
from werknetz_core.api.platform import Platform
from werknetz_core.api.time import Clockwork, Span, local_text_of, span_of
from werknetz_core.api.tree import Node, Tree
from werknetz_core.api.window import WINDOWS_MAX, clockwork, too_large, windows_of
from werknetz_core.kpis.question import Question

_SUMMED: Final = """
    SELECT w.n, bool_or(e.provisional) AS provisional, max(e.computed_at) AS computed_at, {sums}
    FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
    JOIN elements e ON e.equipment_id = ANY($1::int[])
        AND e.bucket_at >= w.start_at AND e.bucket_at < w.end_at
    GROUP BY w.n
"""
_TRUST: Final = frozenset({"pbt_s", "unknown_s", "late_samples", "samples"})
_NO_DATA: Final = "no data"


@dataclass(frozen=True, slots=True)
class Part:
    """A question about one equipment, with its times read."""

    node: Node
    span: Span
    clock: Clockwork


async def parts_of(question: Question, core: Platform, principal: Principal) -> list[Part]:
    """Read the question against each equipment; raise what is wrong with it."""
    found = []
    for path in question.equipment:
        node = await core.tree.find(path, principal)
        clock = clockwork(core, await core.tree.current(), node, question.tz)
        span = span_of(question.start, question.end, clock).aligned()
        found.append(Part(node, span, clock))
    return found


async def tag_of(question: Question, parts: Sequence[Part], core: Platform) -> str | None:
    """Return the ETag of the answer: watermarks, spans, definitions, equipment and calendars."""
    tree = await core.tree.current()
    facts = (
        tree.version,
        [(kpi.name, kpi.version) for kpi in question.kpis],
        question.granularity,
        question.divisor.value,
        question.shape,
        [(part.span.start_us, part.span.end_us, part.clock.zone.key) for part in parts],
    )
    paths = [part.node.path for part in parts]
    return await core.marks.tag(paths, facts, parts[0].clock.now_us)


async def compute(question: Question, parts: Sequence[Part], core: Platform) -> dict[str, object]:
    tree = await core.tree.current()
    cuts = [windows_of(question.granularity, part.span, part.clock) for part in parts]
    if sum(map(len, cuts)) * len(question.kpis) > WINDOWS_MAX:
        raise too_large("values")
    items: list[dict[str, object]] = []
    any_data = False
    async with core.pool.acquire() as connection:
        for part, windows in zip(parts, cuts, strict=True):
            rows = await _summed(connection, tree, part, windows, question)
            any_data = any_data or bool(rows)
            for number, window in enumerate(windows, start=1):
                items += _values(question, part, window, rows.get(number))
    return {
        "items": items,
        "ranges": [_range(part, windows) for part, windows in zip(parts, cuts, strict=True)],
        "granularity": question.granularity,
        "source": "elements",
        "no_data": not any_data,
    }


async def _summed(
    connection: asyncpg.pool.PoolConnectionProxy,
    tree: Tree,
    part: Part,
    windows: Sequence[Window],
    question: Question,
) -> dict[int, asyncpg.Record]:
    names = _needed(question.kpis)
    rows = await connection.fetch(
        _statement(names),
        tree.ids_below.get(part.node.path, []),
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    return {row["n"]: row for row in rows}


def _needed(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the elements to sum: a formula sees nothing but its inputs, and a test says so."""
    return _TRUST.union(*(kpi.inputs for kpi in kpis))


@lru_cache(maxsize=256)
def _statement(names: frozenset[str]) -> str:
    # Sorted, so that the same question is the same prepared statement.
    return _SUMMED.format(sums=", ".join(f"sum(e.{name}) AS {name}" for name in sorted(names)))


def _elements(names: frozenset[str], row: asyncpg.Record) -> Elements:
    return Elements(**{name: row[name] for name in names})


def _values(
    question: Question, part: Part, window: Window, row: asyncpg.Record | None
) -> list[dict[str, object]]:
    """Return the values of one window, one a KPI."""
    zone = part.clock.zone
    elements = _elements(_needed(question.kpis), row) if row is not None else Elements()
    computed_at: datetime | None = row["computed_at"] if row is not None else None
    shared: dict[str, object] = {
        "equipment": part.node.path,
        "start": local_text_of(window.start_us, zone),
        "end": local_text_of(window.end_us, zone),
        "window": window.name,
        "coverage": elements.coverage,
        "late_share": elements.late_share,
        "provisional": window.end_us > part.clock.now_us or bool(row and row["provisional"]),
        "computed_at": computed_at,
    }
    found = []
    for kpi in question.kpis:
        value, reason = (
            (None, _NO_DATA) if row is None else kpi.compute(elements, divisor=question.divisor)
        )
        found.append(
            {
                **shared,
                "kpi": kpi.name,
                "value": value,
                "reason": reason,
                "unit": kpi.unit.value,
                "definition_version": kpi.version,
                "inputs": {name: getattr(elements, name) for name in kpi.inputs},
            }
        )
    return found


def _range(part: Part, windows: Sequence[Window]) -> dict[str, object]:
    zone = part.clock.zone
    return {
        "equipment": part.node.path,
        "start": local_text_of(windows[0].start_us if windows else part.span.start_us, zone),
        "end": local_text_of(windows[-1].end_us if windows else part.span.end_us, zone),
        "time_zone": zone.key,
    }
