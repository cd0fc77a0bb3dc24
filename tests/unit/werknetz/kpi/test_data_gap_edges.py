"""Gaps, confirmations and spans of unknown time, exactly on their limits."""

from dataclasses import replace

import numpy as np
import pytest

from werknetz.domain.state import MachineState as S
from werknetz.kpi.data_gaps import (
    OPEN_US,
    RESUBSCRIBE_US,
    DataGap,
    GapKind,
    StateSampleTimes,
    backfill_window,
    mask_unknown,
    no_change_reported,
    unknown_spans,
    unknown_until,
)
from werknetz.kpi.series import Steps

SECOND = 1_000_000
GAP = DataGap(100 * SECOND, 200 * SECOND, GapKind.RESUBSCRIBED)


@pytest.mark.parametrize(
    ("cause", "kind", "window"),
    [
        ("connection_lost", GapKind.RESUBSCRIBED, (101 * SECOND, 190 * SECOND)),
        ("session_not_present", GapKind.LOST, (135 * SECOND, 190 * SECOND)),
        ("heartbeat", GapKind.NO_HEARTBEAT, (106 * SECOND, 199 * SECOND)),
        ("sequence_jump", GapKind.LOST, None),
    ],
)
def test_samples_near_the_ends_of_a_gap_do_not_cancel_it(
    cause: str, kind: GapKind, window: tuple[int, int] | None
) -> None:
    assert backfill_window(cause, DataGap(100 * SECOND, 200 * SECOND, kind)) == window


def test_without_a_sample_before_or_an_end_nothing_is_confirmed() -> None:
    times = StateSampleTimes.of({50 * SECOND: 9}, {50 * SECOND: 900 * SECOND})
    assert times.is_confirmed_after(0, GAP, 1) is True
    assert times.is_confirmed_after(-1, GAP, 1) is False
    open_gap = DataGap(100 * SECOND, None, GapKind.RESUBSCRIBED)
    assert times.is_confirmed_after(0, open_gap, 1) is False


@pytest.mark.parametrize(
    ("at_us", "until_us", "is_confirmed"),
    [
        (185 * SECOND, 185 * SECOND + RESUBSCRIBE_US, False),  # at about its own time
        (185 * SECOND, 185 * SECOND + RESUBSCRIBE_US + 1, True),
        (50 * SECOND, 190 * SECOND, False),  # before the subscription may have ended
        (50 * SECOND, 190 * SECOND + 1, True),
    ],
)
def test_a_confirmation_proves_something_from_its_limit_on(
    at_us: int, until_us: int, is_confirmed: bool
) -> None:
    times = StateSampleTimes.of({at_us: 1}, {at_us: until_us})
    assert times.is_confirmed_after(0, GAP, 1) is is_confirmed


def test_gaps_with_one_start_are_ordered_by_their_end() -> None:
    times = StateSampleTimes.of({50: 1, 300: 1})
    gaps = [DataGap(100, None, GapKind.LOST), DataGap(100, 200, GapKind.LOST)]
    assert unknown_spans(gaps, times) == unknown_spans(gaps[::-1], times) == ((100, OPEN_US),)


def test_a_value_that_was_sent_twice_does_not_end_a_loss() -> None:
    times = StateSampleTimes.of({50: 5, 900: 1})
    assert unknown_spans([DataGap(100, 200, GapKind.LOST)], times) == ((100, 900),)
    assert unknown_spans([DataGap(100, 200, GapKind.RESUBSCRIBED)], times) == ()


def test_a_gap_without_length_hides_nothing() -> None:
    times = StateSampleTimes.of({50: 1, 100: 1})
    assert unknown_spans([DataGap(100, 100, GapKind.NO_HEARTBEAT)], times) == ()


def steps(*pairs: tuple[int, S]) -> Steps:
    return Steps(
        np.array([at for at, _ in pairs], np.int64),
        np.array([float(state) for _, state in pairs]),
        np.zeros(len(pairs), np.int64),
    )


def test_what_is_reported_at_the_end_of_a_span_holds_from_there() -> None:
    states = steps((0, S.PRODUCING), (20, S.IDLE), (30, S.SETUP))
    masked = mask_unknown(states, [(10, 20), (25, OPEN_US)])
    assert masked.at.tolist() == [0, 10, 20, 25]
    assert masked.value.tolist() == [S.PRODUCING, S.UNKNOWN, S.IDLE, S.UNKNOWN]


@pytest.mark.parametrize(("at_us", "end_us"), [(10, None), (11, 20), (19, 20), (20, None)])
def test_a_span_reaches_over_what_is_inside_it(at_us: int, end_us: int | None) -> None:
    assert unknown_until([(0, 5), (10, 20)], at_us) == end_us


def test_spans_that_overlap_or_touch_become_one() -> None:
    times = StateSampleTimes.of({50: 1})
    ends = [(100, 900), (200, 300), (900, 950), (960, 970)]
    gaps = [DataGap(start, end, GapKind.NO_HEARTBEAT) for start, end in ends]
    assert unknown_spans(gaps, times) == ((100, 950), (960, 970))
    ends = [(10, 15), (20, 90), (30, 40), (90, 95)]  # the second cluster
    gaps = [DataGap(start, end, GapKind.NO_HEARTBEAT) for start, end in ends]
    assert unknown_spans(gaps, times) == ((10, 15), (20, 95))


@pytest.mark.parametrize(
    ("new_s", "spans"),
    [
        (None, ()),  # the present value was the same, and so was not stored
        (210.0, ((100 * SECOND, 210 * SECOND),)),
        (210.000_001, ()),  # no value of the new subscription
    ],
)
def test_a_connector_that_stores_no_repeats_reports_a_change_at_once(
    new_s: float | None, spans: tuple[tuple[int, int], ...]
) -> None:
    gap = DataGap(100 * SECOND, 200 * SECOND, GapKind.RESUBSCRIBED, omits_repeats=True)
    samples = {20 * SECOND: 1, 50 * SECOND: 1}
    if new_s is not None:
        samples[round(new_s * SECOND)] = 1
    times = StateSampleTimes.of(samples)
    assert unknown_spans([gap], times) == spans
    assert no_change_reported(gap, times, 1) is (spans == ())


def test_before_the_first_sample_and_in_an_open_gap_a_change_may_be_missing() -> None:
    times = StateSampleTimes.of({900 * SECOND: 1})
    gap = DataGap(100 * SECOND, 200 * SECOND, GapKind.RESUBSCRIBED, omits_repeats=True)
    assert no_change_reported(gap, times, -1) is False
    assert no_change_reported(replace(gap, end_us=None), times, 0) is False
    assert no_change_reported(replace(gap, omits_repeats=False), times, 0) is False
