"""The periods of an overview: shift, seven days, the seven before, and 28 days one by one.

Of shift and week all is shown that a screen needs, of the others only OEE: each set of windows is
summed over the elements that its figures need. Equipment of one time zone has the same windows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import bucket_of
from werknetz.domain.shift import Shift, local_day
from werknetz.domain.window import Period, Window, windows_between
from werknetz.kpi.additive import PartialReader
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import GATES, Elements
from werknetz.kpi.losses.times import LOSS_INPUTS, loss_times_of
from werknetz_core.context.time_spec import TimeContext, format_local

Document = dict[str, Any]
Rows = Mapping[int, asyncpg.Record]  # by the number of the window
DAY_US: Final = 86_400_000_000
SPARK_DAYS: Final = 28
KPIS: Final = ("oee", "availability", "effectiveness", "quality_ratio")
_COVERAGE: Final = frozenset({"pbt_s", "unknown_s"})
OEE_ELEMENTS: Final = _COVERAGE.union(CATALOGUE["oee"].inputs)
PERIOD_ELEMENTS: Final = OEE_ELEMENTS.union(
    {"pq", "gq", "pri_pq_s", "judged_s", GATES["gq"]},
    LOSS_INPUTS,
    *(CATALOGUE[name].inputs for name in KPIS),
)
_OEE_NAMES: Final = tuple(sorted(OEE_ELEMENTS))
_values_of: Final = itemgetter(*_OEE_NAMES)
_read_oee: Final = PartialReader(Elements, OEE_ELEMENTS)
_read_period: Final = PartialReader(Elements, PERIOD_ELEMENTS)


@dataclass(frozen=True, slots=True)
class Periods:
    """The windows of one equipment."""

    shift: Shift | None  # that runs
    current: Sequence[Window]  # the shift if one runs, and the last seven days
    past: Sequence[Window]  # the seven days before, and the last 28 one by one

    def documents(self, current: Rows, past: Rows, time: TimeContext) -> Document:
        """Return the fields of an item that are sums."""
        first = 1 if self.shift is None else 2
        oee = [
            None if (row := past.get(n)) is None else _oee_of(_values_of(row))
            for n in range(1, len(self.past) + 1)
        ]
        computed = [row["computed_at"] for rows in (current, past) for row in rows.values()]
        return {
            "now": None if self.shift is None else self._period(1, current, time),
            "week": self._period(first, current, time),
            "week_before_oee": oee[0],
            "spark": oee[1:],
            "computed_at": max(filter(None, computed), default=None),
        }

    def _period(self, number: int, rows: Rows, time: TimeContext) -> Document:
        window, row = self.current[number - 1], rows.get(number)
        e = Elements() if row is None else _read_period(row)
        times = loss_times_of(e)
        run_s = e.pri_pq_s / e.pq if e.pri_pq_s > 0 and e.pq > 0 else None
        return {
            "start": format_local(window.start_us, time.zone),
            "end": format_local(window.end_us, time.zone),
            **{name: CATALOGUE[name].compute(e)[0] for name in KPIS},
            "coverage": e.coverage,
            "judged_share": e.judged_s / e.pbt_s if e.pbt_s > 0 else None,
            "good": e.find_reported("gq"),
            "planned_quantity": e.pbt_s / run_s if run_s else None,
            "times_s": {
                "production": times.step_us("production") / 1e6,
                **{name: us / 1e6 for name, us in sorted(times.by_category.items())},
            },
            "provisional": window.end_us > time.now_us
            or (row is not None and bool(row["provisional"])),
        }


class PeriodDivision:
    """The periods at one instant. Equipment with equal windows shares one list of them."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us
        self._end_us = bucket_of(now_us) + 900_000_000  # the running bucket, too
        self._current: dict[tuple[str, int, int], Sequence[Window]] = {}
        self._past: dict[str, Sequence[Window]] = {}

    def periods_of(self, time: TimeContext) -> Periods:
        now_us, zone = self._now_us, time.zone
        shifts = time.calendar.shifts_between(now_us, now_us + 1) if time.calendar else []
        shift = shifts[-1] if shifts else None
        key = (zone.key, *((0, 0) if shift is None else (shift.start_us, shift.end_us)))
        if key not in self._current:
            self._current[key] = self._current_windows(shift, zone)
        if zone.key not in self._past:
            self._past[zone.key] = self._past_windows(zone)
        return Periods(shift, self._current[key], self._past[zone.key])

    def _current_windows(self, shift: Shift | None, zone: ZoneInfo) -> Sequence[Window]:
        spans = [(self._end_us - 7 * DAY_US, self._end_us)]
        if shift is not None:
            spans.insert(0, (shift.start_us, min(shift.end_us, self._end_us)))
        return [Window(start, end, local_day(start, zone)) for start, end in spans]

    def _past_windows(self, zone: ZoneInfo) -> Sequence[Window]:
        week_us, now_us = self._end_us - 7 * DAY_US, self._now_us
        start_us = week_us - 7 * DAY_US
        days = windows_between(
            Period.DAY, now_us - (SPARK_DAYS - 1) * DAY_US, now_us + 1, zone=zone
        )
        return [Window(start_us, week_us, local_day(start_us, zone)), *days[-SPARK_DAYS:]]


@lru_cache(maxsize=16_384)  # days that are over have the sums that they had at the last poll
def _oee_of(values: tuple[float | None, ...]) -> float | None:
    return CATALOGUE["oee"].compute(_read_oee(dict(zip(_OEE_NAMES, values, strict=True))))[0]
