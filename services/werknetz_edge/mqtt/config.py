"""Options of one MQTT source. The field descriptions are the documentation."""

import re
from typing import Any, Final, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.content.elements import ElementsConfig
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.time_format import TimeFormat
from werknetz_edge.mqtt.broker import BrokerConfig

_SEGMENT: Final = re.compile(r"\{[^{}]*\}")


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
    time: TimeFormat | None = Field(default=None, description="the message's own time (JSON only)")
    elements: ElementsConfig | None = Field(
        default=None,
        description="JSON: an array of named values, such as [{id, v, t, q}]: each element is one "
        "value, at <topic>#<key>, with its own time and status",
    )
    retained: Literal["store", "ignore"] = Field(
        default="store",
        description="ignore: drop messages that the broker retains, and count them as ignored",
    )
    unique: bool = Field(
        default=False,
        description="no two messages are equal, as each contains its exact time or a number: an "
        "equal message is dropped as a duplicate even without the DUP flag (NATS after a crash; a "
        "machine that publishes twice), and counted",
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
            if Pattern.parse(level).names and not _SEGMENT.fullmatch(level):
                raise ValueError(f"topic {topic!r}: a named segment is a whole level, `/{{name}}/`")
        Pattern.parse(topic)
        return topic

    @model_validator(mode="after")
    def _elements_fit(self) -> Self:
        if self.elements is not None and self.payload not in {"auto", "json"}:
            raise ValueError("`elements` are of JSON: remove `payload`")
        if self.elements is not None and self.time is not None:
            raise ValueError("elements have times of their own: move `time` into `elements`")
        return self

    @property
    def filter(self) -> str:
        """The subscription as the broker reads it."""
        levels = self.pattern.split("/")
        patterns = map(Pattern.parse, levels)
        return "/".join("+" if pattern.names else pattern.literal for pattern in patterns)


class MqttConfig(BrokerConfig):
    topics: tuple[TopicConfig, ...] = Field(description="1 to 500 subscriptions")
    heartbeat: str | None = Field(default=None, description="topic for our own heartbeat messages")

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
