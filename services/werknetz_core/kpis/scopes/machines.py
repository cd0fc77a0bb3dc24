"""KPI values of equipment of any level: elements of its machines, one statement an equipment.

Made to be polled: path, zone and calendar come out of memory, and the tag out of Redis.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import EQUIPMENT, Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.session import ReadConnection
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of, windows_of
from werknetz_core.kpis.query import Question
from werknetz_core.kpis.scopes.scope import Part, Sums, definitions

_SUMMED: Final = """
    SELECT w.n, bool_or(e.provisional) AS provisional, max(e.computed_at) AS computed_at, {sums}
    FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS w(start_at, end_at, n)
    JOIN elements e ON e.equipment_id = ANY($1::int[])
        AND e.bucket_at >= w.start_at AND e.bucket_at < w.end_at
    GROUP BY w.n
"""
_TRUST: Final = frozenset({"pbt_s", "unknown_s", "late_samples", "samples"})


class Machines:
    subject = EQUIPMENT

    async def parts(
        self, question: Question, context: AppContext, principal: Principal
    ) -> list[Part]:
        found = []
        for path in question.names:
            node = await context.tree.find_node(path, principal)
            tree = await context.tree.current()
            clock = time_context_of(context, tree, node, question.tz)
            span = parse_span(question.start, question.end, clock).to_buckets()
            found.append(Part(node.path, tree.ids_below.get(node.path, []), span, clock))
        return found

    async def tag(
        self, question: Question, parts: Sequence[Part], context: AppContext
    ) -> str | None:
        """Return a tag of watermarks, spans, definitions, equipment and calendars."""
        tree = await context.tree.current()
        facts = (
            tree.version,
            definitions(question),
            question.granularity,
            question.divisor.value,
            question.shape,
            [(part.span.start_us, part.span.end_us, part.clock.zone.key) for part in parts],
        )
        paths = [part.name for part in parts]
        return await context.watermarks.etag_of(paths, facts, parts[0].clock.now_us)

    def windows(self, question: Question, part: Part) -> list[Window]:
        return windows_of(question.granularity, part.span, part.clock)

    async def sums(
        self,
        context: AppContext,
        parts: Sequence[tuple[Part, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, Sums]]:
        names = needed(kpis)
        async with context.database.acquire() as connection:
            return [await _summed(connection, part, windows, names) for part, windows in parts]


async def _summed(
    connection: ReadConnection,
    part: Part,
    windows: Sequence[Window],
    names: frozenset[str],
) -> dict[int, Sums]:
    rows = await connection.fetch(
        _statement(names),
        part.ids,
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    return {
        row["n"]: Sums(
            Elements(**{name: row[name] for name in names}),
            row["computed_at"],
            bool(row["provisional"]),
        )
        for row in rows
    }


def needed(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the elements to sum: a formula sees nothing but its inputs, and a test says so."""
    return _TRUST.union(*(kpi.inputs for kpi in kpis))


@lru_cache(maxsize=256)
def _statement(names: frozenset[str]) -> str:
    # Sorted, so that the same question is the same prepared statement.
    return _SUMMED.format(sums=", ".join(f"sum(e.{name}) AS {name}" for name in sorted(names)))
