"""A number is followed by the next; a keep-alive carries the next and does not advance."""

from werknetz_edge.opcua.subscription.sequence import HIGHEST, SequenceTracker, next_number


def test_numbers_roll_over_to_one() -> None:
    assert next_number(0) == 1
    assert next_number(41) == 42
    assert next_number(HIGHEST) == 1


def test_a_jump_is_seen_and_counted() -> None:
    sequence = SequenceTracker()
    assert sequence.count_missing(1) == 0
    sequence.advance(1)
    assert sequence.count_missing(2) == 0
    assert sequence.count_missing(5) == 3
    assert sequence.list_missing(5, 10) == [2, 3, 4]
    assert sequence.list_missing(5, 2) == [2, 3]


def test_a_keep_alive_after_a_loss_shows_it() -> None:
    sequence = SequenceTracker()
    sequence.advance(7)
    assert sequence.count_missing(8) == 0  # the keep-alive that says: 8 comes next
    assert sequence.count_missing(9) == 1  # 8 was sent and never came


def test_a_repetition_is_no_loss() -> None:
    sequence = SequenceTracker()
    sequence.advance(7)
    assert sequence.is_duplicate(7)
    assert sequence.is_duplicate(3)
    assert not sequence.is_duplicate(8)


def test_over_the_highest() -> None:
    sequence = SequenceTracker()
    sequence.advance(HIGHEST - 1)
    assert sequence.count_missing(2) == 2
    assert sequence.list_missing(2, 10) == [HIGHEST, 1]
