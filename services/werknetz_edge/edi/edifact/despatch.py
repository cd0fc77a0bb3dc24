"""DESADV: a fact a line of the despatch advice, with the handling units that it lies in."""

from typing import Any, Final

from werknetz_edge.edi.edifact.reader import Line, Reader, component, none_of
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import Wrong

LABELS_MAX: Final = 1_000  # of one packing unit
MENTIONS: Final = 10  # labels that lines name, for each segment so far; and some to begin with
MENTIONS_FIRST: Final = 10_000
"""Many lines in a unit of many labels would be a flood: the product of both."""
_DEPTH_MAX: Final = 32


class _Unit:
    """A CPS: what is packed together."""

    __slots__ = ("labels", "master", "packages", "parent", "told")

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self.labels: dict[str, None] = {}  # in their order, each once
        self.packages: dict[str, float] = {}  # type → how many
        self.told = False
        self.master = ""  # the label of the unit around it, where a reference names it


class DespatchReader(Reader):
    """CPS → PAC → PCI/GIN → LIN."""

    GROUPS = frozenset({"CPS"})

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._units: dict[str, _Unit] = {}
        self._by_label: dict[str, _Unit] = {}
        self._unit_now: _Unit | None = None
        self._line_labels: dict[str, None] = {}
        self._mentions = 0
        self._steps |= {"CPS": self._cps, "PAC": self._pac, "GIN": self._gin}

    def close_line(self, line: Line) -> None:
        quantity = line.quantities.get("despatched")
        if quantity is None:
            raise Wrong(none_of(line, "despatched", "QTY+12"))
        own: dict[str, Any] = {"quantity": quantity}
        if "cumulative" in line.quantities:
            own["cumulative_quantity"] = line.quantities["cumulative"]
        self.give(line, own | self._packed(self._unit_now))

    def _packed(self, unit: _Unit | None) -> dict[str, Any]:
        """In which units the line lies, by their labels."""
        own: dict[str, Any] = {}
        if unit is None and not self._line_labels:
            return own
        labels = self._line_labels or (unit.labels if unit is not None else {})
        around = self._around(unit) if unit is not None else []
        if self._line_labels and unit is not None:
            around = [unit.labels, *around]
        self._mentions += len(labels) + sum(map(len, around))
        if self._mentions > MENTIONS_FIRST + MENTIONS * self.at:
            raise Wrong(f"the lines so far name {self._mentions} labels: too many to be meant")
        if len(labels) == 1:
            own["handling_unit"] = next(iter(labels))
        elif labels:
            own["handling_units"] = [*labels]
        if any(around):
            own["packed_in"] = [label for outer in around for label in outer]
        return own if unit is None else own | _packages_of(unit)

    def _around(self, unit: _Unit) -> list[dict[str, None]]:
        """The labels of the units around it, from the inside out. Partners send circles, too."""
        around: list[dict[str, None]] = []
        met = {id(unit)}
        while len(around) < _DEPTH_MAX:
            outer = self._by_label.get(unit.master) or self._units.get(unit.parent)
            if outer is None or id(outer) in met:
                break
            met.add(id(outer))
            around.append(outer.labels)
            unit = outer
        return around

    def _cps(self, segment: Segment) -> None:
        number = component(segment, 1, 0)
        self._unit_now = self._units[number] = _Unit(component(segment, 2, 0))
        self._line_labels = {}

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._line_labels = {}

    def _pac(self, segment: Segment) -> None:
        unit = self._unit_now
        if unit is None or self.line is not None:
            return
        kind, count = component(segment, 3, 0), component(segment, 1, 0)
        if count and len(unit.packages) < LABELS_MAX:
            unit.packages[kind] = unit.packages.get(kind, 0.0) + self.number(count)

    def _gin(self, segment: Segment) -> None:
        code = component(segment, 1, 0)
        if code == "BX" and self.line is not None and component(segment, 2, 0):
            self.put("batch", component(segment, 2, 0), 5)
        if code not in self.codes.labels:
            return
        unit = self._unit_now
        labels = self._line_labels if self.line is not None or unit is None else unit.labels
        for element in segment[2:]:
            for label in element:
                name = label.strip()
                if not name or len(labels) >= LABELS_MAX:
                    continue
                labels[name] = None
                if self.line is None and unit is not None:
                    self._by_label[name] = unit

    def _rff(self, segment: Segment) -> None:
        master = self.partner.master_label
        unit = self._unit_now if self.line is None else None
        if unit is not None and master and component(segment, 1, 0) == master:
            unit.master = component(segment, 1, 1)
        else:
            super()._rff(segment)


def _packages_of(unit: _Unit) -> dict[str, Any]:
    """Kind and number, where they are of one kind: of several nobody says which holds the line."""
    own: dict[str, Any] = {}
    if len(unit.packages) == 1:
        ((kind, count),) = unit.packages.items()
        if kind:
            own["package_type"] = kind
        if not unit.told:  # once: a sum over the lines is the number of packages
            own["package_count"], unit.told = count, True
    return own
