"""Messages that are read as columns give the records that they give when read one by one."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.events.batch import Points, Record, Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz_edge.mqtt import create
from werknetz_edge.mqtt.connector import MqttConnector
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.session import MqttSession

NOW_US = 1_796_000_000_000_000
TOPICS = ("p/a", "p/b", "q/c")
NAMES = ("n", "scaled", "state", "text", "flag", "count", "timed", "computed", "gone", "odd")
FIELD_RULES: list[dict[str, Any]] = [
    {"source": "p/{m}#scaled", "scale": 1e300, "offset": 0.5},
    {"source": "p/{m}#state", "role": "state", "states": "S"},
    {"source": "p/{m}#text", "role": "order"},
    {"source": "p/{m}#flag", "role": "process_value"},
    {"source": "p/{m}#count", "role": "good_count"},
    {"source": "p/{m}#timed", "role": "process_value", "time": {"path": "t", "format": "iso"}},
    {"source": "p/{m}#computed", "expression": "value + 1.0"},
    {"source": "p/{m}#gone", "ignore": True},
]
SCALARS = st.one_of(
    st.integers(-(2**53) - 2, 2**53 + 2), st.integers(0, 3),
    st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(),
    st.sampled_from(["1", "running", "é", "5.0"]),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(0, 5), st.sampled_from([0.5, 1.0, 1e10, -3.25, 2**53]))
INSTANTS = st.integers(-3, 3).map(lambda n: NOW_US + n * 1_000)


def _mapping(unmapped: str) -> Mapping:
    rules = [
        rule if "ignore" in rule
        else {"equipment": "n/p/a/l/{m}", "signal": rule["source"].partition("#")[2]} | rule
        for rule in FIELD_RULES
    ]  # fmt: skip
    return Mapping.model_validate({
        "name": "m", "version": 1, "rules": rules, "unmapped": unmapped,
        "enums": {"S": {"1": "producing", "2": "idle", "running": "producing"}},
    })  # fmt: skip


def _iso(at_us: int) -> str:
    seconds, micros = divmod(at_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06}Z"


@st.composite
def _payloads(draw: st.DrawFn) -> bytes:
    """Mostly the same fields with numbers; sometimes anything else."""
    chosen = draw(st.sampled_from([NAMES, NAMES[:1], NAMES[1:4], NAMES[4:]]))
    fields = {name: draw(NUMBERS) for name in chosen}
    fields["t"] = draw(st.one_of(INSTANTS.map(_iso), st.sampled_from([
        "2026-11-24", "", 5, None, "1970-01-01T00:00:00.000Z", "2026-11-24T10:15:30+01:00",
        "0000-11-24T10:15:30Z",
    ])) if draw(st.integers(0, 9)) == 0 else INSTANTS.map(_iso))  # fmt: skip
    match draw(st.integers(0, 12)):
        case 0:
            fields[draw(st.sampled_from(NAMES))] = draw(SCALARS)
        case 1:
            fields["a.b"] = 1
        case 2:
            fields["nested"] = {"x": [1, {"y": 2}]}
        case 3:
            fields.pop(next(iter(fields)))
        case 4:
            return draw(st.sampled_from([b"7", b"text", b"", b"{}", b"[1]", b"\xff", b"{"]))
        case 5:
            return json.dumps(fields).replace('"n"', '"\\u006e"').encode()
        case 6:
            return b'{"n": 1e999, "t": "2026-11-24T10:15:30.000Z"}'
        case 7:
            return b'{"n": 1, "n": 2, "t": "2026-11-24T10:15:30.000Z"}'
    return json.dumps(fields).encode()


@st.composite
def _deliveries(draw: st.DrawFn) -> list[list[MqttMessage]]:
    payload = _payloads()
    usual = draw(st.lists(payload, min_size=1, max_size=3))
    message = st.builds(
        MqttMessage,
        topic=st.sampled_from(TOPICS),
        payload=st.one_of(st.sampled_from(usual), st.sampled_from(usual), payload),
        mid=st.just(1), qos=st.just(1), dup=st.just(False),
        retained=st.integers(0, 30).map(lambda n: n == 0),
    )  # fmt: skip
    return draw(st.lists(st.lists(message, min_size=1, max_size=6), min_size=1, max_size=4))


class _Stage:
    """A connector whose messages are given, and the mapping."""

    def __init__(self, time: dict[str, str] | None, unmapped: str) -> None:
        topics = [{"pattern": "#", "time": time}]
        options = {"url": "mqtt://broker", "topics": topics}
        connector = create("c", options, Path("unused"))
        assert isinstance(connector, MqttConnector)
        self.connector = connector
        self.session = MqttSession(connector.config, "c")
        self.normalizers = [Normalizer(_mapping(unmapped), "c") for _ in range(2)]

    def delivery(self, messages: Sequence[MqttMessage]) -> Delivery:
        self.session.queue.extend(messages)
        delivery = self.connector._delivery(self.session)
        assert delivery is not None
        return delivery

    def delivery_of_single(self, messages: Sequence[MqttMessage], at_us: int) -> Delivery:
        """As the general way reads them."""
        readings: list[Reading] = []
        unreadable: list[Unmapped] = []
        for message in messages:
            self.connector._read_message(message, at_us, readings, unreadable)
        return Delivery(readings=readings, unreadable=unreadable)


def _by_point(records: Sequence[Record], numbers: dict[str, int]) -> dict[str, list[Any]]:
    keys = {number: key for key, number in numbers.items()}
    rows: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        if isinstance(record, Samples):
            columns = columns_of(record)
            texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
            server = columns.time if columns.server_time is None else columns.server_time
            for n, point in enumerate(columns.point.tolist()):
                rows[keys[point]].append((
                    int(columns.time[n]), repr(float(columns.value[n])), int(columns.status[n]),
                    int(server[n]), texts.get(n),
                ))  # fmt: skip
    return rows


def _entries(records: Sequence[Record]) -> Counter[Any]:
    return Counter(
        (r.source, r.reason, r.raw, r.at_us, r.size, r.item, r.count)
        for r in records if isinstance(r, Unmapped)
    )  # fmt: skip


def _definitions(records: Sequence[Record]) -> set[Any]:
    return {
        (p.key, p.equipment, p.signal, p.role, p.unit, p.source, p.datatype)
        for record in records if isinstance(record, Points) for p in record.points
    }  # fmt: skip


def _findings(normalizer: Normalizer) -> dict[str, dict[str, Any]]:
    return {kind: {**doubts} for kind, doubts in normalizer.clock.findings._doubts.items()}


@settings(max_examples=400, deadline=None)
@given(
    _deliveries(),
    st.sampled_from([None, {"path": "t", "format": "iso"}]),
    st.sampled_from(["quarantine", "store-as-is"]),
)
def test_columns_give_the_records_of_single_messages(
    deliveries: list[list[MqttMessage]], time: dict[str, str] | None, unmapped: str
) -> None:
    stage = _Stage(time, unmapped)
    fast, single = stage.normalizers
    for n, messages in enumerate(deliveries):
        arrival_us = NOW_US + n * 1_000_000
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("werknetz_edge.mqtt.connector.now_us", lambda at_us=arrival_us: at_us)
            delivery = stage.delivery(messages)
        reference = stage.delivery_of_single(messages, arrival_us)
        ours = fast.normalize(delivery, arrival_us)
        theirs = single.normalize(reference, arrival_us)
        assert _by_point(ours, fast.numbers) == _by_point(theirs, single.numbers)
        assert _definitions(ours) == _definitions(theirs)
        assert _entries(ours) == _entries(theirs)
        assert fast.take_tally() == single.take_tally()
        assert _findings(fast) == _findings(single)
        _check_raw(delivery, reference, arrival_us)
    late_us = NOW_US + 600_000_000
    assert _entries(fast.take_all_unmapped(late_us)) == _entries(single.take_all_unmapped(late_us))


def test_usual_messages_are_read_as_columns() -> None:
    """From the first delivery on, and again after messages that differ."""
    stage = _Stage({"path": "t", "format": "iso"}, "quarantine")
    usual, null, other = (
        [MqttMessage("p/a", json.dumps(fields | {"t": _iso(NOW_US)}).encode(), 1, 1, False, False)]
        for fields in ({"n": 1, "flag": True}, {"n": None, "flag": True}, {"m": 1})
    )
    retained = [MqttMessage("p/a", usual[0].payload, 1, 1, False, True)]
    turns = (usual * 3, usual + null, usual, null, usual + other, other, retained, usual)
    sizes = [sum(map(len, stage.delivery(messages).uniform)) for messages in turns]
    assert sizes == [3, 2, 1, 1, 0, 0, 0, 1]


@pytest.mark.parametrize("size", [-(2**53) - 1, -(2**53), 2**53, 2**53 + 1])
def test_integers_that_no_number_holds_are_read_one_by_one(size: int) -> None:
    stage = _Stage(None, "quarantine")
    delivery = stage.delivery([MqttMessage("p/a", b'{"n": %d}' % size, 1, 1, False, False)])
    assert len(delivery.uniform) == (1 if abs(size) <= 2**53 else 0)
    assert [reading.value for reading in delivery.all_readings()] == [size]


def _check_raw(delivery: Delivery, reference: Delivery, arrival_us: int) -> None:
    """The raw copies contain the same, in the same order at each address."""
    ours = encode_delivery(delivery, arrival_us, "m@1")
    theirs = encode_delivery(reference, arrival_us, "m@1")
    assert (ours is None) == (theirs is None)
    if ours is None or theirs is None:
        return
    assert (ours.from_us, ours.to_us, ours.count) == (theirs.from_us, theirs.to_us, theirs.count)
    assert _by_source(decode_delivery(ours).delivery) == _by_source(
        decode_delivery(theirs).delivery
    )


def _by_source(delivery: Delivery) -> dict[str, list[str]]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for r in delivery.all_readings():
        fields = None if r.fields is None else sorted(r.fields.items())
        content = r.value, r.status, r.source_time_us, r.may_be_old, r.text, fields
        by_source[r.source].append(repr(content))
    return by_source
