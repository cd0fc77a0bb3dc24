"""Sums of elements by five minutes: stored buckets, divided by states and counters.

Nothing is stored by five minutes. A value reads what lies in its span, so the span is limited.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.domain.role import Role
from werknetz.domain.rollup import widen_to_buckets
from werknetz.domain.window import Window
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.kpi.faults import FAULTS
from werknetz.kpi.timeline.thirds import (
    NOTHING,
    PART_US,
    PARTS,
    BucketFacts,
    StoredPiece,
    Weights,
    divide,
)
from werknetz.store.elements import five_minutes as statements
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.facts import FACT_NAMES
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums

BUCKETS_MAX: Final = 2_500  # equipment × quarters of an hour
_ROLES: Final = [role.value for role in Role if role.is_counter]
_READ: Final = [*_ROLES, Role.PLANNED_RUN_TIME.value]
_Parts = dict[tuple[int, int], dict[Role, list[float]]]  # by equipment and part


def is_divided(windows: Sequence[Window]) -> bool:
    """Return whether windows are shorter than the buckets that are stored."""
    return bool(windows) and windows[0].end_us - windows[0].start_us < BUCKET_US


def refuse_more_than_division(query: KpiQuery, target: QueryTarget) -> None:
    """Raise a Problem where values by five minutes are not possible: they divide buckets."""
    for name, value in (
        ("as_of", query.as_of), ("rolling", query.rolling), ("group_by", query.grouping),
    ):  # fmt: skip
        if value is not None:
            raise invalid_parameter(
                name,
                Sentence("kpis.five_minutes_without", name=name),
                Sentence("kpis.leave_out_or_15m", name=name),
            )
    if of_facts := [k.name for k in query.kpis if not FACT_NAMES.isdisjoint(k.inputs)]:
        raise invalid_parameter(
            "granularity",
            Sentence("kpis.five_minutes_not_possible", kpis=[*of_facts]),
            Sentence("kpis.use_15m"),
        )
    start_us, end_us = target.span.start_us, target.span.end_us
    quarters = -(-(end_us - start_us) // BUCKET_US)
    if len(target.ids) * quarters > BUCKETS_MAX:
        raise Problem(
            422,
            "query_too_large",
            Sentence(
                "kpis.five_minutes_too_large",
                number=len(target.ids),
                quarters=quarters,
                maximum=BUCKETS_MAX,
            ),
            Sentence("kpis.ask_for_hours", hours=BUCKETS_MAX / len(target.ids) / 4),
        )


async def load_divided_sums(
    connection: ReadConnection, target: QueryTarget, windows: Sequence[Window],
    names: frozenset[str],
) -> dict[int, WindowSums]:  # fmt: skip
    """Return the sums of a target by the number of the window, from 1; without data no entry."""
    start_us, end_us = widen_to_buckets(windows[0].start_us, windows[-1].end_us)
    span = list(target.ids), instant_of(start_us), instant_of(end_us)
    rows = await connection.fetch(statements.elements_by_bucket(names), *span)
    pieces = _pieces_by_bucket(await connection.fetch(statements.PIECES, *span))
    counted, run_times = _counted_by_part(
        await connection.fetch(statements.VALUES_AT_EDGES, *span, _READ),
        await connection.fetch(statements.INCREMENTS, *span, _ROLES),
    )
    numbers = {window.start_us: number for number, window in enumerate(windows, start=1)}
    sums: dict[int, dict[str, float]] = defaultdict(lambda: dict.fromkeys(names, 0.0))
    trust: dict[int, tuple[bool, datetime]] = {}
    for row in rows:
        bucket_us = microseconds_of(row["bucket_at"])
        first = (bucket_us - start_us) // PART_US + 1
        of_bucket = pieces.get((row["equipment_id"], bucket_us), [])
        until_us = min(bucket_us + BUCKET_US, target.time.now_us)
        if row["provisional"] and of_bucket:
            until_us = min(until_us, of_bucket[-1].end_us)
        facts = BucketFacts(
            bucket_us,
            until_us,
            of_bucket,
            _weights_of(counted, row["equipment_id"], first),
            _run_times_of(run_times, row["equipment_id"], first),
        )
        parts = divide({name: row[name] for name in names}, facts)
        for n, part in enumerate(parts):
            number = numbers.get(bucket_us + n * PART_US)
            if number is None:
                continue
            for name, value in part.items():
                sums[number][name] += value
            before = trust.get(number, (False, row["computed_at"]))
            trust[number] = (
                before[0] or row["provisional"], max(before[1], row["computed_at"]),
            )  # fmt: skip
    return {
        number: WindowSums(EquipmentElements(**values), trust[number][1], trust[number][0])
        for number, values in sums.items()
    }


def _pieces_by_bucket(
    rows: Iterable[asyncpg.Record],
) -> dict[tuple[int, int], list[StoredPiece]]:
    pieces: dict[tuple[int, int], list[StoredPiece]] = {}
    last: tuple[int, int, bool] | None = None  # equipment and end of the piece before: a fault?
    for row in rows:
        start_us, end_us, is_fault = row["start_us"], row["end_us"], row["state"] in FAULTS
        begins = last != (row["equipment_id"], start_us, is_fault)
        key = row["equipment_id"], start_us - start_us % BUCKET_US
        pieces.setdefault(key, []).append(
            StoredPiece(start_us, end_us, row["state"], row["category"], row["has_order"], begins)
        )
        last = row["equipment_id"], end_us, is_fault
    return pieces


def _counted_by_part(
    at_edges: Iterable[asyncpg.Record], increments: Iterable[asyncpg.Record]
) -> tuple[_Parts, dict[tuple[int, int], float]]:
    """Return what counters counted in each part, numbered from 1, and planned run times.

    A fall counts the new value: the counter began again. The bucket's own sum is right anyway.
    """
    counted: _Parts = defaultdict(dict)
    run_times: dict[tuple[int, int], float] = {}
    last: tuple[int, float] | None = None
    for row in at_edges:
        equipment, role, n = row["equipment_id"], Role(row["role"]), row["n"] - 1
        if role is Role.PLANNED_RUN_TIME:
            run_times[equipment, n] = row["value"]
            continue
        if last is not None and last[0] == row["id"]:
            rise = row["value"] - last[1]
            _add(counted, equipment, n, role, rise if rise >= 0 else max(row["value"], 0.0))
        last = row["id"], row["value"]
    for row in increments:
        _add(counted, row["equipment_id"], row["n"], Role(row["role"]), max(row["value"], 0.0))
    return counted, run_times


def _add(counted: _Parts, equipment: int, part: int, role: Role, value: float) -> None:
    counted[equipment, part].setdefault(role, []).append(value)


def _weights_of(counted: _Parts, equipment: int, first: int) -> dict[Role, Weights]:
    parts = [counted.get((equipment, first + n), {}) for n in range(PARTS)]
    roles = {role for part in parts for role in part}
    return {
        role: (_total(parts[0], role), _total(parts[1], role), _total(parts[2], role))
        for role in roles
    }


def _total(part: Mapping[Role, Sequence[float]], role: Role) -> float:
    return sum(part.get(role, ()))


def _run_times_of(
    run_times: Mapping[tuple[int, int], float], equipment: int, first: int
) -> Weights:
    values = [run_times.get((equipment, first + n), 0.0) for n in range(PARTS)]
    return (values[0], values[1], values[2]) if all(value > 0 for value in values) else NOTHING
