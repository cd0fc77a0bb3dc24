"""Options for reaching an MQTT broker. The field descriptions are the documentation."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_DAY_S = 86_400


class BrokerConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str = Field(description="mqtt://host:1883 or mqtts://host:8883")
    user: str | None = None
    password: str | None = Field(default=None, repr=False)
    password_file: Path | None = Field(default=None, description="rather than `password`")
    ca: Path | None = Field(default=None, description="PEM; default: the system's authorities")
    cert: Path | None = Field(default=None, description="PEM of our own certificate")
    key: Path | None = Field(default=None, description="PEM of its key")
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    client_id: str | None = Field(default=None, description="default: werknetz-<connector id>")
    session_expiry_s: Annotated[int, Field(ge=7 * _DAY_S, le=0xFFFFFFFE)] = 30 * _DAY_S
    receive_maximum: Annotated[int, Field(ge=1000, le=65_535)] = 4000
    keepalive_s: Annotated[int, Field(ge=60, le=3600)] = 60
    payload_max_bytes: Annotated[int, Field(ge=1024, le=64_000_000)] = 8_000_000
    silence_s: Annotated[float, Field(gt=0, le=30)] = 30.0

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            wrong = parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong:
            raise ValueError("url must read mqtt://host:port or mqtts://host:port")
        return url

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("set `password` or `password_file`, not both")
        if (self.cert is None) != (self.key is None):
            raise ValueError("`cert` and `key` belong together")
        if self.cert is not None and not self.is_tls:
            raise ValueError("`cert` needs mqtts://")
        return self

    @property
    def is_tls(self) -> bool:
        return self.url.startswith("mqtts:")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (8883 if self.is_tls else 1883)

    def credentials(self) -> tuple[str | None, str | None]:
        """Return user and password: from the options, the file, or the URL, at each connect."""
        parts = urlsplit(self.url)
        user = self.user or (unquote(parts.username) if parts.username else None)
        if self.password_file is not None:
            return user, self.password_file.read_text(encoding="utf-8").rstrip(os.linesep)
        if self.password is not None:
            return user, self.password
        return user, unquote(parts.password) if parts.password else None
