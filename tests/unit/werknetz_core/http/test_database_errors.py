"""What a client gets for an error of PostgreSQL, and that it names the value that caused it."""

from typing import Any

import asyncpg
import httpx2
import pytest
import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from werknetz_core.http import problem
from werknetz_core.http.guard.database_errors import register_database_handlers
from werknetz_core.http.guard.requests import refuse_bad_values
from werknetz_core.http.middleware import RequestMetrics, RequestMiddleware


def argument_error(value: str) -> Exception:
    message = f"invalid input for query argument $2: {value} (value out of int32 range)"
    return asyncpg.DataError(message)


def wrap(error: Exception) -> sa.exc.DBAPIError:
    """As SQLAlchemy passes on an error of asyncpg."""
    adapted = Exception("adapted")
    adapted.__cause__ = error
    return sa.exc.DBAPIError("SELECT", {}, adapted)


class Body(BaseModel):
    items: list[Any] = []


async def answer(error: Exception, url: str, body: object = None) -> httpx2.Response:
    """Send a request to an app whose endpoint raises the error."""
    router = APIRouter()

    @router.post("/things/{number}")
    async def change(number: int, sent: Body, note: str = "") -> None:
        raise error

    app = FastAPI()
    app.add_middleware(RequestMiddleware, metrics=RequestMetrics(CollectorRegistry()))
    problem.register_handlers(app)
    register_database_handlers(app)
    app.include_router(router, prefix="/api", dependencies=[Depends(refuse_bad_values)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://core") as client:
        return await client.post(url, json=body or {})


TOO_LONG = "x" * 3000
ITEMS = {"items": [1, {"a": 99}, TOO_LONG, 40_000]}


@pytest.mark.asyncio
@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize(
    ("error", "pointers"),
    [
        (argument_error("7"), ["/path/number"]),
        (argument_error("99"), ["/body/items/1/a"]),
        (argument_error("'abc'"), ["/query/note"]),
        (asyncpg.ProgramLimitExceededError("index row"), ["/body/items/2"]),
        (asyncpg.NumericValueOutOfRangeError("integer"), ["/body/items/3"]),
    ],
)
async def test_a_value_that_no_column_takes_is_named(
    error: Exception, pointers: list[str], is_wrapped: bool
) -> None:
    raised = wrap(error) if is_wrapped else error
    response = await answer(raised, "/api/things/7?note=abc", ITEMS)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert [item["pointer"] for item in response.json()["errors"]] == pointers


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (argument_error("8"), 500, "internal_error"),
        (asyncpg.InterfaceError(str(argument_error("8"))), 500, "internal_error"),
        (asyncpg.ProgramLimitExceededError("index row"), 500, "internal_error"),
        (asyncpg.NumericValueOutOfRangeError("integer"), 500, "internal_error"),
        (asyncpg.CheckViolationError("x"), 500, "internal_error"),
        (asyncpg.UndefinedTableError("x"), 503, "schema_missing"),
        (asyncpg.QueryCanceledError("x"), 503, "database_unavailable"),
        (asyncpg.InterfaceError("the pool is closed"), 503, "database_unavailable"),
        (
            asyncpg.InsufficientPrivilegeError("permission denied for table t"),
            503,
            "database_rights_missing",
        ),
        (
            wrap(
                asyncpg.InsufficientPrivilegeError(
                    'new row violates row-level security policy for table "t"'
                )
            ),
            403,
            "plant_not_allowed",
        ),
        (asyncpg.UniqueViolationError("x"), 409, "conflict"),
        (asyncpg.ForeignKeyViolationError("x"), 409, "conflict"),
        (asyncpg.DeadlockDetectedError("x"), 409, "conflict"),
        (wrap(asyncpg.UniqueViolationError("x")), 409, "conflict"),
        (wrap(asyncpg.QueryCanceledError("x")), 503, "database_unavailable"),
        (OSError("x"), 503, "database_unavailable"),
        (RuntimeError("x"), 500, "internal_error"),
    ],
)
async def test_other_errors_keep_their_status(error: Exception, status: int, code: str) -> None:
    response = await answer(error, "/api/things/7", {"items": ["short", 32_766]})
    assert (response.status_code, response.json()["type"].rpartition(":")[2]) == (status, code)
    assert response.json()["trace_id"] == response.headers["x-trace-id"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "content",
    [b"\xff", b"[" * 200_000, b'{"items": [' + b"9" * 5000 + b"]}", b'{"items": ["\\ud800"]}',
     b'{"items": [1e400]}', b'{"items": [NaN]}', b'{"items": ["\\u0000"]}'],
)  # fmt: skip
async def test_an_unreadable_body_is_refused(content: bytes) -> None:
    app = FastAPI()
    problem.register_handlers(app)

    @app.post("/things", dependencies=[Depends(refuse_bad_values)])
    async def add(sent: Body) -> None:
        pytest.fail(f"{sent} reached the endpoint")

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://core") as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/things", content=content, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith("/body")
