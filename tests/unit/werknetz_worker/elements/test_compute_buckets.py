import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz_worker.elements.compute import _late_samples, _select_due
from werknetz_worker.elements.element_rows import StoredElements

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
    assert set(_select_due(marks, NOW, 5.0)) == ready


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
