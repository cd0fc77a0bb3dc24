"""A megabyte of anything: what a file may hold at worst, for the readers that must bear it."""

import random
from collections.abc import Callable

SIZE = 1_000_000
_HEAD = b"UNB+UNOA:3+A+B+260101:0101+1'"


def _edifact(kind: str, before: str, repeated: str, size: int = SIZE) -> bytes:
    head = _HEAD + f"UNH+1+{kind}:D:96A:UN'BGM+1+DOC+9'{before}".encode()
    count = (size - len(head)) // len(repeated)
    body = (repeated * count).encode()
    segments = body.count(b"'") + head.count(b"'")  # without UNB, with UNT
    return head + body + f"UNT+{segments}+1'UNZ+1+1'".encode()


def _vda(head: str, repeated: str) -> bytes:
    lines = [line.ljust(128) for line in (head, *[repeated] * (SIZE // 130))]
    return "\n".join(lines).encode()


def _fill(pattern: bytes) -> Callable[[], bytes]:
    return lambda: (pattern * (SIZE // len(pattern) + 1))[:SIZE]


_ENTRIES = "".join(f"{260101 + n:06d}000000001" for n in range(8))
_LABELS = "CPS+1'PAC+1'" + "".join(f"GIN+ML+{n}'" for n in range(1000))

FLOODS: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: random.Random(1).randbytes(SIZE),
    "random behind UNB": lambda: _HEAD + random.Random(2).randbytes(SIZE),
    "terminators": lambda: _HEAD + b"'" * SIZE,
    "releases": lambda: _HEAD + b"?" * SIZE,
    "released terminators": lambda: _HEAD + b"?'" * (SIZE // 2),
    "elements": lambda: _HEAD + b"UNH+1+DELFOR'BGM" + b"+" * SIZE + b"'",
    "components": lambda: _HEAD + b"UNH+1+DELFOR'LIN+1" + b":" * SIZE + b"'",
    "blanks behind terminators": lambda: _HEAD + (b"'" + b" " * 999) * (SIZE // 1000),
    "releases before UNZ": lambda: _HEAD + (b"?" * 93 + b"'UNZ+1'") * (SIZE // 100),
    "UNB alone": _fill(b"UNB+UNOA:1'"),
    "UNA alone": _fill(b"UNA:+.? '"),
    "interchanges": _fill(b"UNB+UNOA:3+A+B+260101:0101+1'UNZ+0+1'"),
    "UNH alone": lambda: _HEAD + b"UNH+1+X'" * (SIZE // 8),
    "unknown messages": lambda: _HEAD + b"UNH+1+X'UNT+2+1'" * (SIZE // 16),
    "messages without lines": lambda: _HEAD + b"UNH+1+DELFOR'UNT+2+1'" * (SIZE // 21),
    "lines without quantity": lambda: _edifact("DESADV", "", "LIN+1++X:IN'"),
    "lines": lambda: _edifact("DESADV", "", "LIN+++X:IN'QTY+12:1'"),
    "entries": lambda: _edifact("DELFOR", "LIN+++X:IN'", "QTY+1:1'"),
    "entries with dates": lambda: _edifact("DELFOR", "LIN+++X:IN'", "QTY+1:1'DTM+2:20260101:102'"),
    "cumulative entries": lambda: _edifact("DELFOR", "LIN+++X:IN'", "SCC+1'QTY+1:1'QTY+3:1'"),
    "lines of schedules": lambda: _edifact("DELFOR", "", "LIN+++X:IN'QTY+1:1'"),
    "bad dates": lambda: _edifact("DELFOR", "", "LIN+++X:IN'QTY+1:1'DTM+2:20260148:102'"),
    "stocks": lambda: _edifact("INVRPT", "LIN+++X:IN'", "QTY+145:1'"),
    "labels": lambda: _edifact("DESADV", "CPS+1'PAC+1'", "GIN+ML+A'"),
    "lines in a unit of many labels": lambda: _edifact("DESADV", _LABELS, "LIN+++X:IN'QTY+12:1'"),
    "units": lambda: _edifact("DESADV", "", "CPS+1+2'CPS+2+1'LIN+++X:IN'QTY+12:1'"),
    "deep units": lambda: _edifact("DESADV", "", "CPS+1+1'PAC+1++X'GIN+ML+X'LIN+++X:IN'QTY+12:1'"),
    "names with releases": lambda: _edifact("DESADV", "", "NAD+SU+?+?+?+?+?+?:?:??'"),
    "long digits": lambda: _edifact("DESADV", "", "LIN+++X:IN'QTY+12:" + "9" * 5000 + "'"),
    "UTF-8 with bad lines": lambda: _edifact("DESADV", "", "LIN+++ü:IN'").replace(
        b"UNOA:3", b"UNOY:4"
    ),
    "VDA heads": _fill(b"511" + b"01" + b" " * 123 + b"\n"),
    "VDA call-offs": lambda: _vda("51101", "51201030187      260101186      260101X"),
    "VDA schedules": lambda: _vda("51101", "51401" + _ENTRIES),
    "VDA notes": lambda: _vda("71103", "7130300021910260101"),
    "VDA lines": lambda: _vda("71103" + " " * 123 + "\n7130300021910260101", "71403X"),
    "VDA without line ends": _fill(b"51101" + b" " * 123 + b"519" + b"01" + b"0" * 123),
    "VDA junk": lambda: b"51101" + random.Random(3).randbytes(SIZE),
}
