"""Cursors: what was given comes back; anything else is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz_core.http import pagination
from werknetz_core.http.problem import Problem


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text())
def test_a_cursor_comes_back(number: int, text: str) -> None:
    assert pagination.decode_cursor(pagination.encode_cursor(number, text), int, str) == (
        number,
        text,
    )


@given(st.text(max_size=60))
def test_rubbish_is_refused_with_a_hint(cursor: str) -> None:
    with contextlib.suppress(Problem):
        assert isinstance(pagination.decode_cursor(cursor, int), tuple)


def test_a_cursor_of_another_route_is_refused() -> None:
    for cursor in (
        pagination.encode_cursor("a"),
        pagination.encode_cursor(1, 2),
        pagination.encode_cursor(2**63),
    ):
        with pytest.raises(Problem):
            pagination.decode_cursor(cursor, int)
