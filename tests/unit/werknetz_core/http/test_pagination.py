"""Cursors: encoding and decoding are inverse; any other text is rejected."""

import contextlib

import pytest
from fastapi import FastAPI, Request, Response
from httpx2 import ASGITransport, AsyncClient
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


@pytest.mark.parametrize("character", ["!", "+", "/", "\n"])
def test_a_cursor_with_another_character_is_rejected(character: str) -> None:
    cursor = pagination.encode_cursor(1)
    with pytest.raises(Problem):
        pagination.decode_cursor(cursor[:2] + character + cursor[2:], int)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422), ("limit=1", 200), ("limit=1000", 200), ("limit=1001", 422),
        (f"cursor={'a' * 2048}", 200), (f"cursor={'a' * 2049}", 422),
    ],
)  # fmt: skip
async def test_limits_of_the_parameters_of_a_list(query: str, status: int) -> None:
    app = FastAPI()

    @app.get("/items")
    async def list_items(
        limit: pagination.LimitParam = 100, cursor: pagination.CursorParam = None
    ) -> list[object]:
        return [limit, cursor]

    async with AsyncClient(transport=ASGITransport(app), base_url="http://core") as client:
        assert (await client.get(f"/items?{query}")).status_code == status


def test_the_next_page_is_a_link_with_the_same_parameters() -> None:
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "server": ("core", 80), "path": "/items",
        "query_string": b"limit=2&cursor=a", "headers": [],
    }  # fmt: skip
    response = Response()
    pagination.set_next_link(Request(scope), response, None)
    assert "link" not in response.headers
    pagination.set_next_link(Request(scope), response, "b")
    assert response.headers["link"] == '</items?limit=2&cursor=b>; rel="next"'
