"""The interface of scopes: equipment, suppliers and warehouses, whose KPI values are computed.

`registry.py` lists them.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from werknetz.domain.shift import local_day
from werknetz.domain.window import Window
from werknetz.kpi.additive import AdditiveElements
from werknetz.kpi.definition import Kpi, KpiSubject
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.query import KpiQuery


@dataclass(frozen=True, slots=True)
class QueryTarget:
    """One equipment, supplier or warehouse of a query, with the parsed times."""

    name: str  # path or key, as in the response
    ids: Sequence[int]  # of the rows that are summed
    span: UtcSpan
    time: TimeContext
    as_of_us: int | None = None  # by what was known then; None: by what is known now


@dataclass(frozen=True, slots=True)
class WindowSums:
    """The summed elements of one target and window."""

    elements: AdditiveElements
    computed_at: datetime | None = None
    provisional: bool = False  # even though the window has ended
    extra_fields: Mapping[str, object] = field(default_factory=dict)
    """Fields of the value beside the numbers, such as the policies that were applied."""
    is_empty: bool = False  # there is no data of a group that the query names
    not_recorded: frozenset[str] = frozenset()
    """Elements that versions of the platform did not have yet, as of the time of the query."""


class Scope(Protocol):
    @property
    def subject(self) -> KpiSubject[Any]: ...

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        """Return the targets that the query names; raise a Problem for what is wrong with it."""
        ...

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Return the ETag of the response; None: it is unknown."""
        ...

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]: ...

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        """Return the sums of each target by the number of the window, from 1."""
        ...


def definition_versions(query: KpiQuery) -> list[tuple[str, int]]:
    """Return the names and versions of the KPIs, for an ETag."""
    return [(kpi.name, kpi.version) for kpi in query.kpis]


def window_rows(
    targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
) -> list[tuple[int, int, date, date]]:
    """Return (number of the target, number of the window, first day, last day)."""
    return [
        (number, n, window.day, local_day(window.end_us - 1, target.time.zone))
        for number, (target, windows) in enumerate(targets)
        for n, window in enumerate(windows, start=1)
    ]


def columns_of_rows(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """Return rows as columns, the arguments of a statement with `unnest`."""
    return [[row[column] for row in rows] for column in range(count)]


def unknown_target(noun: str, key: str, keys: Sequence[str]) -> Problem:
    """Return the 404 for an unknown supplier or warehouse, with similar keys."""
    similar = difflib.get_close_matches(key, keys, n=3, cutoff=0.5)
    hint = (
        Sentence("requests.did_you_mean", near=[*similar])
        if similar
        else Sentence("supply.noun_lists_all", noun=noun)
    )
    return Problem(
        404, f"unknown_{noun}", Sentence("supply.unknown_noun", noun=noun, key=key), hint
    )
