"""Convert messages to readings. Addresses are `<topic>` or `<topic>#<path.to.field>`.

A dot within a field's name is escaped, see `content.paths`. An element of an array that
`elements` describes is `<topic>#<key>`. No I/O.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from werknetz.connector.clock.wall_clock import read_time
from werknetz.connector.content.elements import (
    ElementsConfig,
    UnreadableElements,
    read_elements,
)
from werknetz.connector.content.numbers import NumberText, UntypedText
from werknetz.connector.content.paths import TooManyFields, flatten, unescape, with_plain_names
from werknetz.connector.contract import Reading, UniformMessages
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.uniform.fields import JsonFields
from werknetz.connector.values import to_text
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


@dataclass(frozen=True, slots=True)
class PayloadContent:
    """What a payload contains: readings, and elements that cannot be read."""

    readings: list[Reading]
    unreadable: list[Unmapped] = field(default_factory=list)


@dataclass(slots=True)
class PayloadReader:
    """Reads the payloads of a list of topics; the options of a topic are looked up once."""

    topics: tuple[TopicConfig, ...]
    payload_max: int
    _config_by_topic: dict[str, TopicConfig] = field(default_factory=dict)
    _fields_by_topic: dict[str, JsonFields] = field(default_factory=dict)
    _filters: list[tuple[re.Pattern[str], TopicConfig]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._filters = [(_compile_filter(topic.filter), topic) for topic in self.topics]

    def read(
        self, topic: str, payload: bytes, *, retained: bool, at_us: int
    ) -> PayloadContent | Unmapped:
        if len(payload) > self.payload_max:
            reason = (
                f"the payload has {len(payload)} bytes, more than {self.payload_max}: "
                "publish less at once, or raise payload_max_bytes"
            )
            return Unmapped(topic, reason, payload[:RAW_MAX], at_us, size=len(payload))
        config = self.config_of(topic)
        try:
            return _read_values(config, topic, payload, retained=retained, at_us=at_us)
        except UnreadableMqttPayload as error:
            size = len(payload) if len(payload) > RAW_MAX else 0
            return Unmapped(topic, str(error), payload[:RAW_MAX], at_us, size=size)

    def read_uniform(self, topic: str, payloads: Sequence[bytes]) -> UniformMessages | None:
        """Return live messages of a topic as columns; None where `read` is to read them."""
        fields = self._fields_by_topic.get(topic)
        if fields is None:
            config = self.config_of(topic)
            is_json = config.payload in {"auto", "json"} and config.elements is None
            if not is_json or len(self._fields_by_topic) >= TOPICS_CACHED_MAX:
                return None
            fields = self._fields_by_topic[topic] = JsonFields(topic, config.time)
        return None if max(map(len, payloads)) > self.payload_max else fields.read(payloads)

    def config_of(self, topic: str) -> TopicConfig:
        """Return the options of a topic."""
        config = self._config_by_topic.get(topic)
        if config is None:
            config = next((c for regex, c in self._filters if regex.fullmatch(topic)), _AUTO)
            if len(self._config_by_topic) < TOPICS_CACHED_MAX:
                self._config_by_topic[topic] = config
        return config


def _read_values(
    config: TopicConfig, topic: str, payload: bytes, *, retained: bool, at_us: int
) -> PayloadContent:
    value: Any
    # A retained message without its own time is older than its arrival by an unknown time.
    status = UNCERTAIN_TIME if retained else GOOD
    if config.payload in {"auto", "json"}:
        value = _parse_scalar_or_json(config, payload)
        if config.elements is not None:
            return _read_elements(config.elements, topic, value, at_us, retained=retained)
        if isinstance(value, dict | list):
            return PayloadContent(
                _read_json(config, topic, value, payload, at_us, retained=retained)
            )
    else:
        value = _decode_text(payload)
        if config.payload == "number":
            if not _NUMBER.fullmatch(value):
                raise UnreadableMqttPayload(f"{value[:80]!r} is not a number")
            value = NumberText(value)
    reading = Reading(topic, value, status, at_us if retained else None, None, payload)
    return PayloadContent([reading])


def _parse_scalar_or_json(config: TopicConfig, payload: bytes) -> Any:
    """Parse JSON. A bare payload has no types: `1E5` may be a name, unlike `{"v": 1E5}`."""
    try:
        value = parse_json(payload)
    except UnreadableMqttPayload:
        if config.payload == "json":
            raise
        return UntypedText(_decode_text(payload))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if config.payload == "auto" and is_number:
        text = payload.decode(errors="replace").strip()
        return value if to_text(value) == text else UntypedText(text)
    return value


def _read_elements(
    config: ElementsConfig, topic: str, value: Any, at_us: int, *, retained: bool
) -> PayloadContent:
    try:
        readings, refused = read_elements(
            value, config, topic, arrival_us=at_us, is_live=not retained,
            undated_status=UNCERTAIN_TIME if retained else GOOD,
        )  # fmt: skip
    except UnreadableElements as error:
        raise UnreadableMqttPayload(str(error)) from error
    unreadable = [
        Unmapped(
            topic, element.reason, element.raw[:RAW_MAX], at_us, item=element.position,
            size=len(element.raw) if len(element.raw) > RAW_MAX else 0,
        )
        for element in refused
    ]  # fmt: skip
    return PayloadContent(readings, unreadable)


def _read_json(
    config: TopicConfig, topic: str, value: Any, payload: bytes, arrival_us: int, *, retained: bool
) -> list[Reading]:
    try:
        paths = flatten(value, DEPTH_MAX, FIELDS_MAX)
    except TooManyFields as error:
        raise UnreadableMqttPayload(str(error)) from error
    fields = with_plain_names(paths)
    at_us, status = None, GOOD
    if config.time is not None:
        written = fields.get(config.time.path)
        at_us, is_sure = read_time(
            written, config.time, arrival_us=arrival_us, is_live=not retained
        )
        status = GOOD if is_sure else UNCERTAIN_TIME
    return [
        Reading(f"{topic}#{path}", inner, status, at_us, None, payload, fields)
        for path, inner in paths.items()
        if config.time is None or config.time.path not in {path, unescape(path)}
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
