"""DESADV: one fact for each line of the despatch advice, with its handling units."""

from typing import Any, Final

from werknetz_edge.edi.edifact.readers.details import DetailReader
from werknetz_edge.edi.edifact.readers.line import MessageLine, component, missing_quantity_text
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import InvalidEdi

LABELS_MAX: Final = 1_000  # of one packing unit
MENTIONS: Final = 10  # labels that lines may name per segment read, in addition to MENTIONS_FIRST
MENTIONS_FIRST: Final = 10_000
"""Limits the output of many lines in a unit with many labels: the product of both."""
_DEPTH_MAX: Final = 32


class _PackingUnit:
    """A CPS: one packing unit."""

    __slots__ = (
        "labels", "master", "packages", "packages_reported", "parent", "quantity_per_package",
        "serial_numbers", "weight_kg",
    )  # fmt: skip

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.labels: dict[str, None] = {}  # in order, without repetitions
        self.packages: dict[str, float] = {}  # type → count
        self.packages_reported = False
        self.quantity_per_package: float | None = None
        self.serial_numbers: list[str] = []
        self.weight_kg: float | None = None
        self.master = ""  # label of the outer unit, where a reference names it


class DespatchReader(DetailReader):
    """CPS → PAC → PCI/GIN → LIN."""

    GROUPS = frozenset({"CPS"})
    MESSAGE = "DESADV"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._units: dict[str, _PackingUnit] = {}
        self._by_label: dict[str, _PackingUnit] = {}
        self._current_unit: _PackingUnit | None = None
        self._line_labels: dict[str, None] = {}
        self._mentions = 0
        self._handlers["CPS"] = self._cps

    def read_line(self, line: MessageLine) -> None:
        quantity = line.quantities.get("despatched")
        if quantity is None:
            raise InvalidEdi(missing_quantity_text(line, "despatched", "QTY+12"))
        fields: dict[str, Any] = {"quantity": quantity}
        if "despatched" in line.exact:
            fields["quantity_exact"] = line.exact["despatched"]
        if "cumulative" in line.quantities:
            if "cumulative" in line.exact:
                exact = line.exact["cumulative"]
                raise InvalidEdi(f"{exact} has more digits than can be stored exactly")
            fields["cumulative_quantity"] = line.quantities["cumulative"]
        unit = self._current_unit
        packing = self._packing_of(unit)  # may raise: the unit's values are taken afterwards
        if unit is not None:
            if unit.quantity_per_package is not None and "quantity_per_package" not in line.fields:
                fields["quantity_per_package"] = unit.quantity_per_package
            if unit.serial_numbers:
                line.serial_numbers = [*unit.serial_numbers, *line.serial_numbers]
                unit.serial_numbers = []
            if unit.weight_kg is not None and "gross_weight_kg" not in line.fields:
                fields["gross_weight_kg"], unit.weight_kg = unit.weight_kg, None
        self.add_fact(line, {**fields, **packing})

    def _packing_of(self, unit: _PackingUnit | None) -> dict[str, Any]:
        """Return the packing of a line: the labels of its units."""
        fields: dict[str, Any] = {}
        if unit is None and not self._line_labels:
            return fields
        labels = self._line_labels or (unit.labels if unit is not None else {})
        outer_labels = self._outer_labels_of(unit) if unit is not None else []
        if self._line_labels and unit is not None:
            outer_labels = [unit.labels, *outer_labels]
        self._mentions += len(labels) + sum(map(len, outer_labels))
        if self._mentions > MENTIONS_FIRST + MENTIONS * self.at:
            raise InvalidEdi(f"the lines so far name {self._mentions} labels: more than plausible")
        if len(labels) == 1:
            fields["handling_unit"] = next(iter(labels))
        elif labels:
            fields["handling_units"] = [*labels]
        if any(outer_labels):
            fields["packed_in"] = [label for outer in outer_labels for label in outer]
        return fields if unit is None else fields | _packages_of(unit)

    def _outer_labels_of(self, unit: _PackingUnit) -> list[dict[str, None]]:
        """Return the labels of the outer units, from inside to outside. Units may form a cycle."""
        outer_labels: list[dict[str, None]] = []
        visited = {id(unit)}
        while len(outer_labels) < _DEPTH_MAX:
            outer = self._by_label.get(unit.master) or self._units.get(unit.parent)
            if outer is None or id(outer) in visited:
                break
            visited.add(id(outer))
            outer_labels.append(outer.labels)
            unit = outer
        return outer_labels

    def _cps(self, segment: Segment) -> None:
        number = component(segment, 1, 0)
        self._current_unit = self._units[number] = _PackingUnit(component(segment, 2, 0))
        self._line_labels = {}

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._line_labels = {}

    def _pac(self, segment: Segment) -> None:
        unit = self._current_unit
        if unit is None or self.line is not None:
            super()._pac(segment)
            return
        kind, count = component(segment, 3, 0), component(segment, 1, 0)
        if not count:
            unit.packages.setdefault(kind, 0.0)
        elif len(unit.packages) < LABELS_MAX:
            unit.packages[kind] = unit.packages.get(kind, 0.0) + self.number(count)
        else:
            self.remark("PAC", f"more than {LABELS_MAX} kinds of packages in a unit")

    def _qty(self, segment: Segment) -> None:
        """A quantity of a unit is the one of each package; others belong to a line."""
        unit = self._current_unit
        meaning = self.codes.quantities.get(component(segment, 1, 0))
        if self.line is None and unit is not None and meaning in {"per_package", "ignored"}:
            if meaning == "per_package":
                unit.quantity_per_package = self.number(component(segment, 1, 1))
        else:
            super()._qty(segment)

    def set_weight(self, weight_kg: float) -> None:
        if self.line is None and self._current_unit is not None:
            if self._current_unit.weight_kg not in {None, weight_kg}:
                self.remark("MEA", "a second gross weight of a unit: only the first is stored")
                return
            self._current_unit.weight_kg = weight_kg
        else:
            super().set_weight(weight_kg)

    def identify(self, code: str, elements: list[list[str]], tag: str) -> None:
        """Read labels of the unit or line; serial numbers of a unit belong to its first line."""
        unit = self._current_unit
        if code == "BN" and self.line is None and unit is not None:
            unit.serial_numbers += self.numbers_of(elements, f"{tag}+{code}")
            return
        if code not in self.codes.labels:
            super().identify(code, elements, tag)
            return
        labels = self._line_labels if self.line is not None or unit is None else unit.labels
        for name in self.numbers_of(elements, f"{tag}+{code}"):
            if name in labels:
                continue
            if len(labels) >= LABELS_MAX:
                self.remark("GIN", f"more than {LABELS_MAX} labels of a unit")
                return
            labels[name] = None
            if self.line is None and unit is not None:
                self._by_label[name] = unit

    def _rff(self, segment: Segment) -> None:
        master = self.partner.master_label
        unit = self._current_unit if self.line is None else None
        if unit is not None and master and component(segment, 1, 0) == master:
            unit.master = component(segment, 1, 1)
        else:
            super()._rff(segment)


def _packages_of(unit: _PackingUnit) -> dict[str, Any]:
    """Return type and number of packages of one type; with several types it is ambiguous."""
    fields: dict[str, Any] = {}
    if len(unit.packages) == 1:
        ((kind, count),) = unit.packages.items()
        if kind:
            fields["package_type"] = kind
        if count and not unit.packages_reported:
            # Once: the sum over the lines is the number of packages.
            fields["package_count"], unit.packages_reported = count, True
    return fields
