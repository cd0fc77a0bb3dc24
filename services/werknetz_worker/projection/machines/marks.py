"""The buckets that reports change. A state goes on in the carry, so its edges suffice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.kpi.stops.thresholds import MINOR_STOP_US
from werknetz.store import dirty
from werknetz.store.projection import machine_reports as statements
from werknetz.store.session import WriteConnection

SPAN_MAX_US: Final = 400 * 86_400_000_000
"""As far back as empty buckets are filled: no report reaches over more."""

Firsts = Mapping[int, datetime | None]


@dataclass
class MachineMarks:
    buckets: set[tuple[int, int]] = field(default_factory=set)  # machine, number of the bucket
    orders: set[tuple[int, str]] = field(default_factory=set)
    machines: set[int] = field(default_factory=set)
    now_us: int = field(default_factory=lambda: microseconds_of(datetime.now(UTC)))

    def add_instant(self, machine: int, at: datetime) -> None:
        """Mark an instant, which may end a bucket, and a fault that ends at it."""
        at_us = microseconds_of(at)
        self.machines.add(machine)
        self.buckets |= {
            (machine, us // BUCKET_US) for us in (at_us, at_us - 1, at_us - MINOR_STOP_US)
        }

    def add_span(self, machine: int, start: datetime, end: datetime | None) -> None:
        """Mark every bucket of a span up to now."""
        start_us = microseconds_of(start)
        end_us = self.now_us if end is None else min(microseconds_of(end), self.now_us)
        end_us = min(end_us, start_us + SPAN_MAX_US)
        self.add_instant(machine, start)
        if end is not None:
            self.add_instant(machine, end)
        self.buckets |= {
            (machine, number) for number in range(start_us // BUCKET_US, end_us // BUCKET_US + 1)
        }

    def add_report(self, machine: int, kind: str, at: datetime, until: datetime | None) -> None:
        if kind == "attendance_recorded":
            self.add_span(machine, at, until)
            return
        for instant in (at, until):
            if instant is not None:
                self.add_instant(machine, instant)

    def add_run(
        self, machine: int, order: str, started: datetime | None, ended: datetime | None
    ) -> None:
        self.orders.add((machine, order))
        if started is not None and ended is not None:
            self.add_span(machine, started, ended)
        for instant in (started, ended):
            if instant is not None:
                self.add_instant(machine, instant)

    async def load_first(
        self, connection: WriteConnection, events: Sequence[UUID], machines: Iterable[int]
    ) -> Firsts:
        """Return the first report of each machine that the events are or were about."""
        before = await connection.fetch(statements.MACHINES_OF_EVENTS, events)
        ids = sorted({*machines, *(row["equipment_id"] for row in before)})
        rows = await connection.fetch(statements.FIRST_REPORTS, ids)
        return {row["id"]: row["first_at"] for row in rows}

    async def write(self, connection: WriteConnection, first_before: Firsts) -> None:
        """Mark the buckets, with those between the former first report and the new one."""
        if not self.machines:
            return
        for row in await connection.fetch(statements.FIRST_REPORTS, sorted(self.machines)):
            self._add_first(row["id"], first_before.get(row["id"]), row["first_at"])
        orders = sorted(self.orders)
        for machine, at in await connection.fetch(
            statements.OTHER_INSTANTS_OF_ORDERS, [m for m, _ in orders], [o for _, o in orders]
        ):
            self.add_instant(machine, at)
        marked = sorted(self.buckets)
        await connection.execute(
            dirty.MARK_BUCKETS, [machine for machine, _ in marked], [n for _, n in marked]
        )

    def _add_first(self, machine: int, before: datetime | None, after: datetime | None) -> None:
        if before == after:
            return
        instants = [at for at in (before, after) if at is not None]
        end = max(instants) if len(instants) > 1 else None
        self.add_span(machine, min(instants), end)
