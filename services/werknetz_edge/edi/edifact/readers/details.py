"""Details of transport, packaging, weight, labels and text: the same in all messages."""

import re
from typing import Any, Final

from werknetz_edge.edi.edifact.readers.fields import FieldReader
from werknetz_edge.edi.edifact.readers.line import component
from werknetz_edge.edi.edifact.segments import ignore_reason
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import InvalidEdi, quote

SERIALS_MAX: Final = 5_000  # of a line
RANGE_MAX: Final = 1_000  # numbers of a range
_DIGITS: Final = re.compile(r"[0-9]{1,18}$")
_GROSS: Final = frozenset({"G", "AAB", "AAD", "AAE"})  # MEA 6313
_KILOGRAMS: Final = {"KGM": 1.0, "KG": 1.0, "GRM": 0.001, "TNE": 1000.0, "LBR": 0.45359237}
_SERIAL: Final = "BN"  # GIN and GIR 7405
_BATCH: Final = "BX"
_MODES: Final = {
    "10": "sea", "20": "rail", "30": "road", "40": "air", "50": "post", "60": "multimodal",
    "80": "inland_water",
}  # fmt: skip


class DetailReader(FieldReader):
    """Adds the segments that describe lines, units and the transport."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._handlers |= {
            "FTX": self._ftx, "TDT": self._tdt, "EQD": self._eqd, "MEA": self._mea,
            "GIN": self._gin, "GIR": self._gir, "PAC": self._pac,
        }  # fmt: skip

    def _ftx(self, segment: Segment) -> None:
        parts = segment[4] if len(segment) > 4 else []
        text = " ".join(part.strip() for part in parts if part.strip())
        if not text:  # a coded text
            text = component(segment, 3, 0)
        if text:
            self.add_note(text)

    def _tdt(self, segment: Segment) -> None:
        """TDT: mode of transport, carrier and vehicle."""
        mode = component(segment, 3, 0)
        if mode:
            self.set_field("transport_mode", _MODES.get(mode[:2] if len(mode) > 1 else mode, mode))
        carrier = component(segment, 5, 0) or component(segment, 5, 3)
        if carrier:
            self.set_field("carrier", carrier, 2)
        vehicle = component(segment, 8, 0) or component(segment, 8, 3) or component(segment, 2, 0)
        if vehicle:
            self.set_field("vehicle", vehicle)

    def _eqd(self, segment: Segment) -> None:
        """EQD: a trailer or container, where no vehicle is named."""
        code, number = component(segment, 1, 0), component(segment, 2, 0)
        if code not in {"TE", "CN", "SW", "TR", "CH"}:
            if not ignore_reason(self.message, "EQD", code):
                self.remark(f"EQD+{code[:20]}", f"equipment {quote(code)} has no meaning here")
        elif number:
            self.set_field("vehicle", number, 1)

    def _mea(self, segment: Segment) -> None:
        """MEA: the gross weight."""
        code = component(segment, 2, 0)
        if code not in _GROSS:
            codes = (code, component(segment, 1, 0))
            if not any(ignore_reason(self.message, "MEA", name) for name in codes):
                self.remark(
                    f"MEA+{'+'.join(reversed(codes))[:20]}",
                    f"measurement {quote(code)} has no meaning here",
                )
            return
        unit, text = component(segment, 3, 0), component(segment, 3, 1)
        factor = _KILOGRAMS.get(unit)
        if factor is None:
            self.remark(f"MEA+{code}", f"gross weight in {quote(unit)}: unit is not a weight")
        elif text:
            self.set_weight(round(self.number(text) * factor, 9))

    def set_weight(self, weight_kg: float) -> None:
        """Set the gross weight of the line, or of the whole shipment."""
        name = "gross_weight_kg" if self.line is not None else "shipment_gross_weight_kg"
        if name in self.codes.names:
            self.set_field(name, weight_kg)
        else:
            self.remark("MEA", "a gross weight has no field in this message")

    def _gin(self, segment: Segment) -> None:
        self.identify(component(segment, 1, 0), segment[2:], "GIN")

    def _gir(self, segment: Segment) -> None:
        """GIR: identity numbers, each with its own qualifier."""
        for element in segment[2:]:
            code = element[1].strip() if len(element) > 1 else ""
            self.identify(code, [[element[0]]], "GIR")

    def identify(self, code: str, elements: list[list[str]], tag: str) -> None:
        """Read serial and batch numbers of the line; remark what has no meaning."""
        numbers = self.numbers_of(elements, f"{tag}+{code[:20]}")
        if not numbers:
            return
        if code == _SERIAL and self.line is not None and "serial_numbers" in self.codes.names:
            serials = self.line.serial_numbers
            if len(serials) + len(numbers) > SERIALS_MAX:
                raise InvalidEdi(f"more than {SERIALS_MAX} serial numbers in a line")
            serials += numbers
        elif code == _BATCH and self.line is not None and "batch" in self.codes.names:
            self.set_field("batch", numbers[0], 5)
            if len(numbers) > 1:
                self.remark(f"{tag}+{code}", "several batches of a line: only the first is stored")
        elif not ignore_reason(self.message, "GIN", code):
            self.remark_code(tag, code, "labels")

    def numbers_of(self, elements: list[list[str]], code: str) -> list[str]:
        """Return identity numbers; a pair of numbers is a range (C208)."""
        numbers: list[str] = []
        for element in elements:
            parts = [part.strip() for part in element if part.strip()]
            if len(parts) != 2 or parts[0] == parts[1]:
                numbers += parts[:1] if len(parts) == 2 else parts
                continue
            members = _range_of(*parts)
            if members is None:
                self.remark(f"{code} range", f"{quote(':'.join(parts))}: a range that is not "
                            "numbered in steps of one; only its ends are stored")  # fmt: skip
            numbers += members or parts
        return numbers

    def _pac(self, segment: Segment) -> None:
        """PAC: number and kind of the packages of a line."""
        if self.line is None or "package_type" not in self.codes.names:
            self.remark("PAC", "packages outside of a line have no field in this message")
            return
        kind, count = component(segment, 3, 0), component(segment, 1, 0)
        if "package_count" in self.line.fields or "package_type" in self.line.fields:
            self.remark("PAC", "several kinds of packages in a line: only the first is stored")
            return
        if kind:
            self.set_field("package_type", kind)
        if count:
            self.set_field("package_count", self.number(count))


def _range_of(first: str, last: str) -> list[str] | None:
    """Return the numbers from first to last: A008 to A011; None where they cannot be counted."""
    start, end = _DIGITS.search(first), _DIGITS.search(last)
    if start is None or end is None or first[: start.start()] != last[: end.start()]:
        return None
    width, low, high = len(start[0]), int(start[0]), int(end[0])
    if len(end[0]) != width or not low < high < low + RANGE_MAX:
        return None
    return [f"{first[: start.start()]}{number:0{width}}" for number in range(low, high + 1)]
