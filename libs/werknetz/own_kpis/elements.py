"""What formulas of own KPIs may read: elements, what follows from them, and when one is unknown.

A quantity that nobody reports is not zero: it has no value, with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from werknetz.kpi.additive import AdditiveElements
from werknetz.kpi.definition import KpiSubject, Undefined, Value
from werknetz.kpi.elements import GATES, Elements

Read = Callable[[Any], Value]

FOLLOWING: Final[Mapping[str, tuple[str, ...]]] = {
    "calendar_s": ("pot_s", "off_shift_s"),
    "aupt_s": ("apt_s", "aust_s"),
    "aubt_s": ("apt_s", "aust_s", "adet_s"),
    "known_pbt_s": ("pbt_s", "unknown_s"),
}
"""Elements of equipment that follow from others, with those."""

FACT_GATES: Final[Mapping[str, str]] = {
    "apat_s": "attendances", "apwt_s": "attendances", "gp": "ip", "cm": "consumptions",
    "igq": "igq_entries", "pl": "pl_entries", "stl": "stl_entries", "ol": "ol_entries",
    "psq": "psq_entries", "epc": "epc_known_s", "epc_pq": "epc_known_s",
}  # fmt: skip
"""Elements from facts, with the number or time that shows that there are any."""

_CONSUMED: Final = "consumed_units"


@dataclass(frozen=True, slots=True)
class ReadableElement:
    """An element as a formula reads it."""

    name: str
    inputs: tuple[str, ...]  # elements that must be summed for it
    read: Read


def readable_elements(subject: KpiSubject[Any]) -> dict[str, ReadableElement]:
    """Return what formulas over a subject may read, by name."""
    readable = {name: _element(name, subject) for name in subject.inputs}
    if _is_of_machines(subject):
        for name, inputs in FOLLOWING.items():
            readable[name] = ReadableElement(name, inputs, _reader(name))
    return readable


def _is_of_machines(subject: KpiSubject[Any]) -> bool:
    return issubclass(subject.elements, Elements)


def _element(name: str, subject: KpiSubject[Any]) -> ReadableElement:
    if not _is_of_machines(subject):
        return ReadableElement(name, (name,), _reader(name))
    if name == "cm":
        inputs = (name, FACT_GATES[name], _CONSUMED)
        return ReadableElement(name, inputs, _read_consumed)
    if name in FACT_GATES:
        return ReadableElement(
            name, (name, FACT_GATES[name]), _gated_reader(name, FACT_GATES[name])
        )
    if name in GATES:
        return ReadableElement(name, (name,), _gated_reader(name, GATES[name]))
    return ReadableElement(name, (name,), _reader(name))


def _reader(name: str) -> Read:
    def read(elements: AdditiveElements) -> Value:
        value: float = getattr(elements, name)
        return value

    return read


def _gated_reader(name: str, gate: str) -> Read:
    unknown = Undefined(f"{name} is not reported")

    def read(elements: AdditiveElements) -> Value:
        value: float = getattr(elements, name)
        return value if value or getattr(elements, gate) else unknown

    return read


def _read_consumed(elements: AdditiveElements) -> Value:
    if getattr(elements, _CONSUMED) > 1:
        return Undefined("the consumed materials have different units")
    return _CONSUMED_GATE(elements)


_CONSUMED_GATE: Final = _gated_reader("cm", FACT_GATES["cm"])
