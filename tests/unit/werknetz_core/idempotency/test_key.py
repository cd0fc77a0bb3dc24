"""What is an Idempotency-Key, which requests are the same, and what is stored of an answer."""

import json
from typing import Annotated, Any

import pytest
from fastapi import Request, Response
from pydantic import BaseModel

from werknetz_core.http.problem import Problem
from werknetz_core.idempotency.key import fingerprint_of, hash_of, key_of
from werknetz_core.idempotency.route import OnceRoute, secrets_of, without_secrets
from werknetz_core.idempotency.secrets import ShownOnce


def request_of(body: bytes = b"{}", *, keys: tuple[bytes, ...] = (), **scope: Any) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"idempotency-key", key) for key in keys] + scope.pop("headers", [])
    return Request(
        {"type": "http", "method": "POST", "path": "/a", "query_string": b"", "headers": headers}
        | scope,
        receive,
    )


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"7f8a1c52", "7f8a1c52"),
        (b'"7f8a1c52"', "7f8a1c52"),
        (b"  7f8a1c52 ", "7f8a1c52"),
        (b'"a b\\"c\\\\"', 'a b"c\\'),
        (b"a b", "a b"),
        (b"x" * 255, "x" * 255),
        (b'"' + b"x" * 255 + b'"', "x" * 255),
    ],
)
def test_keys(sent: bytes, key: str) -> None:
    assert key_of(request_of(keys=(sent,))) == key


@pytest.mark.parametrize(
    "sent",
    [b"", b" ", b'""', b'"a', b'"a";p=1', b'"a\\x"', b"x" * 256, b"\xe4", b"a\tb", b"\x00"],
)
def test_what_is_no_key_is_refused(sent: bytes) -> None:
    with pytest.raises(Problem, match="is no key") as refused:
        key_of(request_of(keys=(sent,)))
    assert (refused.value.status, refused.value.errors[0]["pointer"]) == (
        422, "/header/Idempotency-Key",
    )  # fmt: skip


def test_one_key_at_most() -> None:
    assert key_of(request_of()) is None
    with pytest.raises(Problem, match="2 Idempotency-Key headers"):
        key_of(request_of(keys=(b"a", b"a")))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (request_of(b'{"a": 1, "b": [2]}'), True),
        (request_of(b'{"b":[2],"a":1}'), True),
        (request_of(b'{"a": 1, "b": [2]}', query_string=b"y=2&x=1"), False),
        (request_of(b'{"a": 1, "b": [3]}'), False),
        (request_of(b'{"a": "1", "b": [2]}'), False),
        (request_of(b'{"a": 1, "b": [2]}', path="/b"), False),
        (request_of(b'{"a": 1, "b": [2]}', method="PUT"), False),
        (request_of(b'{"a": 1, "b": [2]}', headers=[(b"if-match", b'"3"')]), False),
        (request_of(b'{"a": 1, "b": [2]}', headers=[(b"user-agent", b"x")]), True),
    ],
)
async def test_fingerprints(other: Request, is_same: bool) -> None:
    first = await fingerprint_of(request_of(b'{"a": 1, "b": [2]}'), "k")
    assert (await fingerprint_of(other, "k") == first) is is_same


@pytest.mark.asyncio
async def test_a_fingerprint_hides_the_request() -> None:
    """Whoever reads the table knows neither the key nor, by guessing, a short body."""
    guessed = await fingerprint_of(request_of(b'{"pin": 1234}'), "another key")
    assert await fingerprint_of(request_of(b'{"pin": 1234}'), "k") != guessed
    assert hash_of("k") != b"k"


@pytest.mark.asyncio
@pytest.mark.parametrize(("former", "later"), [(b"a=1&b=2", b"b=2&a=1"), (b"", b"")])
async def test_the_order_of_query_parameters_is_no_difference(former: bytes, later: bytes) -> None:
    assert await fingerprint_of(request_of(query_string=former), "k") == await fingerprint_of(
        request_of(query_string=later), "k"
    )


class Created(BaseModel):
    name: str
    key: Annotated[str | None, ShownOnce()]


def test_secrets_are_not_stored() -> None:
    answer = Response(
        json.dumps({"name": "ä", "key": "wn_secret"}), 201, {"ETag": '"1"'}, "application/json"
    )
    stored = without_secrets(answer, secrets_of(Created))
    assert json.loads(bytes(stored.body)) == {"name": "ä", "key": None}
    assert (stored.status_code, stored.headers["etag"]) == (201, '"1"')
    assert stored.headers["content-length"] == str(len(stored.body))
    assert b"wn_secret" in bytes(answer.body)  # what is sent is whole
    assert secrets_of(list[str]) == ()
    assert without_secrets(answer, ()) is answer


@pytest.mark.parametrize(
    ("path", "methods", "takes_key"),
    [
        ("/stops", ["POST"], True),
        ("/stops:merge", ["POST"], True),
        ("/stops", ["GET"], False),
        ("/stops/{stop_id}", ["PATCH"], False),
        ("/mappings:preview", ["POST"], False),
        ("/kpi_values:query", ["POST"], False),
    ],
)
def test_which_routes_take_a_key(path: str, methods: list[str], takes_key: bool) -> None:
    async def endpoint() -> None: ...

    assert OnceRoute(path, endpoint, methods=methods).takes_key is takes_key
