"""Errors as problem documents (RFC 9457), with a hint on what to do next.

The API, the CLI and the client show the same detail and hint.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from werknetz.texts.catalogue import problem_title, texts_of
from werknetz.texts.sentence import Sentence, document_of, write_text
from werknetz_core.http.guard.methods import allowed_methods
from werknetz_core.http.guard.pointers import pointer_into

MEDIA_TYPE: Final = "application/problem+json"
UNREADABLE: Final = 400
METHOD_NOT_ALLOWED: Final = 405
TYPE_PREFIX: Final = "urn:werknetz:problem:"
_HTTP_ERRORS: Final[Mapping[int, tuple[str, Sentence, Sentence]]] = {
    404: ("no_such_route", Sentence("requests.no_such_route"), Sentence("requests.docs_routes")),
    405: (
        "method_not_allowed",
        Sentence("requests.method_not_allowed"),
        Sentence("requests.docs_methods"),
    ),
    413: ("body_too_large", Sentence("requests.body_too_large"), Sentence("requests.send_parts")),
    415: ("media_type", Sentence("requests.media_type"), Sentence("requests.send_json")),
}
_HINT: Final = Sentence("requests.correct_parameters")
_HINTS: Final[Mapping[str, Sentence]] = {
    "timezone_aware": Sentence("requests.add_time_zone"),
    "datetime_parsing": Sentence("requests.datetime_form"),
    "datetime_from_date_parsing": Sentence("requests.datetime_form"),
    "date_from_datetime_parsing": Sentence("requests.date_form"),
    "instant_range": Sentence("requests.correct_year"),
    "finite_number": Sentence("requests.send_finite_number"),
    "extra_forbidden": Sentence("requests.correct_name"),
    "missing": Sentence("requests.send_it"),
    "json_invalid": Sentence("requests.correct_json"),
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
            "detail": write_text(self.detail),
            "hint": write_text(self.hint),
            "sentences": {
                "detail": document_of(self.detail),
                "hint": document_of(self.hint),
            },
            "errors": [_error_document(error) for error in self.errors],
            "instance": instance,
            "trace_id": trace_id,
        }


def _error_document(error: Mapping[str, str]) -> dict[str, object]:
    detail = error["detail"]
    return {**error, "detail": write_text(detail), "sentence": document_of(detail)}


def invalid_parameter(name: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/query/{name}", "code": "invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, hint, errors=errors)


def database_unavailable() -> Problem:
    return Problem(
        503,
        "database_unavailable",
        Sentence("system.database_unavailable"),
        Sentence("system.no_data_lost"),
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
            "pointer": pointer_into(error.body, item["loc"], is_missing=item["type"] == "missing"),
            "code": str(item["type"]),
            "detail": _fault_of(item),
        }
        for item in error.errors()
    ]
    first = errors[0] if errors else {"pointer": "/", "detail": "unreadable"}
    detail = Sentence("requests.bad_value", pointer=first["pointer"], fault=first["detail"])
    remedy = _HINTS.get(first.get("code", ""))
    hint = _HINT if remedy is None else Sentence("requests.all_in_errors", remedy=remedy)
    return problem_response(request, Problem(422, "invalid_parameter", detail, hint, errors=errors))


def _fault_of(item: Mapping[str, Any]) -> str:
    """Return what pydantic says is wrong, as a sentence where the catalogue has its kind."""
    code = str(item["type"])
    if code not in texts_of("validation"):
        return str(item["msg"])
    return Sentence.with_english(str(item["msg"]), f"validation.{code}", item.get("ctx") or {})


async def _handle_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == UNREADABLE and error.__cause__ is not None:
        # FastAPI could not read the body: no UTF-8, endless nesting, an integer of 5,000 digits.
        return problem_response(request, _unreadable_body())
    code, detail, hint = _HTTP_ERRORS.get(
        error.status_code,
        (
            "http_error",
            Sentence("requests.http_error", reason=error.detail),
            Sentence("requests.see_docs"),
        ),
    )
    headers = dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app, request.scope))
        hint = Sentence("requests.methods", methods=headers["Allow"])
    problem = Problem(error.status_code, code, detail, hint, headers=headers)
    return problem_response(request, problem)


def _unreadable_body() -> Problem:
    detail = Sentence("requests.body_unreadable")
    errors = [{"pointer": "/body", "code": "json_invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, _HINTS["json_invalid"], errors=errors)


def problem_of(error: Exception) -> Problem:
    """Return the answer to an error that no handler knows; the caller logs it."""
    if isinstance(error, asyncpg.UndefinedTableError) or _undefined_table(error):
        return Problem(
            503, "schema_missing", Sentence("system.no_tables"), Sentence("system.run_migrate")
        )
    return Problem(
        500,
        "internal_error",
        Sentence("system.internal_error"),
        Sentence("system.report_trace_id"),
    )


def _undefined_table(error: Exception) -> bool:
    return isinstance(error, sa.exc.ProgrammingError) and "UndefinedTable" in str(error)
