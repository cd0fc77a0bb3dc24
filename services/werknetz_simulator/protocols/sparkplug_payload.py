"""Encode the Sparkplug B payloads of a simulated edge node."""

from collections.abc import Sequence
from dataclasses import dataclass

from werknetz.protocols.sparkplug_b_pb2 import DataType, Payload


@dataclass(frozen=True, slots=True)
class SimulatedMetric:
    """A metric value. Births carry name and datatype; data messages carry only the alias."""

    value: str | int | float | bool
    datatype: int
    at_ms: int
    name: str = ""
    alias: int = 0
    is_historical: bool = False


_FIELDS: dict[int, str] = {
    DataType.String: "string_value",
    DataType.Double: "double_value",
    DataType.UInt16: "int_value",
    DataType.UInt64: "long_value",
    DataType.Boolean: "boolean_value",
}


def encode_payload(
    metrics: Sequence[SimulatedMetric], *, at_ms: int, seq: int | None = None
) -> bytes:
    """Encode a message; a death certificate has no `seq`."""
    payload = Payload(timestamp=at_ms, seq=seq)
    for metric in metrics:
        _add_metric(payload, metric)
    return payload.SerializeToString()


def _add_metric(payload: Payload, metric: SimulatedMetric) -> None:
    encoded = payload.metrics.add(timestamp=metric.at_ms)
    if metric.name:
        encoded.name = metric.name
        encoded.datatype = metric.datatype
    if metric.alias:
        encoded.alias = metric.alias
    if metric.is_historical:
        encoded.is_historical = True
    setattr(encoded, _FIELDS[metric.datatype], metric.value)
