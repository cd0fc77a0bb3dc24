"""What every scope of KPI values does: name its parts, tag them, sum their elements.

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
from werknetz_core.context.time_spec import TimeContext, TimeSpan
from werknetz_core.kpis.query import Question


@dataclass(frozen=True, slots=True)
class Part:
    """A question about one of a scope, with its times read."""

    name: str  # as the answer gives it back: a path, a key
    ids: Sequence[int]  # whose rows are summed
    span: TimeSpan
    clock: TimeContext


@dataclass(frozen=True, slots=True)
class Sums:
    """The elements of one part and window."""

    elements: AdditiveElements
    computed_at: datetime | None = None
    provisional: bool = False  # though its time has passed
    beside: Mapping[str, object] = field(default_factory=dict)
    """What a reader must know with the numbers: the policy that they were measured by."""


class Scope(Protocol):
    @property
    def subject(self) -> KpiSubject[Any]: ...

    async def parts(
        self, question: Question, context: AppContext, principal: Principal
    ) -> list[Part]:
        """Read the question against each that it names; raise what is wrong with it."""
        ...

    async def tag(
        self, question: Question, parts: Sequence[Part], context: AppContext
    ) -> str | None:
        """Return the ETag of the answer; None: it cannot be known."""
        ...

    def windows(self, question: Question, part: Part) -> list[Window]: ...

    async def sums(
        self,
        context: AppContext,
        parts: Sequence[tuple[Part, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, Sums]]:
        """Return the sums of each part, by the number of the window, which begins at 1."""
        ...


def definitions(question: Question) -> list[tuple[str, int]]:
    """Return what of the definitions an ETag depends on."""
    return [(kpi.name, kpi.version) for kpi in question.kpis]
