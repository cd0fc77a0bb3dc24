"""Any bytes: no crash, no hang, bounded memory, and each message is answered for exactly once."""

import json
import random
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.connector.normalize import Normalizer
from werknetz.connector.quarantine import RAW_MAX
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.payload import Datatype, Metric
from werknetz_edge.sparkplug.host import Host

NOW_US = 1_790_000_000_000_000
MEGABYTE = 1_000_000
KINDS = ["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"]


def _topic(kind: str, node: int = 0) -> str:
    return f"spBv1.0/g/{kind}/n{node}" + ("/d" if kind.startswith("D") else "")


def _is_answered(host: Host, messages: list[tuple[str, bytes]]) -> list[object]:
    """Handle all messages and time-outs, store as-is; return the tokens of the results."""
    normalizer = Normalizer(STORE_AS_IS, "c")
    tokens: list[object] = []
    for number, (topic, raw) in enumerate(messages):
        host.handle_message(topic, raw, at_us=NOW_US + number, now_s=number / 10, token=number)
        if number % 3 == 0:
            tokens += _store_as_is(host, normalizer)
    for later_s in (60.0, 120.0, 300.0):
        host.tick(later_s, NOW_US + int(later_s * 1e6))
        tokens += _store_as_is(host, normalizer)
    assert len(host.details()) < 40
    return tokens


def _store_as_is(host: Host, normalizer: Normalizer) -> list[object]:
    tokens: list[object] = []
    for part in host.take_results():
        blocks = [host.block_of(part.columns)] if part.columns.index else []
        live = Delivery(part.readings, blocks, part.gaps, part.unreadable)
        for delivery in (live, Delivery(part.history)):
            assert normalizer.normalize(delivery, NOW_US) is not None
        tokens += part.tokens
    return tokens


TOPIC = st.builds(_topic, st.sampled_from(KINDS), st.integers(0, 1)) | st.text(max_size=30)


@given(st.lists(st.tuples(TOPIC, st.binary(max_size=200)), max_size=20))
def test_arbitrary_bytes_are_answered_for(messages: list[tuple[str, bytes]]) -> None:
    assert sorted(_is_answered(Host("c"), messages), key=int) == list(range(len(messages)))  # type: ignore[call-overload]  # the tokens are numbers


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int_value": st.integers(0, 2**32 - 1), "long_value": st.integers(0, 2**64 - 1),
    "float_value": st.floats(width=32), "double_value": st.floats(),
    "boolean_value": st.booleans(), "string_value": st.text(max_size=5),
    "bytes_value": st.binary(max_size=20),
}  # fmt: skip


