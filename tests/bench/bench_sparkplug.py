"""Sparkplug B: metrics per CPU second, heard and read, beside protobuf's bare parse of the same.

The bare parse makes no Python object of a metric: it says only what the format itself costs.
Payloads are a node's: a birth, then data by alias, of a few metrics each and of many.
"""

import time
from collections.abc import Callable
from typing import Final

from bench.measure import Measure
from werknetz_edge.sparkplug.codec import write_value
from werknetz_edge.sparkplug.host import Host
from werknetz_edge.sparkplug.payload import Datatype, Payload

METRICS: Final = 500
ROUNDS: Final = 3
NOW_MS: Final = 1_790_000_000_000
_TYPES: Final = (Datatype.Double, Datatype.Float, Datatype.Int32, Datatype.Int64, Datatype.Boolean)
BARS: Final = {10: 0.05, METRICS: 0.05}


def measures(short: bool) -> list[Measure]:
    wanted = 100_000 if short else 1_000_000
    return [_measured(size, wanted) for size in BARS]


def _measured(size: int, wanted: int) -> Measure:
    birth = _birth()
    data = [_data(seq % 256, size) for seq in range(wanted // size)]
    bare = max(_rate(lambda: _bare(data), wanted) for _ in range(ROUNDS))
    ours = max(_rate(lambda: _heard(birth, data), wanted) for _ in range(ROUNDS))
    figure = f"{ours:,.0f} metrics/CPU s; bare parse {bare:,.0f}"
    return Measure(f"Sparkplug, {size} metrics a message", figure, ours / bare, BARS[size])


def _rate(work: Callable[[], int], wanted: int) -> float:
    began = time.process_time()
    done = work()
    if done != wanted:
        raise RuntimeError(f"{done} metrics of {wanted}")
    return done / (time.process_time() - began)


def _bare(data: list[bytes]) -> int:
    return sum(len(Payload.FromString(raw).metrics) for raw in data)


def _heard(birth: bytes, data: list[bytes]) -> int:
    host, values = Host("bench"), 0
    host.take("spBv1.0/G/NBIRTH/N", birth, at_us=NOW_MS * 1000, now_s=0.0)
    for part in host.drain():
        values -= len(part.columns.index)
    for number, raw in enumerate(data):
        host.take("spBv1.0/G/NDATA/N", raw, at_us=NOW_MS * 1000, now_s=0.0)
        if number % 100 == 99 or number == len(data) - 1:
            for part in host.drain():
                values += len(part.columns.block(host.addresses).value)
    return values


def _birth() -> bytes:
    made = Payload(timestamp=NOW_MS, seq=255)
    for alias in range(1, METRICS + 1):
        datatype = _TYPES[alias % len(_TYPES)]
        metric = made.metrics.add(name=f"Line 1/Metric {alias}", alias=alias, datatype=datatype)
        write_value(metric, datatype, 0)
    return bytes(made.SerializeToString())


def _data(seq: int, size: int) -> bytes:
    made = Payload(timestamp=NOW_MS, seq=seq)
    for number in range(size):
        alias = (seq * size + number) % METRICS + 1
        datatype = _TYPES[alias % len(_TYPES)]
        metric = made.metrics.add(alias=alias, timestamp=NOW_MS + number)
        write_value(metric, datatype, (seq + number) % 100 * (1 if number % 10 else -1) + 1)
    return bytes(made.SerializeToString())
