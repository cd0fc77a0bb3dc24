"""The starving relation: whenever its line is made to starve, one of its deliveries is overdue."""

import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from werknetz_simulator.partners.partners import STARVING_RELATION, ZONE
from werknetz_simulator.partners.timeline import LATE_DAYS, CallOff, RelationTimeline
from werknetz_simulator.plants.plan import DAY_US, instant_of, us_of

DAYS = 400


@pytest.mark.parametrize("seed", ["werknetz", "1", "2"])
def test_a_delivery_of_the_starving_relation_is_overdue_on_every_day(seed: str) -> None:
    since_us = 20_750 * DAY_US
    timeline = RelationTimeline(STARVING_RELATION, since_us=since_us, seed=seed)
    deliveries = timeline.deliveries_until(since_us + DAYS * DAY_US)
    arrivals = [arrivals[0][0] for arrivals in (d.arrivals for d in deliveries)]
    overdue_from = [_end_of_us(delivery.due) for delivery in deliveries]
    assert len(deliveries) > DAYS // 2
    for arrival, following in itertools.pairwise(range(len(deliveries))):
        assert overdue_from[following] < arrivals[arrival] < arrivals[following]
    assert any(
        following.due < _day_of(begin) - timedelta(days=LATE_DAYS)
        for following, begin in zip(deliveries, arrivals, strict=True)
    )


@pytest.mark.parametrize("seed", ["werknetz", "1", "2"])
def test_each_due_day_of_the_starving_relation_is_called_off_once(seed: str) -> None:
    since_us = 20_750 * DAY_US
    timeline = RelationTimeline(STARVING_RELATION, since_us=since_us, seed=seed)
    due = [delivery.due for delivery in timeline.deliveries_until(since_us + DAYS * DAY_US)]
    assert due == sorted(set(due))
    call_offs = [
        e for e in timeline.events_between(0, since_us + DAYS * DAY_US) if isinstance(e, CallOff)
    ]
    called_off = {entry.due for call_off in call_offs for entry in call_off.entries}
    assert set(due) <= called_off


def _day_of(at_us: int) -> date:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE)).date()


def _end_of_us(day: date) -> int:
    """Return the first instant of the next day at the plant."""
    next_day = day + timedelta(days=1)
    midnight_us = (next_day - date(1970, 1, 1)).days * DAY_US
    offset = instant_of(midnight_us).astimezone(ZoneInfo(ZONE)).utcoffset()
    assert offset is not None
    return midnight_us - us_of(instant_of(0) + offset)
