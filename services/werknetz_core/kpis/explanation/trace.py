"""What lies behind a KPI value, level by level, each bounded: machines, states, signals, losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from werknetz.domain.role import Role
from werknetz.store.queries.kpi_explanation import (
    SIGNALS_BY_MACHINE,
    STATES_BY_MACHINE,
    SUMS_BY_MACHINE,
)
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
class DataLosses:
    gap_count: int
    gaps: Rows
    outage_count: int
    outages: Rows
    quarantine_count: int
    quarantine: Rows


async def load_sums_by_machine(
    pool: Database, ids: Sequence[int], span: Span
) -> dict[int, asyncpg.Record]:
    rows = await pool.fetch(SUMS_BY_MACHINE, ids, span.start, span.end)
    return {row["equipment_id"]: row for row in rows}


async def load_machine_trace(
    pool: Database, shown: list[int], span: Span, sums: dict[int, asyncpg.Record]
) -> Machines:
    states = await pool.fetch(STATES_BY_MACHINE, shown, span.start, span.end)
    found = await pool.fetch(
        SIGNALS_BY_MACHINE, shown, span.start, span.end, _ROLES, COUNTED_MAX + 1
    )
    return Machines(sums, _by_equipment(states), _by_equipment(found))


async def load_data_losses(
    session: ReadSessionDep, principal: Principal, ids: list[int], span: Span
) -> DataLosses:
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
    return DataLosses(gap_count, gap_rows, outage_count, outage_rows, bad_count, bad_rows)


def _by_equipment(rows: Sequence[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    found: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault(row["equipment_id"], []).append(row)
    return found
