"""What a worker is told by its environment; read once a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from werknetz.runtime.settings import required_env, secret_env


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    database_url: str
    redis_url: str | None = None  # None: nobody polls with ETags
    connections: int = 2
    statement_timeout_s: float = 60.0
    revisions_kept_days: int = 400  # what was known before a recomputation

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_DATABASE_URL (needed) and WERKNETZ_REDIS_URL, each also as …_FILE."""
        return cls(
            database_url=plain_url(required_env("WERKNETZ_DATABASE_URL", environment)),
            redis_url=secret_env("WERKNETZ_REDIS_URL", environment),
        )


def plain_url(url: str) -> str:
    """Return the URL as asyncpg reads it, whatever driver it names."""
    return f"postgresql://{url.partition('://')[2]}"
