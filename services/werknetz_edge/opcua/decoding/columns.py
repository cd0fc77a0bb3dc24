"""The fast path: a run of equally encoded notifications is one numpy array over the bytes.

A record's length follows from its encoding mask and Variant type. As long as both columns stay
equal, each record starts where the array expects it, so checking the two columns is exact.
"""

from dataclasses import dataclass
from functools import cache
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

VALUE, STATUS, SOURCE, SERVER, SOURCE_PS, SERVER_PS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
BOOLEAN, INT64, UINT64, STRING = 1, 8, 9, 12
_NULL: Final = 0
_SCALARS: Final = {
    BOOLEAN: ("u1", "B"), 2: ("i1", "b"), 3: ("u1", "B"), 4: ("<i2", "h"), 5: ("<u2", "H"),
    6: ("<i4", "i"), 7: ("<u4", "I"), INT64: ("<i8", "q"), UINT64: ("<u8", "Q"),
    10: ("<f4", "f"), 11: ("<f8", "d"), 19: ("<u4", "I"),
}  # fmt: skip
EXACT: Final = 2**53  # integers beyond lose digits in a float64
_FIRST_LOOK: Final = 8


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Binary layout of one record, for numpy and for `struct`."""

    record: np.dtype[np.void]
    single: Struct
    names: tuple[str, ...]
    kind: int  # Variant type; 0 where there is no value

    @property
    def size(self) -> int:
        return self.single.size


@cache
def layout_of(mask: int, kind: int) -> RecordLayout | None:
    """Return the layout of records with this mask and type; None: no fixed length."""
    if mask & ~0x3F:
        return None
    fields: list[tuple[str, str]] = [("handle", "<u4"), ("mask", "u1")]
    single = "<IB"
    if mask & VALUE:
        fields.append(("type", "u1"))
        single += "B"
        if kind in _SCALARS:
            fields.append(("value", _SCALARS[kind][0]))
            single += _SCALARS[kind][1]
        elif kind != _NULL:
            return None
    for bit, name, dtype, code in (
        (STATUS, "status", "<u4", "I"),
        (SOURCE, "source", "<i8", "q"),
        (SOURCE_PS, "source_ps", "<u2", "H"),
        (SERVER, "server", "<i8", "q"),
        (SERVER_PS, "server_ps", "<u2", "H"),
    ):
        if mask & bit:
            fields.append((name, dtype))
            single += code
    names = tuple(name for name, _ in fields)
    return RecordLayout(np.dtype(fields), Struct(single), names, kind if mask & VALUE else _NULL)


def read_uniform_records(
    content: bytes, position: int, end: int, most: int, mask: int, layout: RecordLayout
) -> NDArray[np.void]:
    """Return the run of records of one layout that starts at `position`.

    Checks 8 records first, then 16 times more each time, so that short runs stay cheap.
    """
    most = min(most, (end - position) // layout.size)
    look = min(_FIRST_LOOK, most)
    while True:
        records = np.frombuffer(content, layout.record, look, position)
        same = records["mask"] == mask
        if mask & VALUE:
            same &= records["type"] == content[position + 5]
        if not same.all():
            return records[: int(same.argmin())]
        if look == most:
            return records
        look = min(look * 16, most)


@dataclass(slots=True)
class StringRecords:
    """A run of notifications of texts, as columns; a time is a FILETIME, None: not sent."""

    end: int
    handle: list[int]
    text: list[str]
    status: list[int]
    source: list[int] | None
    server: list[int] | None


_STRING_HEAD: Final = Struct("<IBBi")  # handle, mask, type, bytes of the text


def read_strings(
    content: bytes, position: int, end: int, most: int, mask: int
) -> StringRecords | None:
    """Return the run of texts of one mask that starts at `position`; None: the first is not one.

    Null, what is not UTF-8 and what is cut off are left to the general decoder.
    """
    tail = layout_of(mask & ~VALUE, _NULL)
    if tail is None or mask & (SOURCE_PS | SERVER_PS):
        return None
    fields = Struct("<" + tail.single.format[3:])
    handles: list[int] = []
    texts: list[str] = []
    tails: list[tuple[int, ...]] = []
    while len(handles) < most and position + _STRING_HEAD.size <= end:
        handle, own_mask, kind, size = _STRING_HEAD.unpack_from(content, position)
        start = position + _STRING_HEAD.size
        stop = start + size + fields.size
        if own_mask != mask or kind != STRING or size < 0 or stop > end:
            break
        try:
            texts.append(content[start : start + size].decode())
        except UnicodeDecodeError:
            break
        handles.append(handle)
        tails.append(fields.unpack_from(content, start + size))
        position = stop
    if not handles:
        return None
    columns = dict(zip(tail.names[2:], map(list, zip(*tails, strict=True)), strict=True))
    status = columns.get("status") or [0] * len(handles)
    return StringRecords(
        position, handles, texts, status, columns.get("source"), columns.get("server")
    )
