"""Ranks of suppliers and the weeks of their KPIs, at their boundaries."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz_core.context.time_spec import TimeContext
from werknetz_core.suppliers.kpis import RANKED_LINES_MIN, WEEKS, SupplierPeriod, rank_text
from werknetz_core.suppliers.schemas import OpenLinesView, SupplierKpisView, SupplierWeekView

BERLIN = ZoneInfo("Europe/Berlin")
DAY_US = 86_400_000_000


def kpis(otif: float | None, lines_due: float = 10) -> SupplierKpisView:
    return SupplierKpisView(
        rank=None, lines_due=lines_due, otif=otif, on_time=None, in_full=None,
        delay_severity_s=None, median_delay_s=None, asn_accuracy=None, call_off_stability=None,
        coverage=None, reason=None, reason_code=None,
        open_by_age=OpenLinesView(**dict.fromkeys(OpenLinesView.model_fields, 0)),
        weeks=SupplierWeekView(lines_due=[], otif=[]), policies=[], computed_at=None,
        evidence_href=None,
    )  # fmt: skip


def test_the_order_of_ranks_is_that_of_their_texts() -> None:
    ordered = [
        kpis(0.0, 1e6), kpis(0.0, 5), kpis(1e-12), kpis(0.1), kpis(0.1 + 1e-12), kpis(0.5, 100),
        kpis(0.5, 99.5), kpis(0.5, 9), kpis(1.0, 11), kpis(1.0, RANKED_LINES_MIN),
    ]  # fmt: skip
    texts = [rank_text(supplier) for supplier in ordered]
    assert texts == sorted({*texts})
    unranked = (None, kpis(None), kpis(0.0, RANKED_LINES_MIN - 1), kpis(0.0, 4.999))
    assert {rank_text(supplier) for supplier in unranked} == {"~"}
    assert texts[-1] < "~"


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-20", "2026-06-15"])
@pytest.mark.parametrize("since", [0, 1, 11 * 7, 12 * 7])
def test_there_are_a_dozen_whole_weeks_up_to_now(day: str, since: int) -> None:
    """Also where one of them has a day of 23 or 25 hours."""
    first = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=BERLIN) + timedelta(days=since)
    for half_hours in range(9 * 48):
        now_us = microseconds_of(first) + half_hours * 1_800_000_000 + 1
        time = TimeContext(now_us, BERLIN)
        period = SupplierPeriod.of("-7d", None, time)
        assert len(period.weeks) == WEEKS
        assert period.weeks[-1].start_us <= now_us < period.weeks[-1].end_us
        for week in period.weeks:
            start = instant_of(week.start_us).astimezone(BERLIN)
            assert (start.weekday(), start.hour, start.minute) == (0, 0, 0)
        edges = [week.start_us for week in period.weeks[1:]]
        assert [week.end_us for week in period.weeks[:-1]] == edges


def test_a_day_of_23_hours_is_a_whole_day_to_read() -> None:
    time = TimeContext(microseconds_of(datetime(2026, 3, 30, 12, tzinfo=BERLIN)), BERLIN)
    period = SupplierPeriod.of("2026-03-29T00:00", "2026-03-30T00:00", time)
    assert period.whole.end_us - period.whole.start_us == DAY_US * 23 // 24
    assert period.days == 1 + WEEKS * 7
