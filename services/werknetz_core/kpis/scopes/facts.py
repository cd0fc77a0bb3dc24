"""Sums of facts over windows: the inputs of equipment KPIs that no worker computes."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from werknetz.domain.bucket import TIME_MAX_US, instant_of
from werknetz.domain.window import Window
from werknetz.kpi.facts.elements import FACT_ELEMENT_NAMES
from werknetz.kpi.facts.personnel import MachineAttendance, sum_personnel
from werknetz.store.kpis import kpi_facts as statements
from werknetz.store.session import ReadConnection

ROLE_OF_ELEMENT: Final[Mapping[str, str]] = {
    "igq": "integrated_good",
    "pl": "production_loss",
    "stl": "storage_loss",
    "ol": "other_loss",
    "psq": "planned_scrap",
}
"""Elements that people enter, with the role of the entry."""


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Machines, ascending windows that do not overlap, and the instants that a query means."""

    ids: Sequence[int]
    windows: Sequence[Window]
    now_us: int
    as_of: datetime | None = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        starts = [instant_of(window.start_us) for window in self.windows]
        ends = [instant_of(window.end_us) for window in self.windows]
        return list(self.ids), starts, ends, self.as_of or instant_of(TIME_MAX_US)


FactSums = dict[int, dict[str, float]]
"""Elements by the number of the window, from 1."""

_Loader = Callable[[ReadConnection, FactQuery], Coroutine[Any, Any, FactSums]]


async def load_fact_sums(
    connection: ReadConnection, query: FactQuery, names: frozenset[str]
) -> FactSums:
    """Return the requested fact elements of each window that has any; others are 0."""
    summed: FactSums = {}
    for elements, load in _LOADERS.items():
        if names.isdisjoint(elements):
            continue
        for number, values in (await load(connection, query)).items():
            summed.setdefault(number, {}).update(values)
    return summed


def _by_statement(statement: str, names: Sequence[str], *, has_history: bool = True) -> _Loader:
    async def load(connection: ReadConnection, query: FactQuery) -> FactSums:
        *now, as_of = query.arguments
        rows = await connection.fetch(statement, *now, *([as_of] if has_history else []))
        return {row["n"]: {name: float(row[name]) for name in names} for row in rows}

    return load


async def _load_entries(connection: ReadConnection, query: FactQuery) -> FactSums:
    rows = await connection.fetch(
        statements.ENTERED_QUANTITIES, *query.arguments, list(ROLE_OF_ELEMENT.values())
    )
    element_of = {role: element for element, role in ROLE_OF_ELEMENT.items()}
    summed: FactSums = {}
    for row in rows:
        element = element_of[row["role"]]
        summed.setdefault(row["n"], {}).update(
            {element: row["quantity"], f"{element}_entries": row["entries"]}
        )
    return summed


async def _load_personnel(connection: ReadConnection, query: FactQuery) -> FactSums:
    if not query.windows:
        return {}
    rows = await connection.fetch(
        statements.ATTENDANCE, list(query.ids), instant_of(query.windows[0].start_us),
        instant_of(query.windows[-1].end_us), instant_of(query.now_us),
    )  # fmt: skip
    spans = [(window.start_us, window.end_us) for window in query.windows]
    summed = sum_personnel((MachineAttendance(*row) for row in rows), spans)
    return {
        number: {
            "attendances": float(sums.attendances), "apat_s": sums.apat_s, "apwt_s": sums.apwt_s,
        }
        for number, sums in enumerate(summed, start=1)
        if sums.attendances
    }  # fmt: skip


_PERSONNEL: Final = ("attendances", "apat_s", "apwt_s")
_PARTS: Final = ("ip", "gp")
_CONSUMED: Final = ("consumptions", "consumed_units", "cm")
_CAPACITY: Final = ("epc", "epc_known_s", "epc_pq")
_ENTERED: Final = tuple(
    name for element in ROLE_OF_ELEMENT for name in (element, f"{element}_entries")
)
_LOADERS: Final[Mapping[tuple[str, ...], _Loader]] = {
    _PERSONNEL: _load_personnel,
    _PARTS: _by_statement(statements.INSPECTED_PARTS, _PARTS),
    _CONSUMED: _by_statement(statements.CONSUMED_MATERIAL, _CONSUMED),
    _CAPACITY: _by_statement(statements.CAPACITY, _CAPACITY, has_history=False),
    _ENTERED: _load_entries,
}
FACT_NAMES: Final = frozenset(FACT_ELEMENT_NAMES)
