"""The data behind a KPI value, each with a limit: machines, states, signals, data losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from werknetz.domain.role import Role
from werknetz.store.kpis.kpi_explanation import (
    SIGNALS_BY_MACHINE,
    STATES_BY_MACHINE,
    STATES_BY_MACHINE_AS_OF,
    SUMS_BY_MACHINE,
    SUMS_BY_MACHINE_AS_OF,
)
from werknetz.store.session import Database, ReadSession
from werknetz.store.tables import connectors, gaps, outages, quarantine, signals
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal

SAMPLES_MAX: Final = 100_000  # that are counted of one signal
LOSSES_MAX: Final = 50
QUARANTINE_MAX: Final = 20
_ROLES: Final = [role.value for role in Role if role.affects_kpis]
Rows = Sequence[sa.RowMapping]


@dataclass(frozen=True, slots=True)
class TraceSpan:
    start: datetime
    end: datetime
    as_of: datetime | None = None  # by what was known then; None: by what is known now


@dataclass(frozen=True, slots=True)
class MachineTraces:
    """State times and signals by equipment id."""

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
    database: Database, ids: Sequence[int], span: TraceSpan
) -> dict[int, asyncpg.Record]:
    arguments = (ids, span.start, span.end)
    rows = (
        await database.fetch(SUMS_BY_MACHINE, *arguments)
        if span.as_of is None
        else await database.fetch(SUMS_BY_MACHINE_AS_OF, *arguments, span.as_of)
    )
    return {row["equipment_id"]: row for row in rows}


async def load_machine_traces(
    database: Database, machine_ids: list[int], span: TraceSpan, order_number: str | None
) -> MachineTraces:
    """Load the states of the machines, of one order or of all time, and their signals."""
    arguments = (machine_ids, span.start, span.end)
    states = (
        await database.fetch(STATES_BY_MACHINE, *arguments, order_number)
        if span.as_of is None
        else await database.fetch(STATES_BY_MACHINE_AS_OF, *arguments, span.as_of)
    )
    signal_rows = await database.fetch(
        SIGNALS_BY_MACHINE, machine_ids, span.start, span.end, _ROLES, SAMPLES_MAX + 1
    )
    return MachineTraces(_by_equipment(states), _by_equipment(signal_rows))


async def load_data_losses(
    session: ReadSession, principal: Principal, equipment_ids: list[int], span: TraceSpan
) -> DataLosses:
    """Return gaps, outages and quarantined inputs of the equipment's connectors in the span."""
    connector_ids = sa.select(signals.c.connector_id).where(
        signals.c.equipment_id.in_(equipment_ids), signals.c.role.in_(_ROLES)
    )
    is_visible = sa.and_(
        connectors.c.id.in_(connector_ids), equipment_scope.connector_visible(principal)
    )

    async def load_first(
        table: sa.Table, order: Any, limit: int, *conditions: Any
    ) -> tuple[int, Rows]:
        columns = [column for column in table.c if column.name != "raw"]
        query = sa.select(*columns).join(connectors).where(is_visible, *conditions)
        count = sa.select(sa.func.count()).select_from(query.subquery())
        rows = await session.execute(query.order_by(order).limit(limit))
        return (await session.execute(count)).scalar_one(), rows.mappings().all()

    def overlaps(table: sa.Table) -> sa.ColumnElement[bool]:
        ends_later = sa.or_(table.c.end_at.is_(None), table.c.end_at > span.start)
        return sa.and_(table.c.start_at < span.end, ends_later)

    gap_count, gap_rows = await load_first(gaps, gaps.c.start_at, LOSSES_MAX, overlaps(gaps))
    outage_count, outage_rows = await load_first(
        outages, outages.c.start_at, LOSSES_MAX, overlaps(outages)
    )
    quarantine_count, quarantine_rows = await load_first(
        quarantine,
        quarantine.c.at,
        QUARANTINE_MAX,
        quarantine.c.at >= span.start,
        quarantine.c.at < span.end,
    )
    return DataLosses(
        gap_count, gap_rows, outage_count, outage_rows, quarantine_count, quarantine_rows
    )


def _by_equipment(rows: Sequence[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    by_equipment: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        by_equipment.setdefault(row["equipment_id"], []).append(row)
    return by_equipment
