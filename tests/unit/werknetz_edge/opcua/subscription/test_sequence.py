"""A number is followed by the next; a keep-alive carries the next and does not advance."""

from werknetz_edge.opcua.subscription.sequence import HIGHEST, Sequence, following


def test_numbers_roll_over_to_one() -> None:
    assert following(0) == 1
    assert following(41) == 42
    assert following(HIGHEST) == 1


def test_a_jump_is_seen_and_counted() -> None:
    sequence = Sequence()
    assert sequence.missing_before(1) == 0
    sequence.taken(1)
    assert sequence.missing_before(2) == 0
    assert sequence.missing_before(5) == 3
    assert sequence.missing(5, 10) == [2, 3, 4]
    assert sequence.missing(5, 2) == [2, 3]


def test_a_keep_alive_after_a_loss_shows_it() -> None:
    sequence = Sequence()
    sequence.taken(7)
    assert sequence.missing_before(8) == 0  # the keep-alive that says: 8 comes next
    assert sequence.missing_before(9) == 1  # 8 was sent and never came


def test_a_repetition_is_no_loss() -> None:
    sequence = Sequence()
    sequence.taken(7)
    assert sequence.is_repeated(7)
    assert sequence.is_repeated(3)
    assert not sequence.is_repeated(8)


def test_over_the_highest() -> None:
    sequence = Sequence()
    sequence.taken(HIGHEST - 1)
    assert sequence.missing_before(2) == 2
    assert sequence.missing(2, 10) == [HIGHEST, 1]
