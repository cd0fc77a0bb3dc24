"""Which time of a machine can be judged, by what is known in it."""

from dataclasses import dataclass

import numpy as np

from werknetz.kpi.knowledge.reported import ReportedAt
from werknetz.kpi.series import EARLIEST_US, Flags, Instants, Steps


@dataclass(frozen=True, slots=True)
class IntervalKinds:
    """What each interval is."""

    has_order: Flags
    is_shift: Flags
    is_busy: Flags  # planned busy time
    is_unknown: Flags  # planned busy time of unknown state
    apt: Flags
    aust: Flags


def run_time_since(run_time: Steps, *, had_one: bool) -> int | None:
    """Return since when planned run times per item are reported; None: they never are."""
    if had_one:
        return EARLIEST_US
    reported = np.flatnonzero(run_time.value > 0)
    return int(run_time.at[reported[0]]) if len(reported) else None


def has_run_time(run_time: Steps, since_us: int | None, start: Instants, has_order: Flags) -> Flags:
    """Return whether the planned run time per item is known, or no order needs one.

    Without an order a machine makes nothing, so none is needed: unless none was ever reported.
    """
    if since_us is None:
        return np.zeros(len(start), np.bool_)
    has_one: Flags = run_time.value[run_time.index(start)] > 0
    return has_one | (~has_order & (start >= since_us))


def masks_of(
    kinds: IntervalKinds, reported: ReportedAt, has_run_time: Flags, has_plan: Flags
) -> dict[str, Flags]:
    """Return the intervals of each element of known time, by name."""
    quantity = reported.gq & has_run_time
    pace = reported.pq & has_run_time
    judged = quantity & kinds.is_busy & ~kinds.is_unknown
    quality = reported.quality & kinds.is_busy
    return {
        "plan_known_s": has_plan, "pq_known_s": reported.pq, "gq_known_s": reported.gq,
        "sq_known_s": reported.sq, "rq_known_s": reported.rework,
        "quantity_known_s": quantity & kinds.is_busy,
        "quantity_known_pot_s": quantity & kinds.is_shift,
        "quantity_known_calendar_s": quantity, "judged_s": judged,
        "judged_apt_s": judged & kinds.apt, "judged_aust_s": judged & kinds.aust,
        "pace_known_s": pace & kinds.is_busy, "pace_apt_s": pace & kinds.apt,
        "quality_known_s": quality, "quality_pri_known_s": quality & has_run_time,
        "rework_known_s": reported.rework & reported.pq & kinds.is_busy,
        "aoet_unknown_s": kinds.has_order & kinds.is_unknown,
    }  # fmt: skip
