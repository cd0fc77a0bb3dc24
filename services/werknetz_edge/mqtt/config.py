"""What an operator says about one MQTT broker. The field descriptions are the documentation."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.pattern import Pattern
from werknetz.connector.timeform import TimeForm

_DAY_S = 86_400


class TopicConfig(BaseModel):
    """One subscription: `werk/{halle}/{maschine}/zyklus`, also with MQTT's own `+` and `#`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pattern: str = Field(
        validation_alias=AliasChoices("pattern", "topic"),
        description="topic pattern; a named segment is one level",
    )
    payload: Literal["auto", "json", "number", "text"] = Field(
        default="auto", description="auto: JSON where it is JSON, else number or text"
    )
    time: TimeForm | None = Field(default=None, description="the message's own time (JSON only)")
    unique: bool | None = Field(
        default=None,
        description="no two messages are equal, as each has its time or number in it: an equal one "
        "is the same again, though the broker does not say so (NATS after a kill; a machine that "
        "publishes again). Default: whether `time` is given",
    )

    @field_validator("pattern")
    @classmethod
    def _topic(cls, topic: str) -> str:
        levels = topic.split("/")
        if not topic or "\0" in topic or "#" in topic[:-1]:
            raise ValueError(f"topic {topic!r}: `#` may only stand alone at the end")
        for level in levels:
            if level not in {"+", "#"} and ("+" in level or "#" in level):
                raise ValueError(f"topic {topic!r}: `+` and `#` stand alone between slashes")
            if "{" in level and not (level.startswith("{") and level.endswith("}")):
                raise ValueError(f"topic {topic!r}: a named segment is a whole level, `/{{name}}/`")
        Pattern.parse(topic)
        return topic

    @property
    def is_unique(self) -> bool:
        return self.time is not None if self.unique is None else self.unique

    @property
    def filter(self) -> str:
        """The subscription as the broker reads it."""
        levels = self.pattern.split("/")
        return "/".join("+" if level.startswith("{") else level for level in levels)


class MqttConfig(BaseModel):
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
    topics: tuple[TopicConfig, ...] = Field(description="1 to 500 subscriptions")
    session_expiry_s: Annotated[int, Field(ge=7 * _DAY_S, le=0xFFFFFFFE)] = 30 * _DAY_S
    receive_maximum: Annotated[int, Field(ge=1000, le=65_535)] = 4000
    keepalive_s: Annotated[int, Field(ge=60, le=3600)] = 60
    payload_max_bytes: Annotated[int, Field(ge=1024, le=64_000_000)] = 8_000_000
    silence_s: Annotated[float, Field(gt=0, le=30)] = 30.0
    heartbeat: str | None = Field(default=None, description="topic that we publish to ourselves")

    @field_validator("topics", mode="before")
    @classmethod
    def _plain_topics(cls, topics: Any) -> Any:
        if isinstance(topics, list | tuple):
            return [{"pattern": topic} if isinstance(topic, str) else topic for topic in topics]
        return topics

    @field_validator("topics")
    @classmethod
    def _some_topics(cls, topics: tuple[TopicConfig, ...]) -> tuple[TopicConfig, ...]:
        if not 1 <= len(topics) <= 500:
            raise ValueError(f"topics must have 1 to 500 patterns, not {len(topics)}")
        return topics

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
            raise ValueError("give `password` or `password_file`, not both")
        if (self.cert is None) != (self.key is None):
            raise ValueError("`cert` and `key` go together")
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
        """User and password: from the fields, the file, or the URL. Read at each connect."""
        parts = urlsplit(self.url)
        user = self.user or (unquote(parts.username) if parts.username else None)
        if self.password_file is not None:
            return user, self.password_file.read_text(encoding="utf-8").rstrip(os.linesep)
        if self.password is not None:
            return user, self.password
        return user, unquote(parts.password) if parts.password else None
