"""Losses become unknown time as far as samples do not say better, and no further."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.data_gaps import (
    GAP_END_TOLERANCE_US,
    OPEN_US,
    DataGap,
    GapKind,
    Span,
    StateSampleTimes,
    backfill_window,
    gap_kind_of,
    heartbeat_gaps,
    unknown_spans,
)
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets

SECOND = 1_000_000
MINUTE = 60 * SECOND
T0 = 1_900_000 * BUCKET_US


def times_of(*at: int, sampled: dict[int, int] | None = None) -> StateSampleTimes:
    return StateSampleTimes.of(dict.fromkeys(at, 1) | (sampled or {}))


@pytest.mark.parametrize(
    ("loss", "sample_times", "expected"),
    [
        # lost: to the first sample at or after the end, not to one in between
        (DataGap(0, 10 * SECOND, GapKind.LOST), times_of(0, 10 * SECOND), ((0, 10 * SECOND),)),
        (
            DataGap(0, 10 * SECOND, GapKind.LOST),
            times_of(0, 5 * SECOND, 99 * SECOND),
            ((0, 99 * SECOND),),
        ),
        (DataGap(0, 10 * SECOND, GapKind.LOST), times_of(0, 5 * SECOND), ((0, OPEN_US),)),
        # the sample that arrived was taken right before
        (
            DataGap(0, 10 * SECOND, GapKind.LOST),
            times_of(0, 10 * SECOND - GAP_END_TOLERANCE_US),
            ((0, 10 * SECOND - GAP_END_TOLERANCE_US),),
        ),
        # resubscribed: the present value comes with its source timestamp
        (DataGap(100, 200, GapKind.RESUBSCRIBED), times_of(50, 150, 900), ((100, 150),)),
        (DataGap(100, 200, GapKind.RESUBSCRIBED), times_of(50), ((100, OPEN_US),)),
        (DataGap(100, 200, GapKind.RESUBSCRIBED), times_of(900, sampled={50: 2}), ()),
        # no heartbeat: what held before holds again
        (DataGap(100, 200, GapKind.NO_HEARTBEAT), times_of(50, 900), ((100, 200),)),
        # an open gap lasts until now, whatever is sampled meanwhile
        (DataGap(100, None, GapKind.LOST), times_of(50, 150, 900), ((100, OPEN_US),)),
        (DataGap(100, None, GapKind.NO_HEARTBEAT), times_of(50), ((100, OPEN_US),)),
        # a backfilled gap masks nothing
        (DataGap(100, 200, GapKind.LOST, is_backfilled=True), times_of(50, 900), ()),
    ],
)
def test_one_loss(
    loss: DataGap, sample_times: StateSampleTimes, expected: tuple[Span, ...]
) -> None:
    assert unknown_spans([loss], sample_times) == expected


def test_each_resubscription_needs_a_sample_of_its_own() -> None:
    first, second = DataGap(100, 200, GapKind.RESUBSCRIBED), DataGap(300, 400, GapKind.RESUBSCRIBED)
    assert unknown_spans([second, first], times_of(900, sampled={50: 3})) == ()
    assert unknown_spans([first, second], times_of(900, sampled={50: 2})) == ((300, 900),)
    # a sample in between starts a new count
    assert unknown_spans([first, second], times_of(900, sampled={50: 2, 250: 2})) == ()


def test_a_value_confirmed_by_the_server_is_valid() -> None:
    minute = 60 * SECOND
    loss = DataGap(10 * minute, 15 * minute, GapKind.RESUBSCRIBED)

    def hidden(at: int, vouched: int) -> tuple[Span, ...]:
        return unknown_spans([loss], StateSampleTimes.of({at: 1, 20 * minute: 1}, {at: vouched}))

    assert hidden(minute, 15 * minute - SECOND) == ()
    # when it was new, and not after the loss
    assert hidden(minute, 11 * minute) == ((10 * minute, 20 * minute),)
    # a clock that goes before ours says nothing
    assert hidden(10 * minute - SECOND, 10 * minute + SECOND) == ((10 * minute, 20 * minute),)


def test_without_stored_repeats_no_new_sample_means_no_change() -> None:
    loss = DataGap(60 * SECOND, 90 * SECOND, GapKind.RESUBSCRIBED, omits_repeats=True)
    assert (
        unknown_spans([loss], times_of(0)) == unknown_spans([loss], times_of(0, 101 * SECOND)) == ()
    )
    # it had changed meanwhile, or during the resubscription
    for at in (75 * SECOND, 91 * SECOND):
        assert unknown_spans([loss], times_of(0, at)) == ((60 * SECOND, at),)
    # there is no earlier sample
    assert unknown_spans([loss], times_of(200 * SECOND)) == ((60 * SECOND, 200 * SECOND),)
    goes_on = DataGap(60 * SECOND, None, GapKind.RESUBSCRIBED, omits_repeats=True)
    assert unknown_spans([goes_on], times_of(0)) == ((60 * SECOND, OPEN_US),)


def test_spans_that_overlap_are_one() -> None:
    losses = [
        DataGap(100, 300, GapKind.NO_HEARTBEAT),
        DataGap(200, 400, GapKind.NO_HEARTBEAT),
        DataGap(500, 600, GapKind.NO_HEARTBEAT),
    ]
    assert unknown_spans(losses, times_of()) == ((100, 400), (500, 600))


@pytest.mark.parametrize(
    ("cause", "listed", "kind"),
    [
        ("connection_lost", False, GapKind.RESUBSCRIBED),
        ("subscription_recreated", False, GapKind.RESUBSCRIBED),
        ("session_not_present", False, GapKind.LOST), ("sequence_jump", False, GapKind.LOST),
        ("spool_rolled_back", False, GapKind.LOST), ("fork", False, GapKind.LOST),
        ("unrecoverable", False, GapKind.LOST), ("a cause of tomorrow", False, GapKind.LOST),
        ("queue_overflow", True, GapKind.LOST), ("heartbeat", False, GapKind.NO_HEARTBEAT),
        ("spool_full", False, None), ("decode_error", False, None),
        ("decode_error", True, GapKind.LOST),
    ],
)  # fmt: skip
def test_causes(cause: str, listed: bool, kind: GapKind | None) -> None:
    assert gap_kind_of(cause, is_listed=listed) is kind


def test_no_backfill_cancels_a_counted_loss() -> None:
    for cause in ("sequence_jump", "queue_overflow", "unrecoverable", "spool_replaced", "fork"):
        assert backfill_window(cause, DataGap(0, 900 * SECOND, GapKind.LOST)) is None
    assert backfill_window("session_not_present", DataGap(0, 900 * SECOND, GapKind.LOST)) == (
        35 * SECOND, 890 * SECOND,
    )  # fmt: skip


def test_gaps_in_a_heartbeat() -> None:
    beats = np.array([0, 5, 10, 31, 36, 56, 100], np.int64) * SECOND
    assert heartbeat_gaps(beats) == [(10 * SECOND, 31 * SECOND), (56 * SECOND, 100 * SECOND)]
    assert heartbeat_gaps(beats[:1]) == []


def states(*entries: tuple[float, S]) -> Series:
    return Series.of(
        [T0 + int(minute * MINUTE) for minute, _ in entries],
        [float(state) for _, state in entries],
        text=[state.label for _, state in entries],
    )


def compute_elements(samples: MachineSamples, buckets: int = 2) -> ComputedBuckets:
    return compute_buckets(
        samples, PlannedTime.always(), Carry(), BucketRange(T0, buckets, T0 + 90 * BUCKET_US)
    )


def test_unknown_time_lowers_coverage_and_the_reported_state_is_valid_again() -> None:
    span = (T0 + 5 * MINUTE, T0 + 20 * MINUTE)
    result = compute_elements(MachineSamples(state=states((0, S.PRODUCING)), unknown=(span,)))
    first, second = result.elements_of(0), result.elements_of(1)
    assert (first.apt_s, first.unknown_s, first.coverage) == (300, 600, pytest.approx(1 / 3))
    assert (second.apt_s, second.unknown_s) == (600, 300)
    assert result.intervals.code == ["producing", None, None, "producing"]
    # the carry has the sampled state and the end of the unknown span
    assert (result.carries[0].state, result.carries[0].unknown_until_us) == (1, span[1])
    assert result.carries[1].unknown_until_us is None
    assert Carry.from_document(result.carries[0].to_document()) == result.carries[0]


def test_a_masked_fault_starts_again() -> None:
    span = (T0 + 5 * MINUTE, T0 + 15 * MINUTE)
    samples = MachineSamples(
        state=states((0, S.PRODUCING), (4, S.MALFUNCTION), (16, S.PRODUCING)), unknown=(span,)
    )
    first, second = (
        compute_elements(samples).elements_of(0),
        compute_elements(samples).elements_of(1),
    )
    assert (first.fe, first.minor_stops, first.minor_stop_s) == (0, 1, 60)
    assert (second.fe, second.minor_stops, second.minor_stop_s) == (0, 1, 60)


@st.composite
def backfills(draw: st.DrawFn) -> MachineSamples:
    length = 4 * 15 * 60
    at = sorted(draw(st.sets(st.integers(0, length), max_size=15)))
    sampled = [draw(st.sampled_from(list(S))) for _ in at]
    cuts = sorted(draw(st.sets(st.integers(-600, length), max_size=8)))
    spans = tuple((T0 + a * SECOND, T0 + b * SECOND) for a, b in pairwise(cuts))[::2]
    return MachineSamples(
        state=states(*((second / 60, state) for second, state in zip(at, sampled, strict=True))),
        unknown=spans,
    )


@given(backfills())
def test_however_the_range_is_split_the_outcome_is_the_same(samples: MachineSamples) -> None:
    whole = compute_elements(samples, 4)
    carry = Carry()
    for n in range(4):
        span = BucketRange(T0 + n * BUCKET_US, 1, T0 + 90 * BUCKET_US)
        assert samples.state is not None
        here = samples.state.at >= span.start_us
        part = MachineSamples(
            state=samples.state.select(here),
            unknown=tuple(s for s in samples.unknown if s[1] >= span.start_us),
        )
        spans = compute_buckets(part, PlannedTime.always(), carry, span)
        assert spans.carries[0] == whole.carries[n]
        for name in ELEMENT_NAMES:
            assert spans.columns[name][0] == pytest.approx(whole.columns[name][n], abs=1e-6), name
        carry = spans.carries[0]


@given(backfills())
def test_the_spans_are_unknown_and_nothing_else_is(samples: MachineSamples) -> None:
    assert samples.state is not None
    sampled = np.concatenate(([T0], samples.state.at)), np.full(len(samples.state) + 1, 1.0)
    sample_times = MachineSamples(state=Series.of(*sampled), unknown=samples.unknown)
    pieces = compute_elements(sample_times, 4).intervals
    end_us = T0 + 4 * BUCKET_US
    expected = sum(max(0, min(end, end_us) - max(start, T0)) for start, end in samples.unknown)
    assert (pieces.end - pieces.start)[pieces.state == int(S.UNKNOWN)].sum() == expected
