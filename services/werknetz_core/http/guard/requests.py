"""Checks every value of a request before an endpoint sees it: path, query, headers, JSON body."""

import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice
from typing import Final, get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.values import (
    BadValue,
    bad_values_in,
    check_integer,
    check_parameter,
)
from werknetz_core.http.problem import Problem

CHECKED: Final = "werknetz_checked"
"""Where a scope holds the checked request: handlers of errors get one without path and body."""
_ERRORS_MAX: Final = 20
_LONG_INTEGER: Final = re.compile(r"\s*([+-]?[0-9]{19,30})[0-9]*\s*")


async def refuse_bad_values(request: Request) -> None:
    """Raise 422 that names each value which no part could carry.

    A body that the route streams itself is not read: its rule decides row by row.
    """
    if (checked := request.scope.get(CHECKED)) is not None:
        checked.append(request)
    bad_values = [*_bad_parameters(request)]
    bad_values += islice(bad_values_in(await json_of(request), "/body"), _ERRORS_MAX)
    if bad_values:
        raise bad_values_problem(bad_values[:_ERRORS_MAX])


def bad_values_problem(bad_values: list[BadValue]) -> Problem:
    errors = [
        {"pointer": bad.pointer, "code": bad.code, "detail": bad.detail} for bad in bad_values
    ]
    first = bad_values[0]
    return Problem(
        422,
        "invalid_parameter",
        Sentence("requests.bad_value", pointer=first.pointer, fault=first.detail),
        first.hint,
        errors=errors,
    )


async def json_of(request: Request) -> object:
    """Return the body that FastAPI has read as JSON; None: there is none."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None:
        return None
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    kind = message.get_content_subtype()
    is_json = message.get_content_maintype() == "application" and (
        kind == "json" or kind.endswith("+json")
    )
    if not is_json or await request.body() == b"":
        return None  # anything else fails the route's model
    document: object = await request.json()
    return document


def _bad_parameters(request: Request) -> Iterator[BadValue]:
    route = request.scope.get("route")
    values = [("path", name, str(value)) for name, value in request.path_params.items()]
    values += [("query", name, value) for name, value in request.query_params.multi_items()]
    for place, name, value in values:
        bad = check_parameter(name, f"/{place}") or check_parameter(value, f"/{place}/{name}")
        if bad is None and (number := _LONG_INTEGER.fullmatch(value)) is not None:
            bad = check_integer(int(number[1]), f"/{place}/{name}")
            if bad is not None and name not in _integer_names(route):
                bad = None  # the digits are a name: a number of a document, of a delivery
        if bad is not None:
            yield bad


def _integer_names(route: object) -> set[str]:
    """Return the names of the parameters that are integers."""
    return set(_integers_of(route.dependant)) if isinstance(route, APIRoute) else set()


def _integers_of(dependant: Dependant) -> Iterator[str]:
    for field in (*dependant.path_params, *dependant.query_params):
        if int in _types_in(field.field_info.annotation):
            yield field.alias
    for dependency in dependant.dependencies:
        yield from _integers_of(dependency)


def _types_in(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types_in(inner)
