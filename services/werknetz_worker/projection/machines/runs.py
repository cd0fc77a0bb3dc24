"""Pairs the starts and ends of jobs to runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.machines.amounts import amount_of

QUANTITIES: Final = ("good_quantity", "scrap_quantity", "rework_quantity")
RunKey = tuple[int, str, str]  # machine, order, operation


@dataclass
class PairedRun:
    key: RunKey
    started_at: datetime | None
    ended_at: datetime | None = None
    run_time_s: float | None = None
    quantities: dict[str, float | None] = field(default_factory=dict)
    defect: str | None = None
    event_ids: list[UUID] = field(default_factory=list)

    def to_row(self) -> tuple[Any, ...]:
        return (
            *self.key, self.started_at, self.ended_at, self.run_time_s,
            *(self.quantities.get(name) for name in QUANTITIES), self.event_ids,
            self.defect,
        )  # fmt: skip


def runs_of(key: RunKey, events: Iterable[EventRevision]) -> list[PairedRun]:
    """Pair the starts and ends of one order and operation on a machine.

    Of events at one instant an end comes first, unless nothing is open that it could end. A start
    while the job runs already adds only its plan; an end without a start is a run of an instant.
    """
    runs: list[PairedRun] = []
    open_run: PairedRun | None = None
    for event in _in_order(events):
        if event.kind == "job_started":
            if open_run is None:
                open_run = PairedRun(key, event.at)
                runs.append(open_run)
            run_time_s = amount_of(event, "planned_run_s_per_item")
            open_run.run_time_s = run_time_s or open_run.run_time_s
            open_run.event_ids.append(event.event_id)
            continue
        run = open_run
        if run is None:
            run = PairedRun(key, None)
            runs.append(run)
        run.ended_at, open_run = event.at, None
        run.quantities = {name: amount_of(event, name) for name in QUANTITIES}
        run.defect = event.text("defect")
        run.event_ids.append(event.event_id)
    return runs


def _in_order(events: Iterable[EventRevision]) -> list[EventRevision]:
    waiting = sorted(events, key=lambda e: (e.at, e.kind != "job_finished", e.event_id.bytes))
    ordered: list[EventRevision] = []
    is_open = False
    while waiting:
        chosen = 0
        if not is_open and waiting[0].kind == "job_finished":
            at = waiting[0].at
            starts = [n for n, e in enumerate(waiting) if e.at == at and e.kind == "job_started"]
            ends = [e for e in waiting if e.kind == "job_finished"]
            chosen = starts[0] if starts and len(ends) == 1 else 0
        event = waiting.pop(chosen)
        is_open = event.kind == "job_started"
        ordered.append(event)
    return ordered
