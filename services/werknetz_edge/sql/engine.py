"""A read-only connection with time limits, and the meaning of its drivers' errors."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.sql.config import SqlConfig

_EXTRAS: Final = {"mssql": "mssql", "oracle": "oracle", "hana": "hana"}
_READ_ONLY: Final = {
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}
_SQLITE_CONFIGURATION_ERRORS: Final = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_READONLY,
}  # SQLAlchemy raises OperationalError
_MYSQL_ACCESS_ERRORS: Final = {1044, 1045, 1049}  # MySQL: access denied, unknown database
# Too many connections, shutdown, network, killed, locks, time limits. Other codes are errors of
# the configuration: PyMySQL raises OperationalError for a missing column, too.
_MYSQL_TEMPORARY_ERRORS: Final = {
    1040, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1205, 1213, 1317, 1927, 1969, 2002, 2003, 2006,
    2013, 2014, 2055, 3024, 0,
}  # fmt: skip
_ACCESS_ERROR_TEXTS: Final = (
    "authentication failed",
    "no password supplied",
    "login failed",
    "does not exist",
)


def open_engine(config: SqlConfig) -> sa.Engine:
    """Create the engine without connecting. Raises ConfigurationRejected."""
    try:
        url = config.target
        dialect = url.get_backend_name()
        if dialect == "sqlite":
            url = _read_only_sqlite_url(url)
        engine = sa.create_engine(
            url, poolclass=NullPool, connect_args=_arguments(dialect, config.timeout_s)
        )
    except (NoSuchModuleError, ImportError) as error:
        extra = _EXTRAS.get(config.url.partition(":")[0].partition("+")[0], "")
        remedy = f"pip install 'werknetz[{extra}]'" if extra else "correct the url"
        raise ConfigurationRejected(f"{error}: the driver is not installed: {remedy}") from error
    except (ArgumentError, OSError) as error:
        raise ConfigurationRejected(f"{error}: check url and password_file") from error

    @event.listens_for(engine, "connect")
    def _set_read_only(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        try:
            for statement in _READ_ONLY.get(dialect, ()):
                cursor.execute(statement)
            if dialect in {"postgresql", "mysql", "mariadb"}:
                connection.commit()
        finally:
            cursor.close()

    return engine


def _arguments(dialect: str, timeout_s: float) -> dict[str, Any]:
    seconds = max(2, round(timeout_s))
    if dialect == "postgresql":
        return {
            "connect_timeout": seconds,
            "options": f"-c statement_timeout={seconds * 1000} -c lock_timeout={seconds * 1000}",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": seconds * 1000,
        }
    if dialect in {"mysql", "mariadb"}:
        return {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds}
    if dialect == "sqlite":
        return {"timeout": timeout_s, "check_same_thread": False}
    return {}


def _read_only_sqlite_url(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise ConfigurationRejected("url: name the file, such as sqlite:////var/lib/mes.db")
    path = Path(url.database).absolute()
    return url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})


def to_connector_error(error: SQLAlchemyError, action: str) -> Exception:
    """Convert an error for the pump: ConfigurationRejected, or ConnectionLost to try again."""
    message = " ".join(str(getattr(error, "orig", error)).split())[:500]
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return ConnectionLost(f"{action}: {message}")
    if isinstance(error, (OperationalError, InterfaceError)):
        if _is_access_error(error, message):
            return ConfigurationRejected(
                f"{action}: {message}: check user, password_file and rights"
            )
        is_permanent = (_code(error) or 0) not in _MYSQL_TEMPORARY_ERRORS
        if (
            is_permanent
            or getattr(error.orig, "sqlite_errorcode", None) in _SQLITE_CONFIGURATION_ERRORS
        ):
            return ConfigurationRejected(f"{action}: {message}: check table, columns and query")
        return ConnectionLost(f"{action}: {message}")
    if isinstance(error, (ProgrammingError, DBAPIError)):
        return ConfigurationRejected(f"{action}: {message}: check table, columns, query and rights")
    return ConfigurationRejected(f"{action}: {message}")


def _code(error: DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _is_access_error(error: DBAPIError, message: str) -> bool:
    return _code(error) in _MYSQL_ACCESS_ERRORS or any(
        text in message.lower() for text in _ACCESS_ERROR_TEXTS
    )
