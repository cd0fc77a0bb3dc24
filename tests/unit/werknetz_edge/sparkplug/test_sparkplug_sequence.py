"""Whatever the order of arrival: number message once, in order where it can be, losses counted."""

from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.sparkplug.sequence import WAITING_MAX, MessageOrder


def _order(last: int | None = 0) -> MessageOrder[int]:
    return MessageOrder(2.0, last)


def test_the_round_goes_on_after_255() -> None:
    order = _order(None)
    for number in range(250, 600):
        assert order.admit(number % 256, number, 0.0).messages == [number]
    assert order.until_s is None


def test_a_swap_is_put_right() -> None:
    order = _order()
    assert order.admit(2, 2, 10.0).messages == []
    assert order.until_s == 12.0
    assert order.admit(1, 1, 10.5).messages == [1, 2]
    assert order.until_s is None


def test_what_does_not_come_in_time_is_lost() -> None:
    order = _order()
    for seq in (3, 5):
        assert not order.admit(seq, seq, 0.0).messages
    verdict = order.flush()
    assert (verdict.messages, verdict.lost) == ([3, 5], 3)
    assert order.admit(6, 6, 1.0).messages == [6]
    late = order.admit(4, 4, 1.0)
    assert (late.messages, late.lost, late.late) == ([4], 0, True)
    assert order.admit(7, 7, 1.0).messages == [7]


def test_a_long_jump_is_no_late_message() -> None:
    order = _order()
    assert order.admit(250, 250, 0.0).late
    verdict = order.admit(251, 251, 0.0)
    assert (verdict.messages, verdict.lost) == ([251], 249)
    assert order.admit(252, 252, 0.0).messages == [252]


def test_messages_without_a_number_may_have_been_counted_or_not() -> None:
    for following in (1, 2):
        order = _order()
        assert order.admit(None, 99, 0.0).messages == [99]
        verdict = order.admit(following, following, 0.0)
        assert (verdict.messages, verdict.lost) == ([following], 0)
        assert order.admit(following + 1, 7, 0.0).messages == [7]


def test_waiting_is_bounded() -> None:
    order = _order()
    given_out: list[int] = []
    lost = 0
    for seq in range(2, 2 + 3 * WAITING_MAX):
        verdict = order.admit(seq % 256, seq, 0.0)
        given_out += verdict.messages
        lost += verdict.lost
        assert order.waiting_count <= WAITING_MAX
    assert given_out == list(range(2, 2 + 3 * WAITING_MAX))
    assert lost == 1


@given(
    st.lists(st.sampled_from(["swap", "lose", "plain"]), min_size=1, max_size=60),
    st.integers(0, 255),
)
def test_no_message_is_duplicated_or_retained(steps: list[str], begin: int) -> None:
    """Short losses and swaps of neighbours, over any turn of the round."""
    order = _order(begin)
    sent: list[int] = []
    number, lost = begin, 0
    for step in steps:
        if step == "swap":
            sent += [number + 2, number + 1]
            number += 2
        elif step == "lose":
            number, lost = number + 1, lost + 1
        else:
            number += 1
            sent.append(number)
    sent += [number + 1]  # so that a loss at the end shows
    given_out: list[int] = []
    counted = 0
    for number in sent:
        verdict = order.admit(number % 256, number, 0.0)
        given_out += verdict.messages
        counted += verdict.lost
        if order.waiting_count > 4:
            flushed = order.flush()
            given_out += flushed.messages
            counted += flushed.lost
    flushed = order.flush()
    assert sorted(given_out + flushed.messages) == sorted(sent)
    assert counted + flushed.lost >= lost
