"""From the bytes of a poll to columns: a gather a datatype, no Python step a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz_edge.polling.grouping import PointLocation
from werknetz_edge.polling.point import Bit, Coded, Number, Point

EXACT: Final = 2**53  # a float64 holds every integer up to here
_WIDE: Final = frozenset({"i8", "u8"})


@dataclass(frozen=True, slots=True)
class _Gather:
    """The numbers of one datatype: which bytes make each, and where it goes."""

    into: NDArray[np.intp]
    positions: NDArray[np.intp]  # a row a number, the most significant byte first
    kind: str


@dataclass(frozen=True, slots=True)
class CodedPoint:
    row: int
    location: PointLocation
    cell: Coded


@dataclass(slots=True)
class NumberColumns:
    """A column a value, and `key`: its bits, by which a change is told."""

    value: NDArray[np.float64]
    key: NDArray[np.int64]
    large: dict[int, int]  # by index: integers that a float64 cannot hold


class ImageLayout:
    """What stands where in the image of one cadence. `rows` number the points of all of them."""

    def __init__(
        self, rows: Sequence[int], points: Sequence[Point], places: Sequence[PointLocation]
    ) -> None:
        numeric = [n for n, point in enumerate(points) if not isinstance(point.cell, Coded)]
        self.rows = np.array([rows[n] for n in numeric], np.int32)
        self.piece = np.array([places[n].first for n in numeric], np.intp)
        self.coded = [
            CodedPoint(rows[n], places[n], point.cell)
            for n, point in enumerate(points)
            if isinstance(point.cell, Coded)
        ]
        by_kind: dict[str, list[tuple[int, list[int]]]] = {}
        bits: list[tuple[int, int, int]] = []
        for into, n in enumerate(numeric):
            cell, offset = points[n].cell, places[n].offset
            if isinstance(cell, Bit):
                bits.append((into, offset + cell.byte, cell.shift))
            elif isinstance(cell, Number):
                positions = [offset + byte for byte in cell.order]
                by_kind.setdefault(cell.kind, []).append((into, positions))
        self._gathers = [
            _Gather(
                np.array([into for into, _ in found], np.intp),
                np.array([positions for _, positions in found], np.intp),
                kind,
            )
            for kind, found in by_kind.items()
        ]
        self._bit_into = np.array([bit[0] for bit in bits], np.intp)
        self._bit_position = np.array([bit[1] for bit in bits], np.intp)
        self._bit_shift = np.array([bit[2] for bit in bits], np.uint8)

    def read_numbers(self, image: bytes | bytearray) -> NumberColumns:
        raw = np.frombuffer(image, np.uint8)
        value = np.zeros(len(self.rows))
        wide: list[tuple[_Gather, NDArray[np.int64 | np.uint64]]] = []
        for gather in self._gathers:
            # A gather's result is contiguous, so its bytes can be seen as numbers.
            found = raw[gather.positions].view(f">{gather.kind}")[:, 0]
            with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
                value[gather.into] = found
            if gather.kind in _WIDE:
                wide.append((gather, found))
        if len(self._bit_into):
            value[self._bit_into] = (raw[self._bit_position] >> self._bit_shift) & 1
        key = value.view(np.int64).copy()
        large: dict[int, int] = {}
        for gather, found in wide:
            key[gather.into] = found.astype(found.dtype.newbyteorder("=")).view(np.int64)
            for n in np.flatnonzero(np.abs(value[gather.into]) >= EXACT):
                large[int(gather.into[n])] = int(found[n])
        return NumberColumns(value, key, large)
