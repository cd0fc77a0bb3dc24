"""What the API process is told by its environment; read once, in `create_app`'s caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from werknetz.runtime.settings import required_env, secret_env


@dataclass(frozen=True, slots=True)
class CoreSettings:
    database_url: str
    redis_url: str | None = None  # None: no ETags, and connectors' state as the database knows it
    pool_max: int = 10  # connections to PostgreSQL of the hot path
    statement_timeout_s: float = 20.0
    redis_timeout_s: float = 0.5  # a poll must not wait for a Redis that hangs
    webhook_url: str | None = None  # of the edge that takes events; None: none are taken
    webhook_key: str | None = None
    body_max_bytes: int = 1_000_000
    events_max_bytes: int = 50_000_000  # passed on part by part
    tree_every_s: float = 5.0  # how old the equipment tree may be
    marks_cached_s: float = 0.1  # how long a change may be taken for none
    key_cached_s: float = 5.0  # how long a revoked key may still work

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_DATABASE_URL (needed), WERKNETZ_REDIS_URL, WERKNETZ_WEBHOOK_URL and _KEY.

        Each also as …_FILE.
        """
        return cls(
            database_url=required_env("WERKNETZ_DATABASE_URL", environment),
            redis_url=secret_env("WERKNETZ_REDIS_URL", environment),
            webhook_url=secret_env("WERKNETZ_WEBHOOK_URL", environment),
            webhook_key=secret_env("WERKNETZ_WEBHOOK_KEY", environment),
        )
