"""What the API process is told by its environment; read once, in `create_app`'s caller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from werknetz.runtime.settings import read_env, read_number_env, require_env

RATE_PER_S: Final = 100.0
RATE_BURST: Final = 1000


@dataclass(frozen=True, slots=True)
class CoreSettings:
    database_url: str
    redis_url: str | None = None  # None: no ETags, and connectors' state as the database knows it
    sessions_max: int = (
        10  # of endpoints at once; as many driver connections are possible beside them
    )
    statement_timeout_s: float = 20.0
    redis_timeout_s: float = 0.5  # a poll must not wait for a Redis that hangs
    webhook_url: str | None = None  # of the edge that takes events; None: none are taken
    webhook_key: str | None = None
    body_max_bytes: int = 1_000_000
    events_max_bytes: int = 50_000_000  # passed on part by part
    tree_every_s: float = 5.0  # how old the equipment tree may be
    marks_cached_s: float = 0.1  # how long a change may be taken for none
    key_cached_s: float = 5.0  # how long a revoked key may still work
    rate_per_s: float = RATE_PER_S  # requests of one key, in the long run; 0: no limit
    rate_burst: int = RATE_BURST  # requests of one key at once, such as when all dashboards start

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_DATABASE_URL (needed), WERKNETZ_REDIS_URL, WERKNETZ_WEBHOOK_URL and _KEY.

        Each also as …_FILE. WERKNETZ_RATE_PER_S and WERKNETZ_RATE_BURST say how often one key may
        ask.
        """
        return cls(
            database_url=require_env("WERKNETZ_DATABASE_URL", environment),
            redis_url=read_env("WERKNETZ_REDIS_URL", environment),
            rate_per_s=read_number_env("WERKNETZ_RATE_PER_S", RATE_PER_S, environment),
            rate_burst=max(1, int(read_number_env("WERKNETZ_RATE_BURST", RATE_BURST, environment))),
            webhook_url=read_env("WERKNETZ_WEBHOOK_URL", environment),
            webhook_key=read_env("WERKNETZ_WEBHOOK_KEY", environment),
        )
