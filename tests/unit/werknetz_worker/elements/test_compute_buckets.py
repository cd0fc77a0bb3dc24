import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz_worker.elements.compute import _late_samples
from werknetz_worker.elements.element_rows import StoredElements
from werknetz_worker.elements.marks import select_due

NOW = 1000 * BUCKET_US + 1
PAST, RECENT = 900 * BUCKET_US, 999 * BUCKET_US


@pytest.mark.parametrize(
    ("ages", "ready"),
    [
        ((0.0, 0.0), {RECENT}),  # history comes in
        ((6.0, 6.0), {PAST, PAST + BUCKET_US, RECENT}),  # it has ended
        ((61.0, 0.0), {PAST, PAST + BUCKET_US, RECENT}),  # it does not end
    ],
)
def test_the_past_waits_until_it_is_quiet(ages: tuple[float, float], ready: set[int]) -> None:
    marks = {PAST: (1, ages[0]), PAST + BUCKET_US: (2, ages[1]), RECENT: (3, 0.0)}
    chosen, more = select_due(marks, NOW, 5.0, past_first=False)
    assert (set(chosen), more) == (ready, False)


@pytest.mark.parametrize(
    ("oldest", "past_first", "ready", "more"),
    [
        (900, False, {900, 999}, False),  # a short past is computed with the present
        (899, False, {999}, True),  # a long one after it
        (899, True, {899}, True),  # and the present after the past
    ],
)
def test_a_long_past_and_the_present_take_turns(
    oldest: int, past_first: bool, ready: set[int], more: bool
) -> None:
    marks = {oldest * BUCKET_US: (1, 99.0), RECENT: (3, 99.0)}
    chosen = select_due(marks, NOW, 5.0, past_first=past_first)
    assert chosen == ({n * BUCKET_US: marks[n * BUCKET_US][0] for n in ready}, more)


def row(computed_us: int, samples: float, late: float) -> StoredElements:
    values = [0.0] * len(ELEMENT_NAMES)
    values[ELEMENT_NAMES.index("samples")] = samples
    values[ELEMENT_NAMES.index("late_samples")] = late
    return StoredElements({}, False, computed_us, 1, tuple(values))


def test_late_are_samples_that_are_new_in_a_row_that_stood() -> None:
    end_us = PAST + BUCKET_US
    assert _late_samples(None, 5, PAST, NOW) == 0
    assert _late_samples(row(end_us, 3, 1), 5, PAST, NOW) == 3
    assert _late_samples(row(end_us - 1, 3, 1), 5, PAST, NOW) == 1
    assert _late_samples(row(end_us, 3, 1), 5, PAST, end_us + BUCKET_US) == 1
    assert _late_samples(row(end_us, 5, 1), 3, PAST, NOW) == 1
