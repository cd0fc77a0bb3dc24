"""Requests fit into the PDU, answers are taken apart piece by piece."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from werknetz_edge.polling.device import Refusal
from werknetz_edge.polling.grouping import AreaPiece
from werknetz_edge.s7.pdu import (
    ITEMS_MAX,
    UnreadableAnswer,
    pack_requests,
    parse_answers,
    piece_max,
)

AREA = (0x84, 1)


def _pieces(*sizes: int) -> list[AreaPiece]:
    return [AreaPiece(AREA, 0, size, 0, size) for size in sizes]


def _item(content: bytes, transport: int = 4) -> bytes:
    length = len(content) * (8 if transport in {3, 4, 5} else 1)
    return bytes([0xFF, transport]) + length.to_bytes(2) + content


def _join(items: list[bytes]) -> bytes:
    return b"".join(item + b"\0" * (len(item) % 2) for item in items[:-1]) + items[-1]


@example([43, 103, 88], 261)  # an even last piece has no fill byte that it could save
@given(st.lists(st.integers(1, 222), min_size=1, max_size=100), st.integers(240, 960))
def test_requests_and_their_answers_fit_into_the_pdu(sizes: list[int], pdu: int) -> None:
    requests = pack_requests(_pieces(*sizes), pdu)
    assert [index for request in requests for index in request] == list(range(len(sizes)))
    for request in requests:
        assert 1 <= len(request) <= ITEMS_MAX
        assert 12 + 12 * len(request) <= pdu
        answer = _join([_item(bytes(sizes[index])) for index in request])
        assert 14 + len(answer) <= pdu


def test_a_piece_of_the_largest_size_has_a_request_of_its_own() -> None:
    assert piece_max(240) == 222
    assert pack_requests(_pieces(222, 222, 1), 240) == [[0], [1], [2]]
    assert pack_requests(_pieces(100, 100), 240) == [[0, 1]]


def test_a_request_is_filled_to_the_last_byte_and_not_beyond() -> None:
    assert pack_requests(_pieces(43, 103, 87), 261) == [[0, 1, 2]]
    assert pack_requests(_pieces(43, 103, 88), 261) == [[0, 1], [2]]
    assert pack_requests(_pieces(42, 102, 90), 260) == [[0, 1, 2]]
    assert pack_requests(_pieces(42, 102, 90), 259) == [[0, 1], [2]]


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=20))
def test_an_answer_reads_as_it_was_written(contents: list[bytes]) -> None:
    pieces = _pieces(*map(len, contents))
    assert parse_answers(_join([_item(content) for content in contents]), pieces) == contents
    assert parse_answers(_join([_item(content, 9) for content in contents]), pieces) == contents


def test_a_refused_piece_does_not_disturb_its_neighbours() -> None:
    content = _join([_item(b"abc"), b"\x0a\0\0\0", _item(b"d")])
    first, refused, last = parse_answers(content, _pieces(3, 4, 1))
    assert (first, last) == (b"abc", b"d")
    assert isinstance(refused, Refusal)
    assert "optimized" in refused.reason


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x04\0", _item(b"ab"), _item(b"abcd"), _item(b"abc") + b"xxxx"]
)
def test_an_answer_of_the_wrong_length_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_answers(content, _pieces(3))


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_any_bytes_are_answers_or_unreadable(content: bytes, sizes: list[int]) -> None:
    try:
        answers = parse_answers(content, _pieces(*sizes))
    except UnreadableAnswer:
        return
    assert len(answers) == len(sizes)
