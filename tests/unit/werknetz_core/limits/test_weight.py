"""Weights: what a request reads, in units of a poll."""

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz_core.limits.weight import (
    ROWS_PER_PIECE,
    ROWS_PER_PIECE_MAX,
    ROWS_PER_UNIT,
    ROWS_PER_VALUE,
    WIDE_WEIGHT,
    Reads,
)

DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    ("reads", "weight"),
    [
        (Reads(), 1),
        (Reads(ROWS_PER_UNIT - 1), 1),
        (Reads(ROWS_PER_UNIT), 2),
        (Reads(values=ROWS_PER_UNIT // ROWS_PER_VALUE), 2),
        (Reads(ROWS_PER_UNIT, ROWS_PER_UNIT // ROWS_PER_VALUE), 3),
    ],
)
def test_a_request_weighs_one_and_what_it_reads(reads: Reads, weight: int) -> None:
    assert reads.weight == weight


def test_it_is_wide_from_a_weight_on() -> None:
    rows = (WIDE_WEIGHT - 1) * ROWS_PER_UNIT
    assert not Reads(rows - 1).is_wide
    assert Reads(rows).is_wide


def test_a_span_has_a_row_for_each_quarter_hour_of_each_machine() -> None:
    assert Reads.of_buckets(3, 0, DAY_US) == Reads(3 * 96)
    assert Reads.of_buckets(1, 0, 1) == Reads(1)
    assert Reads.of_buckets(1, 0, BUCKET_US + 1) == Reads(2)
    assert Reads.of_buckets(7, DAY_US, 0, values=4) == Reads(0, 4)


def test_stops_weigh_what_they_usually_are_and_are_wide_by_what_they_may_be() -> None:
    assert Reads.of_buckets(2, 0, DAY_US, stops=True) == Reads(192, pieces=192)
    assert Reads(pieces=ROWS_PER_UNIT // ROWS_PER_PIECE).weight == 2
    assert Reads(pieces=ROWS_PER_UNIT // ROWS_PER_PIECE - 1).weight == 1
    most = (WIDE_WEIGHT - 1) * ROWS_PER_UNIT // ROWS_PER_PIECE_MAX
    assert Reads(pieces=most).is_wide
    assert not Reads(pieces=most - 1).is_wide
    assert Reads(pieces=most).weight < WIDE_WEIGHT


def test_a_list_of_questions_weighs_their_sum() -> None:
    questions = [Reads(3000, 40, 1), Reads(3000, 50, 2)]
    assert sum(questions, Reads()) == Reads(6000, 90, 3)
