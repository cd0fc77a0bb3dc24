"""Polls stand on a grid: no drift, nothing piles up, what is skipped is counted."""

from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.polling.schedule import Schedule


def test_everything_is_due_at_the_start_and_then_on_the_grid() -> None:
    schedule = Schedule([0.5, 2.0])
    schedule.start(100.0)
    assert schedule.next() == (0, 100.0)
    schedule.begin(0, 100.01)
    assert schedule.next() == (1, 100.0)
    schedule.begin(1, 100.02)
    assert schedule.next() == (0, 100.5)
    schedule.begin(0, 100.53)
    assert schedule.next() == (0, 101.0), "a late poll does not move the next one"
    assert schedule.skipped == 0


def test_a_slow_machine_skips_polls_and_they_are_counted() -> None:
    schedule = Schedule([1.0])
    schedule.start(0.0)
    schedule.begin(0, 0.0)
    schedule.begin(0, 4.7)  # it took that long
    assert schedule.skipped == 3  # those of 1, 2 and 3 s; this is the one of 4 s
    assert schedule.next() == (0, 5.0)


def test_a_slow_cadence_is_not_starved_by_a_fast_one_that_is_always_late() -> None:
    schedule = Schedule([0.1, 5.0])
    schedule.start(0.0)
    now_s, polled = 0.0, [0, 0]
    while now_s < 50.0:
        cadence, due_s = schedule.next()
        now_s = max(now_s, due_s)
        schedule.begin(cadence, now_s)
        polled[cadence] += 1
        now_s += 0.7  # each poll takes longer than the fast period
    assert polled[1] == 10


def test_a_new_session_begins_a_new_grid_and_counts_on() -> None:
    schedule = Schedule([1.0])
    schedule.start(0.0)
    schedule.begin(0, 2.5)
    schedule.start(60.25)
    assert schedule.next() == (0, 60.25)
    schedule.begin(0, 60.25)
    assert schedule.next() == (0, 61.25)
    assert schedule.skipped == 2


@given(
    period_s=st.floats(0.01, 100),
    delays=st.lists(st.floats(0, 500), min_size=1, max_size=50),
)
def test_each_slot_is_polled_or_counted(period_s: float, delays: list[float]) -> None:
    schedule = Schedule([period_s])
    schedule.start(0.0)
    now_s = 0.0
    for polled, delay_s in enumerate(delays, start=1):
        _, due_s = schedule.next()
        now_s = max(now_s, due_s) + delay_s
        schedule.begin(0, now_s)
        _, following_s = schedule.next()
        assert following_s > now_s - 1e-6 * now_s, "the next poll is never in the past"
        slots = round(following_s / period_s)
        assert polled + schedule.skipped == slots
