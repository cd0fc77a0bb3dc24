"""What lies behind a KPI value, level by level, each bounded: machines, states, signals, losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from werknetz.domain.role import Role
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.store.session import Database
from werknetz.store.tables import connectors, gaps, outages, quarantine, signals
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import ReadSessionDep

COUNTED_MAX: Final = 100_000  # samples of one signal
LOSSES_SHOWN: Final = 50
QUARANTINE_SHOWN: Final = 20
_ROLES: Final = [role.value for role in Role if role.affects_kpis]
Rows = Sequence[sa.RowMapping]

_SUMS: Final = f"""
    SELECT equipment_id, {", ".join(f"sum({name}) AS {name}" for name in ELEMENT_NAMES)}
    FROM elements WHERE equipment_id = ANY($1::int[]) AND bucket_at >= $2 AND bucket_at < $3
    GROUP BY equipment_id
"""  # noqa: S608 - our own names
_STATES: Final = """
    SELECT equipment_id, category, state, count(*) AS pieces,
        sum(extract(epoch FROM end_at - start_at))::float8 / 60 AS minutes
    FROM state_pieces WHERE equipment_id = ANY($1::int[]) AND start_at >= $2 AND start_at < $3
    GROUP BY equipment_id, category, state ORDER BY equipment_id, category, minutes DESC
"""
_SIGNALS: Final = """
    SELECT s.*, first.at AS first_at, final.at AS last_at, few.counted
    FROM signals s
    LEFT JOIN LATERAL (SELECT at FROM samples WHERE signal_id = s.id AND at >= $2 AND at < $3
        ORDER BY at LIMIT 1) AS first ON true
    LEFT JOIN LATERAL (SELECT at FROM samples WHERE signal_id = s.id AND at >= $2 AND at < $3
        ORDER BY at DESC LIMIT 1) AS final ON true
    LEFT JOIN LATERAL (SELECT count(*) AS counted FROM (SELECT FROM samples
        WHERE signal_id = s.id AND at >= $2 AND at < $3 LIMIT $5) AS held)
        AS few ON true
    WHERE s.equipment_id = ANY($1::int[]) AND s.role = ANY($4) ORDER BY s.equipment_id, s.id
"""


@dataclass(frozen=True, slots=True)
class Span:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Machines:
    """By equipment id."""

    sums: dict[int, asyncpg.Record]
    states: dict[int, list[asyncpg.Record]]
    signals: dict[int, list[asyncpg.Record]]


@dataclass(frozen=True, slots=True)
class Losses:
    gap_count: int
    gaps: Rows
    outage_count: int
    outages: Rows
    quarantine_count: int
    quarantine: Rows


async def sums_of(pool: Database, ids: Sequence[int], span: Span) -> dict[int, asyncpg.Record]:
    rows = await pool.fetch(_SUMS, ids, span.start, span.end)
    return {row["equipment_id"]: row for row in rows}


async def machines_of(
    pool: Database, shown: list[int], span: Span, sums: dict[int, asyncpg.Record]
) -> Machines:
    states = await pool.fetch(_STATES, shown, span.start, span.end)
    found = await pool.fetch(_SIGNALS, shown, span.start, span.end, _ROLES, COUNTED_MAX + 1)
    return Machines(sums, _by_equipment(states), _by_equipment(found))


async def losses_of(
    session: ReadSessionDep, principal: Principal, ids: list[int], span: Span
) -> Losses:
    """Return what was lost or not understood by the connectors of the equipment in the span."""
    serving = sa.select(signals.c.connector_id).where(
        signals.c.equipment_id.in_(ids), signals.c.role.in_(_ROLES)
    )
    mine = sa.and_(connectors.c.id.in_(serving), equipment_scope.connector_visible(principal))

    async def first(table: sa.Table, order: Any, limit: int, *where: Any) -> tuple[int, Rows]:
        kept = [column for column in table.c if column.name != "raw"]
        chosen = sa.select(*kept).join(connectors).where(mine, *where)
        count = sa.select(sa.func.count()).select_from(chosen.subquery())
        rows = await session.execute(chosen.order_by(order).limit(limit))
        return (await session.execute(count)).scalar_one(), rows.mappings().all()

    def touching(table: sa.Table) -> sa.ColumnElement[bool]:
        ended = sa.or_(table.c.end_at.is_(None), table.c.end_at > span.start)
        return sa.and_(table.c.start_at < span.end, ended)

    gap_count, gap_rows = await first(gaps, gaps.c.start_at, LOSSES_SHOWN, touching(gaps))
    outage_count, outage_rows = await first(
        outages, outages.c.start_at, LOSSES_SHOWN, touching(outages)
    )
    bad_count, bad_rows = await first(
        quarantine,
        quarantine.c.at,
        QUARANTINE_SHOWN,
        quarantine.c.at >= span.start,
        quarantine.c.at < span.end,
    )
    return Losses(gap_count, gap_rows, outage_count, outage_rows, bad_count, bad_rows)


def _by_equipment(rows: Sequence[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    found: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault(row["equipment_id"], []).append(row)
    return found
