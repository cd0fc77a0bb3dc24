"""What an operator says about one REST interface. The field descriptions are the documentation."""

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
    token_url: str = Field(description="https://…; must stand on an address that is allowed, too")
    client_id: str
    secret: Secret
    scope: str | None = None
    audience: str | None = None


RestAuth = Annotated[BasicAuth | RestKeyAuth | ClientCredentials, Field(discriminator="method")]


class LinkPaging(BaseModel):
    """The answer says where the next page is."""

    model_config = _STRICT
    style: Literal["link"]
    path: str | None = Field(None, description="of the URL in the body; default: the Link header")


class TokenPaging(BaseModel):
    """The answer has a token that is sent with the next question; none: it was the last page."""

    model_config = _STRICT
    style: Literal["token"]
    path: str = Field(description="of the token in the body, such as 'meta.next_cursor'")
    parameter: str = Field(description="the token is sent as, such as 'cursor'")


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
    """How far a source was read, as it is written into a question: `since: '{cursor}'`."""

    model_config = _STRICT
    format: _QueryTime | str = Field("iso", description="iso, unix_s, unix_ms, unix_us, or %d.%m.…")
    zone: str = Field("UTC", description="in which the time is written")
    start: str = Field("1970-01-01T00:00:00Z", description="RFC 3339, of the first question")
    lag_s: float = Field(
        300.0,
        ge=0,
        le=7 * 86_400,
        description="asked again from so long before what was seen: what is committed late has an "
        "earlier time. What is known already is dropped",
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
    def _format(cls, form: str) -> str:
        if form not in {"unix_s", "unix_ms", "unix_us", "iso"} and "%" not in form:
            raise ValueError(
                f"format {form!r}: take iso, unix_s, unix_ms, unix_us or such as %d.%m"
            )
        return form


class EndpointConfig(DocumentConfig):
    """One resource that is asked for, again and again."""

    path: str = Field(description="below the base URL, such as '/orders'")
    parameters: dict[str, str] = Field(
        default_factory=dict, description="of the query; `{cursor}` is how far it was read"
    )
    period_s: float = Field(60.0, ge=0.05, le=86_400)
    paging: Paging | None = None
    changed_at: TimeFormat | None = Field(
        None, description="when a row was changed last: moves the cursor, and belongs to its key"
    )
    cursor: CursorConfig = CursorConfig()
    snapshot: bool | None = Field(
        None,
        description="each answer is a truth of its own moment, also when nothing changed: stock "
        "levels, current values. Default: for readings without `time` and `changed_at`",
    )
    pages_max: int = Field(1_000, ge=1, le=100_000)

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        asks = any(CURSOR in value for value in (self.path, *self.parameters.values()))
        if asks and self.changed_at is None:
            raise ValueError("`{cursor}` needs `changed_at`: the time that moves it")
        if self.snapshot and self.changed_at is not None:
            raise ValueError("`snapshot` and `changed_at` exclude each other")
        return self

    @property
    def is_snapshot(self) -> bool:
        if self.snapshot is not None:
            return self.snapshot
        return self.output == "readings" and self.time is None and self.changed_at is None


class RestConfig(BaseModel):
    model_config = _STRICT
    url: str = Field(description="base URL: https://erp.example/api")
    auth: RestAuth | None = None
    headers: dict[str, str] = Field(default_factory=dict, description="sent with each question")
    ca: Path | None = Field(None, description="PEM; default: the system's authorities")
    endpoints: dict[str, EndpointConfig] = Field(min_length=1, max_length=200)
    allow: tuple[str, ...] = Field(
        (),
        description="networks that are refused by default: loopback, link-local and the metadata "
        "services of clouds; such as 127.0.0.1/32. Others of the plant need not be named",
    )
    timeout_s: float = Field(30.0, ge=0.1, le=300, description="of a question and its answer")
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
