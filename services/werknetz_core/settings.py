"""Settings of the API process, read once from the environment by the caller of `create_app`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from werknetz.link.redis_client import SETTING as REDIS_SETTING
from werknetz.link.redis_client import check_tls_files
from werknetz.runtime.http_server.cors import parse_origins
from werknetz.runtime.settings import SettingError, read_env, read_number_env, require_env
from werknetz.store.access.rows_key import RowsKey
from werknetz_core.accounts.secret_box import SecretBox, SecretBoxKeyInvalid
from werknetz_core.oidc.settings import OidcSettings

RATE_PER_S: Final = 100.0
RATE_BURST: Final = 1000
KEY_REQUESTS_MAX: Final = 8  # fewer than `sessions_max`: one key cannot take them all
WIDE_REQUESTS_MAX: Final = 2
WEIGHT_MAX: Final = 1000
WRONG_KEYS_PER_MIN: Final = 10.0
STATEMENT_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class CoreSettings:
    database_url: str
    redis_url: str | None = None  # None: no ETags, no status of connectors
    sessions_max: int = 10  # endpoints in a transaction; the pool has twice as many
    statement_timeout_s: float = STATEMENT_TIMEOUT_S
    redis_timeout_s: float = 0.5  # a request must not wait for a Redis that hangs
    webhook_url: str | None = (
        None  # of the edge that accepts events; None: POST /events:batch answers 503
    )
    webhook_key: str | None = None
    body_max_bytes: int = 1_000_000
    events_max_bytes: int = 50_000_000  # streamed to the edge
    tree_refresh_s: float = 5.0  # refresh interval of the equipment tree
    watermark_cache_s: float = 0.1  # cache lifetime; a change shows after at most this long
    key_cache_s: float = 5.0  # cache lifetime; a revoked key works at most this long
    rate_per_s: float = RATE_PER_S  # sustained requests of one key; 0: no limit
    rate_burst: int = RATE_BURST  # burst of one key, e.g. when all dashboards start
    key_requests_max: int = KEY_REQUESTS_MAX  # of one key in flight in all processes
    wide_requests_max: int = WIDE_REQUESTS_MAX  # of all keys and processes; each key has one
    wide_statement_timeout_s: float = STATEMENT_TIMEOUT_S  # of wide requests
    wide_process: bool = False  # answer them in a process of lower priority beside this one
    wide_socket: str | None = None  # of a wide process that another process owns
    weight_max: int = WEIGHT_MAX  # a request that reads more is refused; 1: about 5,000 rows
    cors_origins: tuple[str, ...] = ()  # of pages that may call the API from a browser
    wrong_keys_per_min: float = WRONG_KEYS_PER_MIN  # of one address; 0: no limit
    wrong_keys_burst: int = 20  # of one address
    slot_wait_s: float = 10.0  # for one of the slots above, then 429
    totp_box: SecretBox | None = None  # None: no second factor can be set up
    rows_key: RowsKey | None = None  # None: the API connects as the owner of the tables
    oidc: OidcSettings | None = None  # None: nobody signs in at a provider

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_DATABASE_URL (required), WERKNETZ_REDIS_URL, WERKNETZ_WEBHOOK_URL and _KEY.

        Each also as …_FILE. WERKNETZ_RATE_PER_S and WERKNETZ_RATE_BURST limit the requests of one
        key by weight, WERKNETZ_KEY_REQUESTS_MAX those in flight; WERKNETZ_WIDE_REQUESTS_MAX,
        WERKNETZ_WIDE_STATEMENT_TIMEOUT_S and WERKNETZ_WEIGHT_MAX limit those that read much.
        WERKNETZ_TOTP_KEY encrypts the secrets of second factors; WERKNETZ_ROWS_KEY signs whose
        rows the database user of the API may see.
        WERKNETZ_OIDC_CONFIG names the file of the providers that sign people in.
        """

        def count(name: str, default: int) -> int:
            return max(1, int(read_number_env(name, default, environment)))

        return cls(
            database_url=require_env("WERKNETZ_DATABASE_URL", environment),
            redis_url=_redis_url(environment),
            rate_per_s=read_number_env("WERKNETZ_RATE_PER_S", RATE_PER_S, environment),
            rate_burst=count("WERKNETZ_RATE_BURST", RATE_BURST),
            key_requests_max=count("WERKNETZ_KEY_REQUESTS_MAX", KEY_REQUESTS_MAX),
            wide_requests_max=count("WERKNETZ_WIDE_REQUESTS_MAX", WIDE_REQUESTS_MAX),
            wide_statement_timeout_s=max(
                0.001,  # 0 would be none
                read_number_env(
                    "WERKNETZ_WIDE_STATEMENT_TIMEOUT_S", STATEMENT_TIMEOUT_S, environment
                ),
            ),
            wide_process=read_number_env("WERKNETZ_WIDE_PROCESS", 1, environment) != 0,
            weight_max=count("WERKNETZ_WEIGHT_MAX", WEIGHT_MAX),
            wrong_keys_per_min=read_number_env(
                "WERKNETZ_WRONG_KEYS_PER_MIN", WRONG_KEYS_PER_MIN, environment
            ),
            cors_origins=parse_origins(read_env("WERKNETZ_CORS_ORIGINS", environment) or ""),
            totp_box=_totp_box(read_env("WERKNETZ_TOTP_KEY", environment)),
            rows_key=RowsKey.from_environment(environment),
            webhook_url=read_env("WERKNETZ_WEBHOOK_URL", environment),
            webhook_key=read_env("WERKNETZ_WEBHOOK_KEY", environment),
            oidc=OidcSettings.from_environment(environment),
        )


def _totp_box(key: str | None) -> SecretBox | None:
    try:
        return None if key is None else SecretBox(key)
    except SecretBoxKeyInvalid as error:
        raise SettingError(
            f"WERKNETZ_TOTP_KEY: {error}; `openssl rand -hex 32` makes one"
        ) from error


def _redis_url(environment: Mapping[str, str] | None) -> str | None:
    """Return the URL; raise SettingError where a file of certificates in it cannot be read."""
    url = read_env(REDIS_SETTING, environment)
    if url is not None:
        check_tls_files(url, REDIS_SETTING)
    return url
