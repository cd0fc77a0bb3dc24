"""What a fact needs to have a meaning, by kind: data, for every path that creates facts (M5).

A receipt without a quantity or a material cannot be planned with: its line is refused with the
field and the remedy, never stored half. Fields that the struct of a kind requires are not repeated.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Need:
    """One of the fields must have a value."""

    fields: tuple[str, ...]
    unless: Mapping[str, Collection[object]]
    """Values of other fields that stand for it; no values: any."""
    only_with: tuple[str, ...] = ()
    """Holds only where one of these is given; a mapped field without a value is given, too."""

    def is_met_by(self, body: Mapping[str, Any]) -> bool:
        return (
            any(has_value(body.get(name)) for name in self.fields)
            or any(_stands_for(body.get(name), values) for name, values in self.unless.items())
            or (bool(self.only_with) and body.keys().isdisjoint(self.only_with))
        )

    def __str__(self) -> str:
        *others, last = map(repr, self.fields)
        return f"{', '.join(others)} or {last}" if others else last


def _need(*fields: str, only_with: tuple[str, ...] = (), **unless: Collection[object]) -> Need:
    return Need(fields, unless, only_with)


_MATERIAL: Final = ("material", "supplier_material", "ean")
_DEMAND: Final = ("quantity", "cumulative_quantity")
# A despatch advice may announce a whole shipment, without its lines.
_OF_A_LINE: Final = (*_MATERIAL, "quantity", "line", "batch")

NEEDS: Final[dict[str, tuple[Need, ...]]] = {
    "delivery_called_off": (
        _need(*_MATERIAL),
        # A document may state what was received, or that nothing is called off.
        _need(*_DEMAND, cumulative_received=(), last_receipt=(), function=()),
        _need(
            "due_from_us", "due_until_us",
            only_with=_DEMAND, commitment=("immediate", "backlog", "planning"), sequence=(),
            quantity=(0,),
        ),
    ),
    "shipment_announced": (
        _need(*_MATERIAL, only_with=_OF_A_LINE),
        _need("quantity", only_with=_OF_A_LINE),
    ),
    "goods_received": (_need(*_MATERIAL), _need("quantity", "accepted_quantity")),
    "quality_inspected": (
        _need(
            "inspected_quantity", "good_quantity", "scrap_quantity", "rework_quantity", "value",
            "defect",
        ),
    ),
}  # fmt: skip

REMEDY: Final = "fill it in at the source, or map another field to it"


def find_missing(kind: str, body: Mapping[str, Any]) -> Need | None:
    """Return the first need that a body does not meet."""
    for need in NEEDS.get(kind, ()):
        if not need.is_met_by(body):
            return need
    return None


def has_value(value: Any) -> bool:
    """Return whether a field has a value: blanks and numbers that are none do not count."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, float):
        return math.isfinite(value)
    return value is not None and value != []


def _stands_for(value: Any, values: Collection[object]) -> bool:
    return value in values if values else has_value(value)
