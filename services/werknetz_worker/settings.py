"""Settings of a worker from its environment; read once a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from werknetz.runtime.settings import SettingError, read_env, require_env
from werknetz.store.database_url import asyncpg_url

DAYS_MAX: Final = 36_500
RAW_RETENTION_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    database_url: str
    redis_url: str | None = None  # None: no watermarks for ETags
    connections: int = 2  # a projection adds master data beside the transaction of its batch
    statement_timeout_s: float = 60.0
    revisions_retention_days: int = 400  # values before a recomputation
    samples_retention_days: int | None = None  # None: for ever
    raw_retention_days: int | None = RAW_RETENTION_DAYS  # input for replays of mappings
    audit_retention_days: int | None = None  # None: for ever

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_DATABASE_URL (needed) and WERKNETZ_REDIS_URL, each also as …_FILE.

        WERKNETZ_SAMPLES_RETENTION_DAYS and WERKNETZ_RAW_RETENTION_DAYS say after how many days
        samples (else never) and raw input (else 30) are dropped, WERKNETZ_AUDIT_RETENTION_DAYS
        after how many whole months of the audit log are removed (else never).
        """
        return cls(
            database_url=asyncpg_url(require_env("WERKNETZ_DATABASE_URL", environment)),
            redis_url=read_env("WERKNETZ_REDIS_URL", environment),
            samples_retention_days=_days("WERKNETZ_SAMPLES_RETENTION_DAYS", environment),
            raw_retention_days=_days("WERKNETZ_RAW_RETENTION_DAYS", environment)
            or RAW_RETENTION_DAYS,
            audit_retention_days=_days("WERKNETZ_AUDIT_RETENTION_DAYS", environment),
        )


def _days(name: str, environment: Mapping[str, str] | None) -> int | None:
    """Return a number of whole days; not given: for ever."""
    text = read_env(name, environment)
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= DAYS_MAX:
        raise SettingError(f"{name} is {text!r}: write whole days, 1 to {DAYS_MAX}")
    return int(text)
