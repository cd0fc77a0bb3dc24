"""Derives what other systems report about machines, and marks the buckets that it changes.

States, inspections and attendance are a row an event. Starts and ends of jobs become runs: an end
belongs to the open start before it of the same machine, order and operation.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from werknetz.domain.state import MachineState
from werknetz.store.encoding.insert_rows import insert_rows
from werknetz.store.projection import machine_reports as statements
from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.findings import UNUSABLE_REPORT, EventFinding, finding_of_event
from werknetz_worker.projection.machines.amounts import amount_of, find_impossible
from werknetz_worker.projection.machines.lookup import MachineLookup, load_machines
from werknetz_worker.projection.machines.marks import MachineMarks
from werknetz_worker.projection.machines.runs import QUANTITIES, RunKey, runs_of

REPORTS: Final = frozenset({"state_changed", "quality_inspected", "attendance_recorded"})
JOBS: Final = frozenset({"job_started", "job_finished"})
_STATES: Final = {state.label: int(state) for state in MachineState}
_REPORT_COLUMNS: Final = (
    "event_id", "equipment_id", "kind", "at", "until_at", "order_number", "state", "code",
    *QUANTITIES, "person", "attended_s", "work_s",
)  # fmt: skip
_RUN_COLUMNS: Final = (
    "equipment_id", "order_number", "operation", "started_at", "ended_at",
    "planned_run_s_per_item", *QUANTITIES, "event_ids", "defect",
)  # fmt: skip


async def write_machine_reports(
    connection: WriteConnection, revisions: Sequence[EventRevision], events: Sequence[UUID]
) -> list[EventFinding]:
    """Derive again what the events report, or reported before; return what cannot be used."""
    about_machines = [event for event in revisions if event.kind in REPORTS | JOBS]
    there = {event.event_id for event in revisions}
    if not about_machines and there.issuperset(events):
        return []
    current = [event for event in about_machines if event.known_to is None]
    machines = await load_machines(connection, current)
    marks = MachineMarks()
    findings = [finding for event in current if (finding := _check(event, machines))]
    wrong = {finding.event_id for finding in findings}
    usable = [event for event in current if event.event_id not in wrong]
    findings += [
        finding_of_event(UNUSABLE_REPORT, event, detail)
        for event in usable
        if (detail := find_impossible(event)) is not None
    ]
    first = await marks.load_first(connection, events, machines.ids_of(usable))
    await _replace_reports(connection, [e for e in usable if e.kind in REPORTS], events, machines,
                           marks)  # fmt: skip
    await _replace_job_runs(connection, [e for e in usable if e.kind in JOBS], events, marks)
    await marks.write(connection, first)
    return findings


def _check(event: EventRevision, machines: MachineLookup) -> EventFinding | None:
    """Return why a report cannot count for a machine; None: it can."""
    path = event.text("equipment") or ""
    machine = machines.find(event)
    until = event.instant("until_us")
    detail = None
    if machine is None:
        detail = Sentence("finding_detail.equipment_unknown", path=path)
    elif machine in machines.parents:
        detail = Sentence("finding_detail.not_a_machine", path=path)
    elif event.kind == "state_changed" and event.text("state") not in _STATES:
        detail = Sentence(
            "finding_detail.state_unknown", state=event.text("state"), states=list(_STATES)
        )
    elif event.kind != "quality_inspected" and until is not None and until <= event.at:
        detail = Sentence("finding_detail.ends_too_early", until=until, at=event.at)
    return None if detail is None else finding_of_event(UNUSABLE_REPORT, event, detail)


async def _replace_reports(
    connection: WriteConnection,
    current: Sequence[EventRevision],
    events: Sequence[UUID],
    machines: MachineLookup,
    marks: MachineMarks,
) -> None:
    for row in await connection.fetch(statements.DELETE_REPORTS, events):
        marks.add_report(*row)
    rows = [_report_row(event, machines.find(event) or 0) for event in current]
    if rows:
        await insert_rows(connection, "machine_reports", _REPORT_COLUMNS, rows)
    for report in rows:
        marks.add_report(report[1], report[2], report[3], report[4])


def _report_row(event: EventRevision, machine: int) -> tuple[Any, ...]:
    is_span = event.kind != "quality_inspected"
    state = event.text("state") if event.kind == "state_changed" else None
    return (
        event.event_id, machine, event.kind, event.at,
        event.instant("until_us") if is_span else None,
        event.text("order_number"),
        None if state is None else _STATES[state],
        event.text("code") or event.text("reason"),
        *(amount_of(event, name) for name in QUANTITIES),
        event.text("person"), amount_of(event, "attended_s"), amount_of(event, "work_s"),
    )  # fmt: skip


async def _replace_job_runs(
    connection: WriteConnection,
    current: Sequence[EventRevision],
    events: Sequence[UUID],
    marks: MachineMarks,
) -> None:
    orders = {str(event.body["order_number"]) for event in current}
    removed = await connection.fetch(statements.DELETE_JOB_RUNS, events, [], [], [])
    orders |= {row["order_number"] for row in removed}
    if not orders:
        return
    rows = await connection.fetch(statements.JOB_EVENTS_OF_ORDERS, sorted(orders))
    revisions = [_revision_of(row) for row in rows]
    machines = await load_machines(connection, revisions)
    by_key: dict[RunKey, list[EventRevision]] = defaultdict(list)
    for event in revisions:
        if _check(event, machines) is None:
            machine = machines.find(event) or 0
            order = event.text("order_number") or ""
            by_key[machine, order, event.text("operation") or ""].append(event)
    keys = sorted(by_key)
    removed += await connection.fetch(
        statements.DELETE_JOB_RUNS, [], *([key[n] for key in keys] for n in range(3))
    )
    runs = [run for key in keys for run in runs_of(key, by_key[key])]
    await insert_rows(connection, "job_runs", _RUN_COLUMNS, [run.to_row() for run in runs])
    for row in removed:
        marks.add_run(row["equipment_id"], row["order_number"], row["started_at"], row["ended_at"])
    for run in runs:
        marks.add_run(run.key[0], run.key[1], run.started_at, run.ended_at)


def _revision_of(row: asyncpg.Record) -> EventRevision:
    return EventRevision(
        row["event_id"], row["kind"], 1, row["at"], row["at"], None, row["body"],
    )  # fmt: skip
