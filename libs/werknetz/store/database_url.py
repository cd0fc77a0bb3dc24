"""The one reading of a database URL, and the one way to open a connection with it.

TLS is set as in libpq: `sslmode`, `sslrootcert`, `sslcert`, `sslkey` and `sslcrl` of the URL.
SQLAlchemy would pass them to asyncpg as arguments, which it does not take: its engines open their
connections here, too. Several servers, a primary and its standbys, are `host:5432,other:5432`.
"""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import asyncpg

from werknetz.runtime.tls_refusal import TlsPeer, TlsRefusal, explain_refusal

ACCEPTED: Final = "postgresql://, postgres:// or postgresql+asyncpg://"
SETTING: Final = "WERKNETZ_DATABASE_URL"
_SCHEMES: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_VERIFYING: Final = frozenset({"verify-ca", "verify-full", "verify_ca", "verify_full"})
_SERVER_KIND: Final = "target_session_attrs"
_NO_UPGRADE: Final = "rejected SSL upgrade"  # of asyncpg's error


class DatabaseUrlRejected(ValueError):
    """The text is not the URL of a PostgreSQL database. The message never holds the URL."""


class DatabaseTlsRefused(ConnectionError):
    """TLS with PostgreSQL failed; `refusal` says why and what to do. Nothing was sent."""

    def __init__(self, refusal: TlsRefusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def asyncpg_url(url: str) -> str:
    """Return the URL as asyncpg reads it; of several servers, that which takes writes is wanted."""
    rest = _after_scheme(url)
    if "," in _hosts_of(rest) and _SERVER_KIND not in rest:
        rest += f"{'&' if '?' in rest else '?'}{_SERVER_KIND}=primary"
    return f"postgresql://{rest}"


def sqlalchemy_url(url: str) -> str:
    """Return the URL as SQLAlchemy reads it, with asyncpg as its driver.

    It has one server only: the engines open their connections with `open_connection`.
    """
    rest = _after_scheme(url)
    hosts = _hosts_of(rest)
    return f"postgresql+asyncpg://{rest.replace(hosts, hosts.partition(',')[0], 1)}"


async def open_connection(url: str, **options: Any) -> asyncpg.Connection:
    """Connect with asyncpg's options; raise DatabaseTlsRefused, or what asyncpg raises."""
    url = asyncpg_url(url)
    _check_tls_options(url)
    try:
        connection: asyncpg.Connection = await asyncpg.connect(url, **options)
    except (OSError, asyncpg.InterfaceError) as error:
        if _NO_UPGRADE in str(error):
            raise DatabaseTlsRefused(
                TlsRefusal(
                    f"{SETTING}: {_server_of(url)} offers no TLS",
                    "set `ssl = on` with a certificate on the server, or correct sslmode",
                )
            ) from error
        refusal = explain_refusal(error, _peer_of(url))
        if refusal is None:
            raise
        raise DatabaseTlsRefused(refusal) from error
    return connection


def _check_tls_options(url: str) -> None:
    """Raise DatabaseTlsRefused where a file cannot be read, or no authority is named."""
    options = dict(parse_qsl(urlsplit(url).query))
    if "ssl" in options:
        raise DatabaseUrlRejected(f"{SETTING}: write `sslmode` instead of `ssl`")
    for name in _FILES:
        if (path := options.get(name)) is None:
            continue
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise DatabaseTlsRefused(
                TlsRefusal(f"{SETTING}: {name} names {path}: {error.strerror}", "correct the path")
            ) from error
    is_named = "sslrootcert" in options or os.environ.get("PGSSLROOTCERT")
    default = Path("~/.postgresql/root.crt").expanduser()
    if options.get("sslmode") in _VERIFYING and not is_named and not default.exists():
        raise DatabaseTlsRefused(
            TlsRefusal(
                f"{SETTING}: sslmode={options['sslmode']} needs an authority",
                "add sslrootcert= with the path of its PEM",
            )
        )


def _peer_of(url: str) -> TlsPeer:
    return TlsPeer(
        server=_server_of(url),
        setting=SETTING,
        authority=f"sslrootcert of {SETTING}",
        own_certificate=f"sslcert and sslkey of {SETTING}",
    )


def _server_of(url: str) -> str:
    """Return host and port, without user and password."""
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    return f"PostgreSQL at {hosts or 'the local socket'}"


def _hosts_of(rest: str) -> str:
    """Return the servers of what follows the scheme, with their ports."""
    return urlsplit(f"//{rest}").netloc.rpartition("@")[2]


def _after_scheme(url: str) -> str:
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise DatabaseUrlRejected(f"a database URL begins with {ACCEPTED}")
    return rest
