"""Sparkplug B: metrics per CPU second, received and read, beside protobuf's bare parse of the same.

The bare parse stays in C and makes no Python object of a metric. So what Python itself costs is
shown, too: the parse and reading three fields of each metric. Payloads are a node's: a birth,
then data by alias with five datatypes, a few metrics in each message, or many.
"""

import time
from collections.abc import Callable
from typing import Final

from bench.measure import Measure
from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz_edge.sparkplug.decoding.codec import encode_value
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.host import Host

METRICS: Final = 500
ROUNDS: Final = 3
NOW_MS: Final = 1_790_000_000_000
_TYPES: Final = (
    Datatype.Double,
    Datatype.Float,
    Datatype.Int32,
    Datatype.Int64,
    Datatype.Boolean,
)
SIZES: Final = (10, METRICS)
BAR: Final = 0.015  # of the bare parse
LOOK_BAR: Final = 0.15  # of the parse with a look at three fields


def measures(short: bool) -> list[Measure]:
    count = 100_000 if short else 1_000_000
    return [measure for size in SIZES for measure in _measure(size, count)]


def _measure(size: int, count: int) -> list[Measure]:
    birth = _birth()
    data = [_data(seq % 256, size) for seq in range(count // size)]
    bare = max(_rate(lambda: _bare(data), count) for _ in range(ROUNDS))
    look = max(_rate(lambda: _looked_at(data), count) for _ in range(ROUNDS))
    ours = max(_rate(lambda: _measure_host(birth, data), count) for _ in range(ROUNDS))
    figure = f"{ours:,.0f} metrics/CPU s; bare {bare:,.0f}"
    return [
        Measure(f"Sparkplug, {size} metrics a message", figure, ours / bare, BAR),
        Measure("  parse and three fields in Python", f"{look:,.0f}", ours / look, LOOK_BAR),
    ]


def _rate(work: Callable[[], int], count: int) -> float:
    began = time.process_time()
    done = work()
    if done != count:
        raise RuntimeError(f"{done} metrics of {count}")
    return done / (time.process_time() - began)


def _bare(data: list[bytes]) -> int:
    return sum(len(Payload.FromString(raw).metrics) for raw in data)


def _looked_at(data: list[bytes]) -> int:
    count = 0
    for raw in data:
        for metric in Payload.FromString(raw).metrics:
            count += metric.alias > 0 and metric.timestamp > 0 and metric.double_value is not None
    return count


def _measure_host(birth: bytes, data: list[bytes]) -> int:
    host, values = Host("bench"), 0
    host.handle_message("spBv1.0/G/NBIRTH/N", birth, at_us=NOW_MS * 1000, now_s=0.0)
    for part in host.take_results():
        values -= len(part.columns.index)
    for number, raw in enumerate(data):
        host.handle_message("spBv1.0/G/NDATA/N", raw, at_us=NOW_MS * 1000, now_s=0.0)
        if number % 100 == 99 or number == len(data) - 1:
            for part in host.take_results():
                values += len(host.block_of(part.columns).value)
    return values


def _birth() -> bytes:
    encoded = Payload(timestamp=NOW_MS, seq=255)
    for alias in range(1, METRICS + 1):
        datatype = _TYPES[alias % len(_TYPES)]
        metric = encoded.metrics.add(name=f"Line 1/Metric {alias}", alias=alias, datatype=datatype)
        encode_value(metric, datatype, 0)
    return bytes(encoded.SerializeToString())


def _data(seq: int, size: int) -> bytes:
    encoded = Payload(timestamp=NOW_MS, seq=seq)
    for number in range(size):
        alias = (seq * size + number) % METRICS + 1
        datatype = _TYPES[alias % len(_TYPES)]
        metric = encoded.metrics.add(alias=alias, timestamp=NOW_MS + number)
        encode_value(metric, datatype, (seq + number) % 100 * (1 if number % 10 else -1) + 1)
    return bytes(encoded.SerializeToString())
