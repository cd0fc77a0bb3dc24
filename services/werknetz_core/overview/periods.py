"""The periods of an overview: shift, seven days, the seven before, and 28 days one by one."""

from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import bucket_of
from werknetz.domain.shift import Shift, local_day
from werknetz.domain.window import Period, Window, windows_between
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.losses.times import loss_times_of
from werknetz_core.context.time_spec import TimeContext, format_local

Document = dict[str, Any]
DAY_US: Final = 86_400_000_000
SPARK_DAYS: Final = 28
KPIS: Final = ("oee", "availability", "effectiveness", "quality_ratio")
_BEFORE_US: Final = 2 * DAY_US  # a shift that runs began within this


@dataclass(frozen=True, slots=True)
class Periods:
    """The windows of one equipment: `shift` if one runs, two weeks, then days."""

    shift: Shift | None  # that runs
    windows: list[Window]

    @classmethod
    def of(cls, time: TimeContext) -> "Periods":
        now_us = time.now_us
        end_us = bucket_of(now_us) + 900_000_000  # the running bucket, too
        shifts = time.calendar.shifts_between(now_us, now_us + 1) if time.calendar else []
        shift = shifts[-1] if shifts else None
        week_us = end_us - 7 * DAY_US
        spans = [(week_us, end_us), (week_us - 7 * DAY_US, week_us)]
        if shift is not None:
            spans.insert(0, (shift.start_us, min(shift.end_us, end_us)))
        windows = [Window(start, end, local_day(start, time.zone)) for start, end in spans]
        days = windows_between(
            Period.DAY, now_us - (SPARK_DAYS - 1) * DAY_US, now_us + 1, zone=time.zone
        )
        return cls(shift, windows + days[-SPARK_DAYS:])

    def documents(self, rows: dict[int, asyncpg.Record], time: TimeContext) -> Document:
        """Return the fields of an item that are sums; `rows` by the number of the window."""
        sums = {n: Elements.of(row) for n, row in rows.items()}
        first = 1 if self.shift is None else 2
        nothing = Elements()
        computed = [row["computed_at"] for row in rows.values() if row["computed_at"] is not None]
        return {
            "now": None if self.shift is None else self._period(1, sums, rows, time),
            "week": self._period(first, sums, rows, time),
            "week_before_oee": _value("oee", sums.get(first + 1, nothing)),
            "spark": [
                _value("oee", sums.get(n, nothing)) for n in range(first + 2, len(self.windows) + 1)
            ],
            "computed_at": max(computed, default=None),
        }

    def _period(
        self,
        number: int,
        sums: dict[int, Elements],
        rows: dict[int, asyncpg.Record],
        time: TimeContext,
    ) -> Document:
        window, e = self.windows[number - 1], sums.get(number, Elements())
        times = loss_times_of(e)
        run_s = e.pri_pq_s / e.pq if e.pri_pq_s > 0 and e.pq > 0 else None
        return {
            "start": format_local(window.start_us, time.zone),
            "end": format_local(window.end_us, time.zone),
            **{name: _value(name, e) for name in KPIS},
            "coverage": e.coverage,
            "judged_share": e.judged_s / e.pbt_s if e.pbt_s > 0 else None,
            "good": e.find_reported("gq"),
            "planned_quantity": e.pbt_s / run_s if run_s else None,
            "times_s": {
                "production": times.step_us("production") / 1e6,
                **{name: us / 1e6 for name, us in sorted(times.by_category.items())},
            },
            "provisional": window.end_us > time.now_us
            or (number in rows and bool(rows[number]["provisional"])),
        }


def _value(name: str, elements: Elements) -> float | None:
    return CATALOGUE[name].compute(elements)[0]


ALL_ELEMENTS: Final = frozenset(ELEMENT_NAMES)
