"""Cursors: encoding and decoding are inverse; any other text is rejected."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text())
def test_a_cursor_is_decoded_to_its_values(number: int, text: str) -> None:
    assert pagination.decode_cursor(pagination.encode_cursor(number, text), int, str) == (
        number,
        text,
    )


@given(st.text(max_size=60))
def test_an_invalid_cursor_is_rejected_with_a_hint(cursor: str) -> None:
    with contextlib.suppress(Problem):
        assert isinstance(pagination.decode_cursor(cursor, int), tuple)


def test_a_cursor_of_another_route_is_rejected() -> None:
    for cursor in (
        pagination.encode_cursor("a"),
        pagination.encode_cursor(1, 2),
        pagination.encode_cursor(2**63),
    ):
        with pytest.raises(Problem):
            pagination.decode_cursor(cursor, int)
