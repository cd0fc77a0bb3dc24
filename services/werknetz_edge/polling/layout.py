"""Decode the bytes of a poll into columns: one numpy gather per datatype."""

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
    """The numbers of one datatype: the positions of their bytes, and their target index."""

    target: NDArray[np.intp]
    positions: NDArray[np.intp]  # one row per number, the most significant byte first
    kind: str


@dataclass(frozen=True, slots=True)
class CodedPoint:
    row: int
    location: PointLocation
    cell: Coded


@dataclass(slots=True)
class NumberColumns:
    """Values, and their bits as `key`, by which a change is detected."""

    value: NDArray[np.float64]
    key: NDArray[np.int64]
    large: dict[int, int]  # by index: integers that a float64 cannot hold


class ImageLayout:
    """Locations of the points in the image of one cadence; `rows` are their global numbers."""

    def __init__(
        self, rows: Sequence[int], points: Sequence[Point], locations: Sequence[PointLocation]
    ) -> None:
        numeric = [n for n, point in enumerate(points) if not isinstance(point.cell, Coded)]
        self.rows = np.array([rows[n] for n in numeric], np.int32)
        self.piece = np.array([locations[n].first for n in numeric], np.intp)
        self.coded = [
            CodedPoint(rows[n], locations[n], point.cell)
            for n, point in enumerate(points)
            if isinstance(point.cell, Coded)
        ]
        by_kind: dict[str, list[tuple[int, list[int]]]] = {}
        bits: list[tuple[int, int, int]] = []
        for target, n in enumerate(numeric):
            cell, offset = points[n].cell, locations[n].offset
            if isinstance(cell, Bit):
                bits.append((target, offset + cell.byte, cell.shift))
            elif isinstance(cell, Number):
                positions = [offset + byte for byte in cell.order]
                by_kind.setdefault(cell.kind, []).append((target, positions))
        self._gathers = [
            _Gather(
                np.array([target for target, _ in values], np.intp),
                np.array([positions for _, positions in values], np.intp),
                kind,
            )
            for kind, values in by_kind.items()
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
            values = raw[gather.positions].view(f">{gather.kind}")[:, 0]
            with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
                value[gather.target] = values
            if gather.kind in _WIDE:
                wide.append((gather, values))
        if len(self._bit_into):
            value[self._bit_into] = (raw[self._bit_position] >> self._bit_shift) & 1
        key = value.view(np.int64).copy()
        large: dict[int, int] = {}
        for gather, values in wide:
            key[gather.target] = values.astype(values.dtype.newbyteorder("=")).view(np.int64)
            for n in np.flatnonzero(np.abs(value[gather.target]) >= EXACT):
                large[int(gather.target[n])] = int(values[n])
        return NumberColumns(value, key, large)
