"""Errors as problem documents (RFC 9457), with a hint on what to do next.

The API, the CLI and the client show the same detail and hint.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from werknetz_core.http.guard.methods import allowed_methods
from werknetz_core.texts.catalogue import problem_title

MEDIA_TYPE: Final = "application/problem+json"
UNREADABLE: Final = 400
METHOD_NOT_ALLOWED: Final = 405
TYPE_PREFIX: Final = "urn:werknetz:problem:"
_HTTP_ERRORS: Final[Mapping[int, tuple[str, str, str]]] = {
    404: ("no_such_route", "There is no such route", "/docs lists the routes."),
    405: (
        "method_not_allowed",
        "This route does not support the method",
        "/docs lists its methods.",
    ),
    413: ("body_too_large", "The body is too large", "Send it in parts of at most 1 MB."),
    415: ("media_type", "This media type is not supported", "Send Content-Type: application/json."),
}
_HINT: Final = "Correct the parameters listed in `errors`; /docs describes each route."
_HINTS: Final[Mapping[str, str]] = {
    "timezone_aware": "Add the time zone: 2026-11-27T08:00:00Z, or +01:00 instead of Z.",
    "datetime_parsing": "Write it as 2026-11-27T08:00:00+01:00.",
    "datetime_from_date_parsing": "Write it as 2026-11-27T08:00:00+01:00.",
    "date_from_datetime_parsing": "Write it as 2026-11-27.",
    "instant_range": "Correct the year.",
    "finite_number": "Send a finite number: neither NaN nor infinity.",
    "extra_forbidden": "Correct the name or leave it out; /docs shows the fields.",
    "missing": "Send it; /docs shows an example.",
    "json_invalid": "Correct the JSON; a number must be neither NaN nor infinity.",
}


class Problem(Exception):
    """An error response; `hint` is the remedy."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        hint: str,
        *,
        title: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title or code.replace("_", " ").capitalize()
        self.detail = detail
        self.hint = hint
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def to_document(self, trace_id: str, instance: str) -> dict[str, object]:
        return {
            "type": TYPE_PREFIX + self.code,
            "title": problem_title(self.code, self.title),
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "errors": self.errors,
            "instance": instance,
            "trace_id": trace_id,
        }


def invalid_parameter(name: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/query/{name}", "code": "invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, hint, errors=errors)


def database_unavailable() -> Problem:
    return Problem(
        503,
        "database_unavailable",
        "PostgreSQL does not answer.",
        "No data is lost: connectors buffer what they read. Retry in a few seconds; "
        "`werknetz doctor` shows the cause.",
        headers={"Retry-After": "5"},
    )


def problem_response(request: Request, problem: Problem) -> Response:
    trace_id = str(request.scope.get("trace_id", ""))
    body = msgspec.json.encode(problem.to_document(trace_id, request.url.path))
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def register_handlers(app: FastAPI) -> None:
    """Answer what endpoints and routing raise with a problem document."""
    app.add_exception_handler(Problem, _handle_problem)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)


async def _handle_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - narrows the type that it was registered for
    return problem_response(request, error)


async def _handle_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in item["loc"]),
            "code": str(item["type"]),
            "detail": str(item["msg"]),
        }
        for item in error.errors()
    ]
    first = errors[0] if errors else {"pointer": "/", "detail": "unreadable"}
    detail = f"{first['pointer']}: {first['detail']}"
    remedy = _HINTS.get(first.get("code", ""))
    hint = _HINT if remedy is None else f"{remedy} All of them are in `errors`."
    return problem_response(request, Problem(422, "invalid_parameter", detail, hint, errors=errors))


async def _handle_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == UNREADABLE and error.__cause__ is not None:
        # FastAPI could not read the body: no UTF-8, endless nesting, an integer of 5,000 digits.
        return problem_response(request, _unreadable_body())
    code, title, hint = _HTTP_ERRORS.get(
        error.status_code, ("http_error", str(error.detail), "See /docs for this route.")
    )
    headers = dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app, request.scope))
        hint = f"Methods of this path: {headers['Allow']}."
    problem = Problem(error.status_code, code, f"{title}.", hint, headers=headers)
    return problem_response(request, problem)


def _unreadable_body() -> Problem:
    detail = "The body is not JSON that the server can read."
    errors = [{"pointer": "/body", "code": "json_invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, _HINTS["json_invalid"], errors=errors)


def problem_of(error: Exception) -> Problem:
    """Return the answer to an error that no handler knows; the caller logs it."""
    if isinstance(error, asyncpg.UndefinedTableError) or _undefined_table(error):
        return Problem(
            503, "schema_missing", "The database has no tables.", "Run `werknetz migrate`."
        )
    return Problem(
        500,
        "internal_error",
        "The server failed to process this request.",
        "Report the trace_id to the operator, who finds the cause in the server's log.",
    )


def _undefined_table(error: Exception) -> bool:
    return isinstance(error, sa.exc.ProgrammingError) and "UndefinedTable" in str(error)
