"""Errors of PostgreSQL that a value of the request caused: out of a column's range, too long.

They are 422 only where the value stands in the request. Anything else is a fault of the server.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

import asyncpg
import sqlalchemy as sa
from fastapi import Request

from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.requests import CHECKED, bad_values_problem, json_of
from werknetz_core.http.guard.values import BadValue
from werknetz_core.http.problem import Problem

_ARGUMENT: Final = re.compile(r"invalid input for query argument \$\d+: (.*) \((.*)\)", re.DOTALL)
_INDEXED_BYTES_MAX: Final = 2000  # PostgreSQL takes 2,704 of all columns of an index
_LARGE: Final = 32_767  # the smallest bound of a column
_HINT: Final = Sentence("requests.send_value_in_range")


def driver_error_of(error: BaseException) -> BaseException:
    """Return the driver's error behind one of SQLAlchemy."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def is_refused_argument(error: BaseException) -> bool:
    """Whether the driver could not encode an argument of a statement."""
    # asyncpg has two classes of this name; only one of them has a public place.
    is_data = isinstance(error, asyncpg.DataError | asyncpg.InterfaceError)
    return is_data and _ARGUMENT.search(str(error)) is not None


async def refused_value_problem(request: Request, error: Exception) -> Problem | None:
    """Return the problem that names the value which PostgreSQL refused; None: it is not one."""
    cause = driver_error_of(error)
    if checked := request.scope.get(CHECKED):
        request = checked[0]
    if is_refused_argument(cause):
        match = _ARGUMENT.search(str(cause))
        refused = match[1] if match else None
        bad_values = [
            BadValue(
                pointer,
                "out_of_range",
                Sentence("requests.value_not_stored", fault=match[2]),
                _HINT,
            )
            for pointer, value in await _values_of(request)
            if match and refused in {value, repr(value)}
        ]
    elif isinstance(cause, asyncpg.ProgramLimitExceededError):
        bad_values = [
            BadValue(
                pointer,
                "text_too_long",
                Sentence("requests.text_too_long_for_index"),
                Sentence("requests.shorten_it"),
            )
            for pointer, value in await _values_of(request)
            if len(value.encode(errors="replace")) > _INDEXED_BYTES_MAX
        ]
    elif isinstance(cause, asyncpg.NumericValueOutOfRangeError):
        bad_values = [
            BadValue(pointer, "out_of_range", Sentence("requests.number_not_stored"), _HINT)
            for pointer, value in await _values_of(request)
            if _is_large(value)
        ]
    else:
        return None
    return bad_values_problem(bad_values) if bad_values else None


async def _values_of(request: Request) -> list[tuple[str, str]]:
    """Return every value of the request with its pointer, as text."""
    values = [(f"/path/{name}", str(value)) for name, value in request.path_params.items()]
    values += [(f"/query/{name}", value) for name, value in request.query_params.multi_items()]
    return [*values, *_scalars_in(await json_of(request), "/body")]


def _scalars_in(document: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        for name, item in document.items():
            yield from _scalars_in(item, f"{pointer}/{name}")
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield from _scalars_in(item, f"{pointer}/{index}")
    elif document is not None:
        yield pointer, document if isinstance(document, str) else json.dumps(document)


def _is_large(value: str) -> bool:
    try:
        return abs(float(value)) >= _LARGE
    except ValueError:
        return False
