"""Starved time that another system (a MES) or a person reports, combined with the machine's own.

Each minute counts once. Where the machine reports only suspended, the other report decides.
"""

from collections import defaultdict
from collections.abc import Sequence

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.kpi.stock.supply_caused import Span, merge_spans, subtract_spans
from werknetz.store.queries.supply_caused import REPORTED_STARVATION
from werknetz.store.session import ReadConnection

StatePiece = tuple[int, int, int, int]  # machine, start, end, state


async def load_reported_starvation(
    connection: ReadConnection, machine_ids: Sequence[int], start_us: int, end_us: int
) -> dict[int, list[Span]]:
    """Return the reported starved time by machine, within the span.

    Reports of up to one day before the span are considered.
    """
    rows = await connection.fetch(
        REPORTED_STARVATION, machine_ids, instant_of(start_us), instant_of(end_us)
    )
    reported: dict[int, list[Span]] = defaultdict(list)
    for machine, at, until_us in rows:
        since = max(microseconds_of(at), start_us)
        until = end_us if until_us is None else min(until_us, end_us)
        if since < until:
            reported[machine].append((since, until))
    return reported


def merge_reported(
    pieces: Sequence[StatePiece], reported: dict[int, list[Span]]
) -> list[StatePiece]:
    """Return the machines' starved and suspended time with the reported starved time."""
    if not reported:
        return [*pieces]
    merged: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for machine, since, until, state in pieces:
        merged[machine, state].append((since, until))
    starved, suspended = int(MachineState.STARVED), int(MachineState.SUSPENDED)
    for machine, spans in reported.items():
        merged[machine, starved] = merge_spans([*merged[machine, starved], *spans])
        merged[machine, suspended] = subtract_spans(merged[machine, suspended], spans)
    return [
        (machine, since, until, state)
        for (machine, state), spans in sorted(merged.items())
        for since, until in spans
    ]
