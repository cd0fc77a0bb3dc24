"""A mapping tried over kept raw input, without a change to anything: preview and diff."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import instant_of
from werknetz.domain.shift import shifts_between
from werknetz.kpi.plan import ShiftPlan
from werknetz.store.session import Database
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.mappings import raw_inputs
from werknetz_core.mappings.comparison import Comparison
from werknetz_core.mappings.impact import Side
from werknetz_core.mappings.raw_inputs import BEFORE_ALL, Kept, Place
from werknetz_core.mappings.replay import Namers
from werknetz_core.mappings.replay_namer import Named, Namer

NEWEST_MAX: Final = 500


@dataclass(slots=True)
class Trial:
    """The candidate beside what was in force, over the connectors that use it."""

    mapping: Mapping
    connectors: Sequence[str]
    comparison: Comparison = field(default_factory=Comparison)
    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    skipped: int = 0
    next_start: datetime | None = None  # where the budget ended

    async def diff(
        self, pool: Database, start: datetime, end: datetime, budget_s: float
    ) -> None:
        """Compare input by input until all is read or the budget has ended."""
        until = monotonic() + budget_s
        for connector in self.connectors:
            known, target = Namers(connector), Namer(self.mapping, connector)
            place: Place | None = (start, BEFORE_ALL, -1)
            while place is not None:
                async with pool.acquire() as proxy:
                    connection: Any = proxy  # the pool's stand-in for the connection that it is
                    page, place = await raw_inputs.after(connection, connector, place, end)
                    labels = {each.mapping for each in page}
                    await known.load(connection, labels)
                await asyncio.to_thread(self._compare, known, target, page)
                if place is not None and monotonic() > until:
                    self.next_start = place[0]
                    return

    def _compare(self, known: Namers, target: Namer, page: Sequence[Kept]) -> None:
        for each in page:
            before = known.get(each.mapping)
            if before is None:
                self.skipped += 1
                continue
            was, will = before.name(each.opened), target.name(each.opened)
            self.comparison.feed(was, will)
            self.comparison.span(each.from_us, each.to_us)
            self.before.feed(was)
            self.after.feed(will)

    async def preview(self, pool: Database, since: datetime) -> list[Named]:
        """Name the newest inputs: what would be stored now."""
        found: list[Named] = []
        for connector in self.connectors:
            async with pool.acquire() as connection:
                page = await raw_inputs.newest(connection, connector, since, NEWEST_MAX)
            found += await asyncio.to_thread(self._name, connector, page)
        return found

    def _name(self, connector: str, page: Sequence[Kept]) -> list[Named]:
        target = Namer(self.mapping, connector)
        named = [target.name(each.opened) for each in page]
        for each, said in zip(page, named, strict=True):
            self.comparison.span(each.from_us, each.to_us)
            self.after.feed(said)
        return named


def plan_of(tree: EquipmentTree) -> Callable[[str, int, int], ShiftPlan]:
    """Return what the calendars plan for an equipment, or for what is above it."""

    def plan(path: str, start_us: int, end_us: int) -> ShiftPlan:
        calendar: Any = tree.calendar_of(path, start_us)
        if calendar is None:
            return ShiftPlan.always()
        return ShiftPlan.of(shifts_between(calendar, start_us, end_us))

    return plan


def instant(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