@st.composite
def metrics(draw: st.DrawFn) -> Any:
    """Every field may be there or not, and say anything, true to the wire."""
    metric = Metric()
    rules: dict[str, st.SearchStrategy[Any]] = {
        "name": st.sampled_from(["a", "b", "bdSeq", "Node Control/Rebirth", ""]),
        "alias": st.integers(0, 3), "timestamp": st.sampled_from([0, 1, NOW_US // 1000, 2**64 - 1]),
        "datatype": st.integers(0, 40), "is_null": st.booleans(), "is_historical": st.booleans(),
        "is_transient": st.booleans(),
    }  # fmt: skip
    for name in draw(st.sets(st.sampled_from(sorted(rules)))):
        setattr(metric, name, draw(rules[name]))
    field = draw(st.none() | st.sampled_from(sorted(VALUES)))
    if field is not None:
        setattr(metric, field, draw(VALUES[field]))
    if draw(st.booleans()):
        metric.properties.keys.extend(draw(st.lists(st.sampled_from(["Quality", "engUnit"]))))
        for code in draw(st.lists(st.integers(0, 600), max_size=2)):
            metric.properties.values.add(int_value=code)
    return metric


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes]:
    payload_message = Payload()
    if draw(st.booleans()):
        payload_message.timestamp = draw(st.sampled_from([0, NOW_US // 1000, 2**64 - 1]))
    if (seq := draw(st.none() | st.integers(0, 6) | st.integers(0, 2**64 - 1))) is not None:
        payload_message.seq = seq
    payload_message.metrics.extend(draw(st.lists(metrics(), max_size=4)))
    return _topic(
        draw(st.sampled_from(KINDS)), draw(st.integers(0, 1))
    ), payload_message.SerializeToString()


@given(st.lists(messages(), max_size=25))
def test_any_messages_in_any_order_are_answered_for(given_in: list[tuple[str, bytes]]) -> None:
    assert sorted(_is_answered(Host("c"), given_in), key=int) == list(range(len(given_in)))  # type: ignore[call-overload]  # the tokens are numbers


def _field(number: int, body: bytes) -> bytes:
    """A length-delimited field, as it lies on the wire."""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    results = b""
    while number > 127:
        results += bytes([number & 127 | 128])
        number >>= 7
    return results + bytes([number])


def bombs() -> dict[str, bytes]:
    """Up to 1 MB each, small on the wire and large when opened."""
    name = b"\x0a\x01a"
    nested = name
    for _ in range(40):
        nested = name + b"\x20\x13" + _field(18, _field(2, nested))
    cells = _field(17, b"\x12\x01x\x18\x03" + b"\x22\x02\x0a\x00" * 5_000)
    cells = _field(2, name + b"\x20\x10" + cells)
    named = [_field(2, b"\x0a\x06" + f"{n:06}".encode() + b"\x50\x01") for n in range(80_000)]
    squeezed = Payload(uuid="SPBV1.0_COMPRESSED")
    results = {
        "empty metrics": b"\x12\x00" * 500_000,
        "99,999 empty metrics": b"\x12\x00" * 99_999,
        "aliases that nobody knows": b"\x12\x02\x10\x05" * 99_999,
        "names": b"".join(named),
        "rows without cells": _field(2, name + b"\x20\x10" + _field(17, b"\x22\x00" * 490_000)),
        "many data sets": cells * (MEGABYTE // len(cells)),
        "templates in templates": _field(2, nested) * (MEGABYTE // (len(nested) + 5)),
        "members without a name": _field(2, name + b"\x20\x13" + _field(18, b"\x12\x00" * 490_000)),
        "a long array": _field(2, name + b"\x20\x16" + _field(16, bytes(990_000))),
        "strings": _field(2, name + b"\x20\x21" + _field(16, bytes(990_000))),
        "properties": _field(2, name + _field(9, b"\x0a\x00\x12\x00" * 240_000)),
        "noise": random.Random(7).randbytes(MEGABYTE),
    }
    for label, inner in [("zeros", bytes(10**8)), ("metrics", b"\x12\x00" * 999_990)]:
        squeezed.body = zlib.compress(inner)
        results[f"compressed {label}"] = squeezed.SerializeToString()
    return results


def _measure() -> None:
    """In a process of its own: seconds for each, and how much memory all of them took at most."""
    import resource
    import time

    from plumbing.processor import slowness

    given_in, spent = bombs(), {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for label, raw in given_in.items():
        for kind in ("DDATA", "NBIRTH"):
            assert len(raw) <= MEGABYTE
            best = []
            while len(best) < 3 and min(best, default=9.0) > 1.0:  # others use this machine, too
                host, began = Host("c"), time.process_time()
                host.handle_message(_topic(kind), raw, at_us=NOW_US, now_s=0.0)
                assert host.take_results()
                best.append((time.process_time() - began) / slowness())
            spent[f"{label} {kind}"] = min(best)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": spent, "megabytes": (after - before) / 1024}))


def test_bombs_take_no_second_and_no_256_megabytes() -> None:
    child = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, timeout=500, check=False,
        env={"PYTHONPATH": "tests"},
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    measured = json.loads(child.stdout)
    assert not {label: s for label, s in measured["seconds"].items() if s > 1.0}
    assert measured["megabytes"] < 256


def test_a_compression_bomb_is_quarantined_in_part_with_its_size() -> None:
    host = Host("c")
    raw = bombs()["empty metrics"]
    raw += raw[:100_000]
    host.handle_message(_topic("DDATA"), raw, at_us=NOW_US, now_s=0.0)
    (part,) = host.take_results()
    (refused,) = part.unreadable
    assert len(raw) > RAW_MAX
    assert (len(refused.raw), refused.size) == (RAW_MAX, len(raw))
    assert "more than 100000" in refused.reason


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_payload_is_answered_for(kind: str) -> None:
    assert Datatype.Unknown == 0
    assert _is_answered(Host("c"), [(_topic(kind), b"")]) == [0]


if __name__ == "__main__":
    _measure()
