"""Payloads become readings, or are kept whole with the reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.content.numbers import UntypedText
from werknetz.connector.contract import Reading
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz.events.batch import Unmapped
from werknetz_edge.mqtt.config import MqttConfig, TopicConfig
from werknetz_edge.mqtt.payload import PayloadReader

NOW = 1_795_000_000_000_000


def _reader(*topics: dict[str, Any]) -> PayloadReader:
    return PayloadReader(tuple(TopicConfig.model_validate(topic) for topic in topics), 1_000_000)


def _read(reader: PayloadReader, topic: str, payload: str | bytes) -> list[Reading] | Unmapped:
    raw = payload.encode() if isinstance(payload, str) else payload
    content = reader.read(topic, raw, retained=False, at_us=NOW)
    return content if isinstance(content, Unmapped) else content.readings


def _values(readings: list[Reading] | Unmapped) -> dict[str, Any]:
    assert isinstance(readings, list)
    return {reading.source: reading.value for reading in readings}


def test_the_payload_kind_is_the_topic_s() -> None:
    reader = _reader(
        {"pattern": "a/{m}/j", "payload": "json"},
        {"pattern": "a/{m}/n", "payload": "number"},
        {"pattern": "a/{m}/t", "payload": "text"},
        {"pattern": "b/#"},
    )
    assert _values(_read(reader, "a/1/j", '{"x": {"y": 1}, "z": [true]}')) == {
        "a/1/j#x.y": 1,
        "a/1/j#z.0": True,
    }
    assert _values(_read(reader, "a/1/n", "1.234,5")) == {"a/1/n": "1.234,5"}
    assert _values(_read(reader, "a/1/t", "17")) == {"a/1/t": "17"}
    assert _values(_read(reader, "b", "20.1")) == {"b": 20.1}
    assert _values(_read(reader, "b/c/d", "offline")) == {"b/c/d": "offline"}
    for topic, payload, reason in [
        ("a/1/j", "off", "not JSON"),
        ("a/1/n", "off", "not a number"),
        ("a/1/n", b"\xff", "UTF-8"),
        ("b", b"\xff", "UTF-8"),
        ("a/1/j", "[" * 100_000, "not JSON"),
        ("a/1/j", json.dumps(list(range(5001))), "more than 5000 fields"),
        ("b", b"x" * 1_000_001, "raise payload_max_bytes"),
    ]:
        refused = _read(reader, topic, payload)
        assert isinstance(refused, Unmapped)
        assert reason in refused.reason
        assert refused.raw


def test_the_payload_s_own_time() -> None:
    form = {"path": "kopf.zeit", "format": "%d.%m.%Y %H:%M:%S,%f", "zone": "Europe/Berlin"}
    reader = _reader({"pattern": "t", "time": form})
    stated = '{"kopf": {"zeit": "26.10.2025 03:30:00,5"}, "v": 1}'
    (reading,) = _read(reader, "t", stated)
    assert reading.source_time_us == 1_761_445_800_500_000
    assert reading.status == GOOD
    (doubtful,) = _read(reader, "t", '{"kopf": {"zeit": "heute"}, "v": 1}')
    assert (doubtful.source_time_us, doubtful.status) == (None, UNCERTAIN_TIME)


def test_numbers_that_json_forbids_are_read() -> None:
    readings = _values(_read(_reader({"pattern": "t"}), "t", '{"a": -Infinity, "b": 1e999}'))
    assert readings == {"t#a": float("-inf"), "t#b": float("inf")}


@given(st.binary(max_size=200))
def test_any_bytes_are_readings_or_quarantined(payload: bytes) -> None:
    readings = _read(_reader({"pattern": "t"}), "t", payload)
    assert isinstance(readings, Unmapped) or all(r.raw == payload for r in readings)


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"url": "http://x"}, "mqtt://host:port"),
        ({"url": "mqtt://"}, "mqtt://host:port"),
        ({"topics": []}, "1 to 500"),
        ({"topics": ["a/x{b}/c"]}, "whole level"),
        ({"topics": ["a/#/c"]}, "alone at the end"),
        ({"topics": ["a/b+"]}, "stand alone"),
        ({"password": "a", "password_file": "b"}, "not both"),
        ({"cert": "a"}, "belong together"),
        ({"cert": "a", "key": "b"}, "needs mqtts"),
        ({"session_expiry_s": 60}, "604800"),
        ({"keepalive_s": 5}, "60"),
        ({"receive_maximum": 20}, "1000"),
        ({"silence_s": 31}, "30"),
        ({"clean_start": True}, "not permitted"),
    ],
)
def test_wrong_options(change: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        MqttConfig.model_validate({"url": "mqtt://h", "topics": ["a"]} | change)


def test_options() -> None:
    config = MqttConfig.model_validate({"url": "mqtts://u%40x:p%3A@h", "topics": ["a/{b}/#"]})
    assert (config.host, config.port, config.is_tls) == ("h", 8883, True)
    assert config.credentials() == ("u@x", "p:")
    assert config.topics[0].filter == "a/+/#"


@pytest.mark.parametrize(
    ("pattern", "topic_filter"),
    [
        ("a/{m}/b", "a/+/b"),
        ("a/{{m}}/b", "a/{m}/b"),
        ("a/x{{1}}/{m}/#", "a/x{1}/+/#"),
        ("a/x{/b", "a/x{/b"),
    ],
)
def test_braces_of_a_topic_are_doubled(pattern: str, topic_filter: str) -> None:
    assert TopicConfig.model_validate({"pattern": pattern}).filter == topic_filter


def test_a_bare_payload_keeps_its_text() -> None:
    reader = _reader({"pattern": "t"}, {"pattern": "j", "payload": "json"})
    for text in ("1E5", "12.50", "000123", "+5"):
        (value,) = _values(_read(reader, "t", text)).values()
        assert (type(value), value) == (UntypedText, text)
    for text, number in (("5", 5), ("12.5", 12.5), ("-3", -3), ("true", True)):
        (value,) = _values(_read(reader, "t", text)).values()
        assert (type(value), value) == (type(number), number)
    assert _values(_read(reader, "j", "1E5")) == {"j": 1e5}
    assert _values(_read(reader, "t", '{"a.b": 1, "a": {"b": 2}}')) == {"t#a\\.b": 1, "t#a.b": 2}


def test_the_time_may_have_a_name_with_a_dot() -> None:
    for path in ("meta.ts", "meta\\.ts"):
        reader = _reader({"pattern": "t", "time": {"path": path, "format": "unix_s"}})
        (reading,) = _read(reader, "t", '{"meta.ts": 1770000000, "v": 1}')
        assert (reading.source, reading.source_time_us) == ("t#v", 1_770_000_000_000_000)


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"payload": "text", "elements": {"key": "id"}}, "remove `payload`"),
        ({"time": {"path": "t"}, "elements": {"key": "id"}}, "move `time`"),
    ],
)
def test_elements_fit_the_topic(change: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        TopicConfig.model_validate({"pattern": "t"} | change)
