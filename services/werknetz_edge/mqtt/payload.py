"""Convert messages to readings. Addresses are `<topic>` or `<topic>#<path.to.field>`. No I/O."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from werknetz.connector.contract import Reading
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.values import parse_time
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz.events.batch import Unmapped
from werknetz_edge.mqtt.config import TopicConfig

FIELDS_MAX: Final = 5_000
DEPTH_MAX: Final = 16  # deeper values are stored as JSON text
TOPICS_CACHED_MAX: Final = 10_000
_NUMBER: Final = re.compile(
    r"\s*([+-]?[0-9.,]*[0-9][0-9.,]*(e[+-]?\d+)?|[+-]?inf(inity)?|nan)\s*",
    re.IGNORECASE | re.ASCII,
)
_AUTO: Final = TopicConfig(pattern="#")


class UnreadableMqttPayload(ValueError):
    """The payload does not have the format that the topic's options declare."""


@dataclass(slots=True)
class PayloadReader:
    """Reads the payloads of a list of topics; the options of a topic are looked up once."""

    topics: tuple[TopicConfig, ...]
    payload_max: int
    _config_by_topic: dict[str, TopicConfig] = field(default_factory=dict)
    _filters: list[tuple[re.Pattern[str], TopicConfig]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._filters = [(_compile_filter(topic.filter), topic) for topic in self.topics]

    def read(
        self, topic: str, payload: bytes, *, retained: bool, at_us: int
    ) -> list[Reading] | Unmapped:
        if len(payload) > self.payload_max:
            reason = (
                f"the payload has {len(payload)} bytes, more than {self.payload_max}: "
                "publish less at once, or raise payload_max_bytes"
            )
            return Unmapped(topic, reason, payload[:RAW_MAX], at_us, size=len(payload))
        config = self._config_by_topic.get(topic) or self._config_of(topic)
        try:
            return _read_values(config, topic, payload, retained=retained, at_us=at_us)
        except UnreadableMqttPayload as error:
            size = len(payload) if len(payload) > RAW_MAX else 0
            return Unmapped(topic, str(error), payload[:RAW_MAX], at_us, size=size)

    def is_unique(self, topic: str) -> bool:
        """Whether an equal message on this topic is a duplicate."""
        return (self._config_by_topic.get(topic) or self._config_of(topic)).is_unique

    def _config_of(self, topic: str) -> TopicConfig:
        config = next((c for regex, c in self._filters if regex.fullmatch(topic)), _AUTO)
        if len(self._config_by_topic) < TOPICS_CACHED_MAX:
            self._config_by_topic[topic] = config
        return config


def _read_values(
    config: TopicConfig, topic: str, payload: bytes, *, retained: bool, at_us: int
) -> list[Reading]:
    value: Any
    if config.payload in {"auto", "json"}:
        try:
            value = parse_json(payload)
        except UnreadableMqttPayload:
            if config.payload == "json":
                raise
            value = _decode_text(payload)
        if isinstance(value, dict | list):
            return _read_json(config, topic, value, payload)
    else:
        value = _decode_text(payload)
        if config.payload == "number" and not _NUMBER.fullmatch(value):
            raise UnreadableMqttPayload(f"{value[:80]!r} is not a number")
    # A retained message without its own time is older than its arrival by an unknown time.
    status = UNCERTAIN_TIME if retained else GOOD
    return [Reading(topic, value, status, at_us if retained else None, None, payload)]


def _read_json(config: TopicConfig, topic: str, value: Any, payload: bytes) -> list[Reading]:
    fields: dict[str, Any] = {}
    _flatten(value, "", fields, 0)
    at_us, status = None, GOOD
    if config.time is not None:
        stated = fields.get(config.time.path)
        at_us = None if stated is None else parse_time(stated, config.time, None)
        status = UNCERTAIN_TIME if at_us is None else GOOD
    skipped = config.time.path if config.time is not None else None
    return [
        Reading(f"{topic}#{path}", inner, status, at_us, None, payload, fields)
        for path, inner in fields.items()
        if path != skipped
    ]


def parse_json(payload: bytes) -> Any:
    """Parse JSON, also with NaN and Infinity, which the standard forbids but machines send."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            return json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise UnreadableMqttPayload(f"the payload is not JSON: {error}") from error


def _flatten(value: Any, path: str, out: dict[str, Any], depth: int) -> None:
    if not isinstance(value, dict | list) or depth >= DEPTH_MAX or not value:
        if len(out) >= FIELDS_MAX:
            raise UnreadableMqttPayload(f"the payload has more than {FIELDS_MAX} fields")
        out[path] = value
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        _flatten(inner, f"{path}.{name}" if path else str(name), out, depth + 1)


def _decode_text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise UnreadableMqttPayload("the payload is neither JSON nor UTF-8 text") from error


def _compile_filter(topic_filter: str) -> re.Pattern[str]:
    wild = {"+": "[^/]*", "#": ".*"}
    parts = [wild.get(level) or re.escape(level) for level in topic_filter.split("/")]
    regex = "/".join(parts)
    if regex.endswith("/.*"):
        regex = regex.removesuffix("/.*") + "(/.*)?"  # `a/#` takes `a`, too
    return re.compile(regex, re.DOTALL)
