"""The one reading of a database URL: which forms are accepted, and the form of each driver."""

from typing import Final

ACCEPTED: Final = "postgresql://, postgres:// or postgresql+asyncpg://"
_SCHEMES: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})


class DatabaseUrlRejected(ValueError):
    """The text is not the URL of a PostgreSQL database. The message never holds the URL."""


def asyncpg_url(url: str) -> str:
    """Return the URL as asyncpg reads it."""
    return f"postgresql://{_after_scheme(url)}"


def sqlalchemy_url(url: str) -> str:
    """Return the URL as SQLAlchemy reads it, with asyncpg as its driver."""
    return f"postgresql+asyncpg://{_after_scheme(url)}"


def _after_scheme(url: str) -> str:
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise DatabaseUrlRejected(f"a database URL begins with {ACCEPTED}")
    return rest
