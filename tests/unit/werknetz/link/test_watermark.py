"""What is decided on each batch: apply, duplicate, fork, missing, stale."""

from uuid import UUID

import pytest

from werknetz.events.codec import GENESIS, chain_hash
from werknetz.link.watermark import (
    Apply,
    Decision,
    Duplicate,
    Fork,
    Missing,
    StaleEpoch,
    Watermark,
    answer_hello,
    decide,
    is_set_back,
)
from werknetz.link.wire import BatchEnvelope, Hello, LeaseRefused, Welcome

SPOOL, INCARNATION = UUID(int=1), UUID(int=2)
FIRST, SECOND, THIRD = b"one", b"two", b"three"
AFTER_FIRST = chain_hash(GENESIS, FIRST)
AFTER_SECOND = chain_hash(AFTER_FIRST, SECOND)
ROW = Watermark(SPOOL, 7, 2, AFTER_SECOND)


def batch(
    seq: int, payload: bytes, previous: bytes, *, epoch: int = 7, digest: bytes | None = None
) -> BatchEnvelope:
    digest = digest or chain_hash(previous, payload)
    return BatchEnvelope("press", SPOOL, epoch, seq, previous, digest, "live", payload)


@pytest.mark.parametrize(
    ("envelope", "decision"),
    [
        (batch(3, THIRD, AFTER_SECOND), Apply),
        (batch(2, SECOND, AFTER_FIRST), Duplicate),
        (batch(1, FIRST, GENESIS), Duplicate),
        (batch(2, THIRD, AFTER_FIRST), Fork),  # another batch of the last sequence
        (batch(3, THIRD, AFTER_FIRST), Fork),  # continues another chain
        (batch(4, THIRD, AFTER_SECOND), Missing),
        (batch(3, THIRD, AFTER_SECOND, digest=AFTER_FIRST), Missing),  # damaged
        (batch(3, THIRD, AFTER_SECOND, epoch=6), StaleEpoch),
        (batch(3, THIRD, AFTER_SECOND, epoch=8), StaleEpoch),
    ],
)
def test_decisions(envelope: BatchEnvelope, decision: type[Decision]) -> None:
    assert isinstance(decide(ROW, envelope), decision)


def test_a_decision_names_what_is_needed() -> None:
    applied = decide(ROW, batch(3, THIRD, AFTER_SECOND))
    assert applied == Apply(Watermark(SPOOL, 7, 3, chain_hash(AFTER_SECOND, THIRD)))
    assert decide(ROW, batch(9, THIRD, AFTER_SECOND)) == Missing(3)
    assert decide(ROW, batch(3, THIRD, AFTER_SECOND, epoch=6)) == StaleEpoch(7)


def test_a_batch_of_another_spool_is_an_error() -> None:
    with pytest.raises(ValueError, match="envelope of spool"):
        decide(Watermark(UUID(int=9), 7, 2, AFTER_SECOND), batch(3, THIRD, AFTER_SECOND))


@pytest.mark.parametrize(
    ("epoch", "base", "is_granted"),
    [(9, 7, True), (9, 8, True), (9, 6, False), (7, 0, True), (8, 6, False)],
)
def test_a_lease_is_granted_above_its_base(epoch: int, base: int, is_granted: bool) -> None:
    hello = Hello("press", SPOOL, epoch, 2, AFTER_SECOND, UUID(int=3), base=base)
    expected: Welcome | LeaseRefused = LeaseRefused(UUID(int=3), 7, 99, INCARNATION)
    if is_granted:
        expected = Welcome(UUID(int=3), epoch, SPOOL, 2, AFTER_SECOND, INCARNATION, 99)
    assert answer_hello(ROW, hello, INCARNATION, 99) == expected


@pytest.mark.parametrize(
    ("incarnation", "is_granted"), [(None, True), (INCARNATION, True), (UUID(int=77), False)]
)
def test_a_lease_is_granted_for_this_database_only(
    incarnation: UUID | None, *, is_granted: bool
) -> None:
    """A hello from before a restore may still be in the stream: nobody would use its lease."""
    hello = Hello("press", SPOOL, 9, 2, AFTER_SECOND, UUID(int=3), base=7, incarnation=incarnation)
    answer = answer_hello(ROW, hello, INCARNATION)
    assert isinstance(answer, Welcome if is_granted else LeaseRefused)


@pytest.mark.parametrize(
    ("base", "incarnation", "expected"),
    [
        (8, INCARNATION, True),  # it has granted 8, and knows of 7 only
        (7, INCARNATION, False),
        (6, INCARNATION, False),
        (8, UUID(int=77), False),  # granted by another database, which is refused
        (8, None, False),  # of version 0.1: nobody knows which database granted it
    ],
)
def test_a_lost_lease_shows_that_the_database_was_set_back(
    base: int, incarnation: UUID | None, *, expected: bool
) -> None:
    hello = Hello(
        "press", SPOOL, 9, 2, AFTER_SECOND, UUID(int=3), base=base, incarnation=incarnation
    )
    assert is_set_back(ROW, hello, INCARNATION) is expected
