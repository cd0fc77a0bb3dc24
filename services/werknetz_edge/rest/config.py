"""Configuration of a REST source. The field descriptions are the documentation."""

import ipaddress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.time_format import TimeFormat, check_zone
from werknetz_edge.documents.config import DocumentConfig
from werknetz_edge.secret import Secret

CURSOR: Final = "{cursor}"
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
_QueryTime = Literal["unix_s", "unix_ms", "unix_us", "iso"]


class BasicAuth(BaseModel):
    model_config = _STRICT
    method: Literal["basic"]
    user: str
    secret: Secret


class RestKeyAuth(BaseModel):
    """A bearer token, or a key in any header."""

    model_config = _STRICT
    method: Literal["key"]
    secret: Secret
    header: str = Field("Authorization", description="such as X-API-Key")
    prefix: str | None = Field(None, description="default: 'Bearer ' in Authorization, else none")

    @property
    def value_prefix(self) -> str:
        if self.prefix is not None:
            return self.prefix
        return "Bearer " if self.header.lower() == "authorization" else ""


class ClientCredentials(BaseModel):
    """OAuth2, RFC 6749 section 4.4."""

    model_config = _STRICT
    method: Literal["oauth2"]
    token_url: str = Field(description="https://…; its address must be allowed, too")
    client_id: str
    secret: Secret
    scope: str | None = None
    audience: str | None = None


RestAuth = Annotated[BasicAuth | RestKeyAuth | ClientCredentials, Field(discriminator="method")]


class LinkPaging(BaseModel):
    """The response contains the URL of the next page."""

    model_config = _STRICT
    style: Literal["link"]
    path: str | None = Field(None, description="of the URL in the body; default: the Link header")


class TokenPaging(BaseModel):
    """The response contains a token for the next request; none: it was the last page."""

    model_config = _STRICT
    style: Literal["token"]
    path: str = Field(description="of the token in the body, such as 'meta.next_cursor'")
    parameter: str = Field(
        description="name of the query parameter for the token, such as 'cursor'"
    )


class NumberPaging(BaseModel):
    """Pages by number or by offset, until one has fewer rows than `size`."""

    model_config = _STRICT
    style: Literal["page", "offset"]
    parameter: str = Field(description="such as 'page' or 'offset'")
    size_parameter: str | None = Field(None, description="such as 'limit' or 'per_page'")
    size: int = Field(100, ge=1, le=10_000)
    first: int = Field(1, ge=0, le=1, description="number of the first page (`style: page`)")


Paging = Annotated[LinkPaging | TokenPaging | NumberPaging, Field(discriminator="style")]


class CursorConfig(BaseModel):
    """How far a source was read, as a request contains it: `since: '{cursor}'`."""

    model_config = _STRICT
    format: _QueryTime | str = Field("iso", description="iso, unix_s, unix_ms, unix_us, or %d.%m.…")
    zone: str = Field("UTC", description="time zone of the written time")
    start: str = Field("1970-01-01T00:00:00Z", description="RFC 3339: cursor of the first request")
    lag_s: float = Field(
        300.0,
        ge=0,
        le=7 * 86_400,
        description="each round starts this long before the latest change: a row that is committed "
        "late has an earlier time. Duplicates are dropped",
    )

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        check_zone(zone)
        return zone

    @field_validator("start")
    @classmethod
    def _start(cls, start: str) -> str:
        datetime.fromisoformat(start)
        return start

    @field_validator("format")
    @classmethod
    def _format(cls, text: str) -> str:
        if text not in {"unix_s", "unix_ms", "unix_us", "iso"} and "%" not in text:
            raise ValueError(f"format {text!r}: use iso, unix_s, unix_ms, unix_us or such as %d.%m")
        return text


class EndpointConfig(DocumentConfig):
    """One resource that is polled."""

    path: str = Field(description="below the base URL, such as '/orders'")
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description="of the query; `{cursor}` stands for the time up to which it was read",
    )
    period_s: float = Field(60.0, ge=0.05, le=86_400, description="time between two rounds")
    paging: Paging | None = None
    changed_at: TimeFormat | None = Field(
        None,
        description="time of a row's last change: advances the cursor, orders a row's states",
    )
    cursor: CursorConfig = CursorConfig()
    snapshot: bool | None = Field(
        None,
        description="each response describes its own moment and is stored even if nothing changed: "
        "stock levels, current values. Default: for readings without `time` and `changed_at`",
    )
    deletions: bool = Field(
        False,
        description="each round lists all rows: the facts of a row that is missing in a complete "
        "round are withdrawn. For listings of up to 100,000 rows, without `{cursor}`",
    )
    pages_max: int = Field(1_000, ge=1, le=100_000)

    @model_validator(mode="after")
    def _check_cursor_options(self) -> Self:
        uses_cursor = any(CURSOR in value for value in (self.path, *self.parameters.values()))
        if uses_cursor and self.changed_at is None:
            raise ValueError("`{cursor}` needs `changed_at`: the time that advances it")
        if self.deletions and (uses_cursor or self.is_snapshot or not self.key):
            raise ValueError(
                "`deletions` needs `key` and a listing of all rows: remove `{cursor}` and "
                "`snapshot`"
            )
        if self.deletions and self.output == "readings":
            raise ValueError("`deletions` is for records: remove it")
        if self.snapshot and self.changed_at is not None:
            raise ValueError("`snapshot` and `changed_at` exclude each other")
        return self

    @property
    def can_revise(self) -> bool:
        return self.corrections != "quarantine"

    @property
    def is_snapshot(self) -> bool:
        if self.snapshot is not None:
            return self.snapshot
        return self.output == "readings" and self.time is None and self.changed_at is None


class RestConfig(BaseModel):
    model_config = _STRICT
    url: str = Field(description="base URL: https://erp.example/api")
    auth: RestAuth | None = None
    headers: dict[str, str] = Field(default_factory=dict, description="sent with each request")
    ca: Path | None = Field(None, description="PEM; default: the system's authorities")
    endpoints: dict[str, EndpointConfig] = Field(min_length=1, max_length=200)
    allow: tuple[str, ...] = Field(
        (),
        description="networks such as 127.0.0.1/32 that are forbidden by default: loopback, "
        "link-local and metadata services of clouds. Other networks need no entry",
    )
    timeout_s: float = Field(30.0, ge=0.1, le=300, description="of a request with its response")
    body_max_bytes: int = Field(10_000_000, ge=1_000, le=100_000_000, description="of one page")

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.username or parts.query or parts.fragment:
            raise ValueError("url must read https://host/path, without user and query")
        return url.rstrip("/")

    @field_validator("allow")
    @classmethod
    def _networks(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for network in allow:
            ipaddress.ip_network(network)
        return allow
