"""Runs a mapping over stored raw input without changing anything: preview and diff."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import instant_of
from werknetz.kpi.plan import PlannedTime
from werknetz.store.session import Database
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.limits.weight import Reads
from werknetz_core.mappings import raw_inputs
from werknetz_core.mappings.comparison import Comparison
from werknetz_core.mappings.impact import MappingResult
from werknetz_core.mappings.normalizer_cache import NormalizerCache
from werknetz_core.mappings.raw_inputs import FIRST_SPOOL_ID, RawPosition, StoredRawInput
from werknetz_core.mappings.replay_normalizer import NormalizedInput, ReplayNormalizer

NEWEST_MAX: Final = 500
READS_OF_COMPARISON: Final = Reads(values=10_000)  # its time budget bounds it


@dataclass(slots=True)
class DryRun:
    """A candidate mapping, compared with the mappings that were active when inputs arrived."""

    mapping: Mapping
    connectors: Sequence[str]
    comparison: Comparison = field(default_factory=Comparison)
    before: MappingResult = field(default_factory=MappingResult)
    after: MappingResult = field(default_factory=MappingResult)
    skipped: int = 0
    next_start: datetime | None = None  # where the time budget ended

    @property
    def reads_of_preview(self) -> Reads:
        return Reads(values=NEWEST_MAX * len(self.connectors))

    async def compare(
        self, database: Database, start: datetime, end: datetime, budget_s: float
    ) -> None:
        """Compare input by input until the end of the span or of the time budget."""
        deadline_s = monotonic() + budget_s
        for connector in self.connectors:
            normalizers = NormalizerCache(connector)
            candidate: ReplayNormalizer | None = None
            position: RawPosition | None = (start, FIRST_SPOOL_ID, -1)
            while position is not None:
                async with database.acquire() as connection:
                    page, position = await raw_inputs.load_page_after(
                        connection, connector, position, end
                    )
                    labels = {raw_input.mapping for raw_input in page}
                    await normalizers.load(connection, labels)
                candidate = candidate or normalizers.create(self.mapping)
                await asyncio.to_thread(self._compare_page, normalizers, candidate, page)
                if position is not None and monotonic() > deadline_s:
                    self.next_start = position[0]
                    return

    def _compare_page(
        self,
        normalizers: NormalizerCache,
        candidate: ReplayNormalizer,
        page: Sequence[StoredRawInput],
    ) -> None:
        for raw_input in page:
            active = normalizers.get(raw_input.mapping)
            if active is None:
                self.skipped += 1
                continue
            before = active.normalize(raw_input.raw_delivery)
            after = candidate.normalize(raw_input.raw_delivery)
            self.comparison.add_input(before, after)
            self.comparison.add_span(raw_input.from_us, raw_input.to_us)
            self.before.add_input(before)
            self.after.add_input(after)

    async def preview(self, database: Database, since: datetime) -> list[NormalizedInput]:
        """Normalize the newest inputs with the candidate; nothing is stored."""
        results: list[NormalizedInput] = []
        for connector in self.connectors:
            normalizers = NormalizerCache(connector)
            async with database.acquire() as connection:
                page = await raw_inputs.load_newest(connection, connector, since, NEWEST_MAX)
                await normalizers.load(connection, set())
            candidate = normalizers.create(self.mapping)
            results += await asyncio.to_thread(self._normalize_page, candidate, page)
        return results

    def _normalize_page(
        self, candidate: ReplayNormalizer, page: Sequence[StoredRawInput]
    ) -> list[NormalizedInput]:
        results = [candidate.normalize(raw_input.raw_delivery) for raw_input in page]
        for raw_input, result in zip(page, results, strict=True):
            self.comparison.add_span(raw_input.from_us, raw_input.to_us)
            self.after.add_input(result)
        return results


def shift_plan_lookup(tree: EquipmentTree) -> Callable[[str, int, int], PlannedTime]:
    """Return the function that reads the shift plan of an equipment from its calendar."""

    def plan(path: str, start_us: int, end_us: int) -> PlannedTime:
        return PlannedTime.of(tree.calendar_history(path).operation_between(start_us, end_us))

    return plan


def optional_instant_of(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant_of(at_us)
