"""Configuration of a webhook server. The field descriptions are the documentation."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz_edge.documents.config import PLACEHOLDER, DocumentConfig
from werknetz_edge.secret import Secret

SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_STRICT: Final = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WebhookKeyAuth(BaseModel):
    """The sender sends a key: in a header, as a bearer token, or as the password of Basic auth."""

    model_config = _STRICT
    method: Literal["key"]
    secret: Secret
    header: str = Field("X-API-Key", description="read in addition to Authorization")


class HmacAuth(BaseModel):
    """The sender signs the body with HMAC-SHA256."""

    model_config = _STRICT
    method: Literal["hmac"]
    secret: Secret
    secret_encoding: Literal["plain", "base64"] = Field(
        "plain", description="base64: also in the form of standardwebhooks.com, whsec_…"
    )
    header: str = Field("X-Signature-256", description="the header with the signature")
    prefix: str = Field("", description="before the signature, such as 'sha256='")
    encoding: Literal["hex", "base64"] = "hex"
    signed: str = Field(
        "{body}", description="what is signed: '{body}', '{timestamp}.{body}', 'v0:{timestamp}:…'"
    )
    timestamp_header: str | None = Field(None, description="seconds since 1970, if it is signed")
    id_header: str | None = Field(None, description="number of the message, if it is signed")
    tolerance_s: int = Field(300, ge=1, le=86_400, description="how old a signature may be")

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        placeholders = PLACEHOLDER.findall(self.signed)
        if placeholders.count("body") != 1 or not self.signed.endswith("{body}"):
            raise ValueError("`signed` must end with {body}")
        if unknown := sorted({*placeholders} - {"body", "timestamp", "id"}):
            raise ValueError(f"`signed` knows {{id}}, {{timestamp}}, {{body}}, not {unknown[0]!r}")
        # A time that is not signed does not protect from replays: an attacker writes a new one.
        if ("timestamp" in placeholders) != (self.timestamp_header is not None):
            raise ValueError("`timestamp_header` and {timestamp} in `signed` go together")
        if ("id" in placeholders) != (self.id_header is not None):
            raise ValueError("`id_header` and {id} in `signed` go together")
        return self


WebhookAuth = Annotated[WebhookKeyAuth | HmacAuth, Field(discriminator="method")]


class WebhookSource(DocumentConfig):
    """One sender: it posts to /hooks/<name>."""

    auth: WebhookAuth


class WebhookTls(BaseModel):
    model_config = _STRICT
    cert: Path = Field(description="PEM of the server's certificate and its chain")
    key: Path = Field(description="PEM of its key")


class WebhookConfig(BaseModel):
    model_config = _STRICT
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0: all")
    port: int = Field(8088, ge=0, le=65_535)
    tls: WebhookTls | None = Field(None, description="required unless the network is private")
    sources: dict[str, WebhookSource] = Field(default_factory=dict, description="by name")
    events: WebhookKeyAuth | None = Field(
        None, description="enables POST /api/v1/events:batch, for senders with this key"
    )
    body_max_bytes: int = Field(1_000_000, ge=1_000, le=16_000_000, description="JSON and text")
    stream_max_bytes: int = Field(
        50_000_000, ge=1_000, le=1_000_000_000, description="NDJSON and CSV, read part by part"
    )
    gzip_ratio_max: int = Field(100, ge=2, le=1_000)
    requests_max: int = Field(64, ge=1, le=1_000, description="concurrent requests; others get 503")
    answer_s: float = Field(
        15.0, ge=0.05, le=300, description="a request that is not on disk by then gets 503"
    )
    connections_max: int = Field(
        512,
        ge=1,
        le=10_000,
        description="open connections; beyond, one without a complete request gives way, or 503",
    )
    connections_per_address_max: int = Field(
        128, ge=1, le=10_000, description="of one IPv4 address or IPv6 /64 network; beyond, 429"
    )
    header_s: float = Field(10.0, ge=0.05, le=60, description="time for a request's headers")
    body_s: float = Field(
        15.0, ge=0.05, le=600, description="time for a body, and 1 s more for each 50 kB"
    )

    @field_validator("sources")
    @classmethod
    def _names(cls, sources: dict[str, WebhookSource]) -> dict[str, WebhookSource]:
        wrong = next((name for name in sources if not SOURCE.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError(
                f"source {wrong!r}: use a-z 0-9 . _ - and start with a letter or digit"
            )
        return sources

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.sources and self.events is None:
            raise ValueError("set `sources` or `events`: without them nobody can send")
        return self
