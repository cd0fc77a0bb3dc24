"""Loads what people and other systems report about a machine in a range.

A quantity of the MES counts only in roles that no counter of the machine reports at that time. Of
good and scrap one is left out where the other follows from the total count, and an inspection
where the job of the order reports the same quantity.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.domain.role import Role
from werknetz.kpi.timeline.reports import (
    OPEN_US,
    JobRun,
    ReportedQuantity,
    Reports,
    StateSpan,
)
from werknetz.store.elements import reports as statements
from werknetz.store.session import WriteConnection

_ROLES: Final = {
    Role.GOOD_COUNT: "good_quantity",
    Role.SCRAP_COUNT: "scrap_quantity",
    Role.REWORK_COUNT: "rework_quantity",
}


@dataclass(frozen=True, slots=True)
class CountedTime:
    """Since when a counter of the machine counts, until when."""

    role: Role
    since_us: int
    until_us: int


async def load_reports(
    connection: WriteConnection,
    equipment_id: int,
    start_us: int,
    end_us: int,
    counted: Sequence[CountedTime] = (),
    orders: Collection[str] = (),
) -> Reports:
    """Return the reports that touch [start, end), and quantities of its end.

    `orders`: what the machine's own order signal names.
    """
    span = equipment_id, instant_of(start_us), instant_of(end_us)
    entries = await connection.fetch(statements.STATE_ENTRIES, *span)
    entered = await connection.fetch(statements.QUANTITY_ENTRIES, *span)
    states = await connection.fetch(statements.REPORTED_STATES, *span)
    runs = await connection.fetch(statements.JOB_RUNS, *span)
    inspections = await connection.fetch(statements.INSPECTIONS, *span)
    (first,) = await connection.fetch(statements.FIRST_REPORTS, equipment_id)
    names = {*orders, *(run["order_number"] for run in runs)}
    planned = (
        await connection.fetch(statements.RUN_TIMES_OF_ORDERS, equipment_id, sorted(names))
        if names
        else ()
    )
    return Reports(
        entries=tuple(StateSpan(*row) for row in entries),
        states=tuple(
            StateSpan(at, OPEN_US if until is None else until, state, code)
            for at, until, state, code in states
        ),
        jobs=tuple(
            JobRun(run["order_number"], run["started_us"], _or_open(run["ended_us"]),
                   run["planned_run_s_per_item"])
            for run in runs
        ),
        first_job_us=first["job"],
        run_time_by_order=dict(tuple(row) for row in planned),
        quantities=tuple(_quantities_of(runs, inspections, counted)),
        reported_since_us=_since_of(first, counted),
        entered=tuple(ReportedQuantity(Role(role), at, at, n) for role, at, n in entered),
    )  # fmt: skip


def _or_open(at_us: int | None) -> int:
    return OPEN_US if at_us is None else at_us


def _quantities_of(
    runs: Sequence[Any], inspections: Sequence[Any], counted: Sequence[CountedTime]
) -> list[ReportedQuantity]:
    quantities: list[ReportedQuantity] = []
    for run in runs:
        if not run["is_finished"]:
            continue
        at_us = run["ended_us"]
        since_us = at_us if run["started_us"] is None else run["started_us"]
        by_role = {role: run[name] for role, name in _ROLES.items()}
        quantities += [
            ReportedQuantity(role, since_us, at_us, quantity, run["planned_run_s_per_item"])
            for role, quantity in choose_quantities(by_role, at_us, counted).items()
        ]
    for row in inspections:
        by_role = {
            role: None if row[name.replace("_quantity", "_of_job")] else row[name]
            for role, name in _ROLES.items()
        }
        quantities += [
            ReportedQuantity(role, row[0], row[0], quantity)
            for role, quantity in choose_quantities(by_role, row[0], counted).items()
        ]
    return quantities


def choose_quantities(
    by_role: Mapping[Role, float | None], at_us: int, counted: Sequence[CountedTime]
) -> dict[Role, float]:
    """Return the quantities that no counter reports or implies at the time."""
    own = {time.role for time in counted if time.since_us <= at_us <= time.until_us}
    chosen = {
        role: quantity
        for role, quantity in by_role.items()
        if quantity is not None and role not in own
    }
    if Role.TOTAL_COUNT in own:
        if Role.GOOD_COUNT in own:
            chosen.pop(Role.SCRAP_COUNT, None)
        if Role.SCRAP_COUNT in own or Role.SCRAP_COUNT in chosen:
            chosen.pop(Role.GOOD_COUNT, None)
    return chosen


def _since_of(first: Any, counted: Sequence[CountedTime]) -> dict[Role, int]:
    """Return since when the MES reports the roles that no counter has."""
    own = {time.role for time in counted}
    since = {role: first[name] for role, name in _ROLES.items() if first[name] is not None}
    implied = Role.TOTAL_COUNT in own and Role.SCRAP_COUNT in {*own, *since}
    left_out = {Role.GOOD_COUNT} if implied else set()
    if {Role.TOTAL_COUNT, Role.GOOD_COUNT} <= own:
        left_out.add(Role.SCRAP_COUNT)
    return {role: at for role, at in since.items() if role not in own | left_out}
