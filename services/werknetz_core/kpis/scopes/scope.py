"""What every scope of KPI values does: name its targets, tag them, sum their elements.

A scope is whose values are asked: equipment, suppliers, warehouses. `scopes.py` lists them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from werknetz.domain.window import Window
from werknetz.kpi.additive import AdditiveElements
from werknetz.kpi.definition import Kpi, KpiSubject
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan
from werknetz_core.kpis.query import KpiQuery


@dataclass(frozen=True, slots=True)
class QueryTarget:
    """A query about one of a scope, with its times read."""

    name: str  # as the answer gives it back: a path, a key
    ids: Sequence[int]  # whose rows are summed
    span: UtcSpan
    time: TimeContext


@dataclass(frozen=True, slots=True)
class WindowSums:
    """The elements of one target and window."""

    elements: AdditiveElements
    computed_at: datetime | None = None
    provisional: bool = False  # though its time has passed
    extra_fields: Mapping[str, object] = field(default_factory=dict)
    """What a reader must know with the numbers: the policy that they were measured by."""


class Scope(Protocol):
    @property
    def subject(self) -> KpiSubject[Any]: ...

    async def targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        """Read the query against each that it names; raise what is wrong with it."""
        ...

    async def tag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Return the ETag of the answer; None: it cannot be known."""
        ...

    def windows(self, query: KpiQuery, target: QueryTarget) -> list[Window]: ...

    async def sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        """Return the sums of each target, by the number of the window, which begins at 1."""
        ...


def definition_versions(query: KpiQuery) -> list[tuple[str, int]]:
    """Return what of the definitions an ETag depends on."""
    return [(kpi.name, kpi.version) for kpi in query.kpis]
