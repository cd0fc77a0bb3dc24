"""Which messages are read as columns, and for how long others are not tried."""

import json
from typing import Any

import pytest

from werknetz.connector.contract import Delivery, FieldSet, UniformMessages
from werknetz.connector.raw import UnreadableRaw, decode_delivery, encode_delivery
from werknetz.connector.uniform.fields import FIELDS_MAX, PAUSE_MAX, JsonFields
from werknetz.events.batch import Raw

NOW_US = 1_796_000_000_000_000


def _json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(("count", "is_read"), [(FIELDS_MAX, True), (FIELDS_MAX + 1, False)])
def test_the_number_of_fields_is_limited(count: int, *, is_read: bool) -> None:
    payload = _json(**{f"f{n}": n for n in range(count)})
    assert (JsonFields("t").read([payload]) is not None) is is_read


@pytest.mark.parametrize(
    "payload",
    [b"{}", b"[1]", b"1", b"x", b'{"a.b": 1}', b'{"a\\\\": 1}', b'{"": 1}', b'{"a": [1]}'],
)
def test_what_is_not_flat_is_left(payload: bytes) -> None:
    assert JsonFields("t").read([payload]) is None


def test_a_name_with_a_quote_is_read_or_left() -> None:
    messages = JsonFields("t").read([b'{"a\\"b": 1}'])
    assert messages is None or messages.readings()[0].source == 't#a"b'


def test_a_kind_is_added_to_those_of_before() -> None:
    fields = JsonFields("t")
    first = fields.read([_json(a=1)])
    assert first is not None
    second = fields.read([_json(a="x")])
    assert second is not None
    assert first.fields.kinds == (float,)
    assert second.fields.kinds == (None,)
    again = fields.read([_json(a=2), _json(a="y")])
    assert again is not None
    assert again.fields is second.fields


def test_attempts_become_rare() -> None:
    """And frequent again after one that succeeds."""
    fields = JsonFields("t")
    pauses = []
    for _ in range(9):
        assert fields.read([b"1"]) is None
        pauses.append(fields._pause)
        while fields._pause:
            assert fields.read([_json(a=1)]) is None, "not tried"
    assert pauses == [1, 2, 4, 8, 16, 32, PAUSE_MAX, PAUSE_MAX, PAUSE_MAX]
    assert fields.read([_json(a=1)]) is not None
    assert fields.read([b"1"]) is None
    assert fields._pause == 1


@pytest.mark.parametrize(
    "defect",
    [
        UniformMessages(FieldSet("t", ("a",), (float,)), [[1], [2]], None),
        UniformMessages(FieldSet("t", ("a", "b"), (float, float)), [[1], [2, 3]], None),
        UniformMessages(FieldSet("t", ("a",), (float,)), [[1, 2]], [NOW_US]),
    ],
)
def test_a_damaged_raw_copy_is_not_decoded(defect: UniformMessages) -> None:
    raw = encode_delivery(Delivery(uniform=[defect]), NOW_US, "m@1")
    assert isinstance(raw, Raw)
    with pytest.raises(UnreadableRaw):
        decode_delivery(raw)


def test_a_message_of_its_time_alone_has_no_raw_copy() -> None:
    only_time = UniformMessages(FieldSet("t", ("t",), (float,), 0), [[1]], [NOW_US])
    assert encode_delivery(Delivery(uniform=[only_time]), NOW_US, "m@1") is None
