"""What makes the values of a machine doubtful: inputs that are missing, and pace beyond belief."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.series import Instants, Numbers

PACE_MAX: Final = 1.5
"""Effectiveness above which the ideal cycle is too easy, or a counter wrong."""

PACE_SLACK_S: Final = 60.0  # of planned run time in a bucket: counts and states have own clocks

DoubtKind = Literal["quantity_not_reported", "run_time_not_known", "cycle_too_easy"]
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """`key`: unique within a machine. A missing input has no numbers."""

    kind: DoubtKind
    key: str
    at_us: int  # end of the bucket
    planned_s: float | None = None  # planned run time of what was counted
    production_s: float | None = None  # how long the machine produced meanwhile


def doubts_of(
    columns: Mapping[str, Numbers],
    production_s: Numbers | None,
    edges: Instants,
    *,
    has_reports: bool = False,
) -> tuple[Doubt, ...]:
    """Return what is doubtful in the range.

    `has_reports`: the MES reports quantities, at the end of each job, so none is missing before.
    `production_s`: by bucket, how long the machine produced, planned or not, while its items were
    counted; None: they come from reports, which name no instants.
    """
    doubts = _missing_inputs(columns, edges)
    if has_reports:
        doubts = [doubt for doubt in doubts if doubt.kind != "quantity_not_reported"]
    if production_s is not None:
        doubts += _too_fast(columns["pace_pri_pq_s"], production_s, edges)
    return tuple(doubts)


def _missing_inputs(columns: Mapping[str, Numbers], edges: Instants) -> list[Doubt]:
    """Judge the last bucket in which time was planned."""
    planned = np.flatnonzero(columns["pbt_s"] > 0)
    if not len(planned):
        return []
    last = int(planned[-1])
    at_us = int(edges[last]) + BUCKET_US
    if columns["gq_known_s"][last] <= 0:
        return [Doubt("quantity_not_reported", "", at_us)]
    if columns["quantity_known_s"][last] <= 0:
        return [Doubt("run_time_not_known", "", at_us)]
    return []


def _too_fast(planned_s: Numbers, production_s: Numbers, edges: Instants) -> list[Doubt]:
    """Return one doubt a day (UTC), for the bucket with the most planned run time."""
    by_day: dict[int, int] = {}
    for bucket in np.flatnonzero(planned_s > PACE_MAX * production_s + PACE_SLACK_S).tolist():
        day = int(edges[bucket]) // _DAY_US
        if day not in by_day or planned_s[bucket] > planned_s[by_day[day]]:
            by_day[day] = bucket
    return [
        Doubt(
            "cycle_too_easy",
            str(day),
            int(edges[bucket]) + BUCKET_US,
            float(planned_s[bucket]),
            float(production_s[bucket]),
        )
        for day, bucket in by_day.items()
    ]
