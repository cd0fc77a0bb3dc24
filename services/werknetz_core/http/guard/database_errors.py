"""Answers errors of PostgreSQL: 422 and 409 for what the request caused, 503 where it is down."""

from typing import Final

import asyncpg
import sqlalchemy as sa
from fastapi import FastAPI, Request, Response

from werknetz.runtime.log import get_logger
from werknetz.store.access.rows_key import RowsKeyRefused
from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.refused import (
    driver_error_of,
    is_refused_argument,
    refused_value_problem,
)
from werknetz_core.http.problem import Problem, database_unavailable, problem_response

_log: Final = get_logger("core.api")
# PostgreSQL is unreachable, starting, out of connections or too slow; never a wrong statement.
_UNAVAILABLE: Final[tuple[type[Exception], ...]] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidCatalogNameError,
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
)
# Two requests changed the same thing; one of them lost.
_CONFLICTS: Final[tuple[type[Exception], ...]] = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.ExclusionViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)

# The second one: of a key that has ended while a connection had plants that it signed.
_OF_KEY: Final[tuple[type[Exception], ...]] = (
    RowsKeyRefused, asyncpg.InvalidAuthorizationSpecificationError,
)  # fmt: skip


def register_database_handlers(app: FastAPI) -> None:
    """Answer the errors of PostgreSQL; an error that none of them explains passes on."""
    kinds: tuple[type[Exception], ...] = (
        *_UNAVAILABLE, asyncpg.PostgresError, sa.exc.DBAPIError,
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, _handle_database_error)


async def _handle_database_error(request: Request, error: Exception) -> Response:
    cause = driver_error_of(error)
    problem = await refused_value_problem(request, error)
    if problem is None and isinstance(cause, _CONFLICTS):
        problem = _conflict()
    if problem is None and isinstance(cause, _OF_KEY):
        problem = rows_key_problem(cause)
    if problem is None and isinstance(cause, asyncpg.InsufficientPrivilegeError):
        problem = _not_allowed(cause)
    if problem is None and isinstance(cause, _UNAVAILABLE) and not is_refused_argument(cause):
        problem = database_unavailable()
    if problem is None:
        raise error
    _log.warning("refused by the database", error=type(cause).__name__, status=problem.status)
    return problem_response(request, problem)


def rows_key_problem(error: Exception) -> Problem:
    """Return the answer where PostgreSQL does not accept whose rows the API may see."""
    cause = error if isinstance(error, RowsKeyRefused) else RowsKeyRefused.unknown_key()
    return Problem(503, "rows_key_refused", f"{cause.what}.", cause.remedy)


def _not_allowed(error: asyncpg.InsufficientPrivilegeError) -> Problem:
    """Distinguish a row of another plant from a right that the service's user lacks."""
    if "row-level security" in str(error):
        return Problem(
            403,
            "plant_not_allowed",
            Sentence("access.row_of_other_plant"),
            Sentence("access.use_key_of_plant"),
        )
    return Problem(
        503,
        "database_rights_missing",
        Sentence("system.database_rights_missing"),
        Sentence("system.migrate_as_owner"),
    )


def _conflict() -> Problem:
    return Problem(
        409,
        "conflict",
        Sentence("requests.conflict"),
        Sentence("requests.read_again"),
    )
