"""Despatch advices as VDA 4913 writes them: records of 128 characters, each column in its place."""

import zlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plan import instant_of
from werknetz_simulator.supply.group import VDA_CUSTOMER, ZONE, Relation, plant_code, vda_number
from werknetz_simulator.supply.story import Shipment

WIDTH: Final = 128
VERSION: Final = "03"
_COUNTED: Final = ("711", "712", "713", "714", "715", "716", "718", "719", "717")
Column = tuple[int, str]  # how wide, what stands there


def despatch(sent: Iterable[tuple[Relation, Shipment]], until_us: int) -> bytes:
    """Return one transmission with the notes of one firm."""
    notes = list(sent)
    supplier = vda_number(notes[0][0].firm)
    day = _local(until_us)
    number = until_us // 1_000_000 % 100_000
    records = [
        _record("711", (9, VDA_CUSTOMER), (9, supplier), (5, f"{(number - 1) % 100_000:05d}"),
                (5, f"{number:05d}"), (6, f"{day:%y%m%d}"))
    ]  # fmt: skip
    for relation, note in notes:
        records += _note(relation, note, supplier)
    counts = Counter(record[:3] for record in records) + Counter({"719": 1})
    records.append(_record("719", *((7, f"{counts[kind]:07d}") for kind in _COUNTED)))
    return "".join(records).encode("ascii")


def _note(relation: Relation, note: Shipment, supplier: str) -> list[str]:
    plant = plant_code(relation.warehouse.plant)
    announced, left, arrives = map(_local, (note.at_us, note.despatched_us, note.arrives_us))
    containers = -(-note.quantity // relation.packed)
    label = zlib.crc32(note.number.encode()) % 10**8
    return [
        _record("712", (8, note.number), (3, plant), (14, "SPEDITION"), (6, f"{left:%y%m%d}"),
                (4, f"{left:%H%M}"), (71, ""), (6, f"{arrives:%y%m%d}"), (4, f"{arrives:%H%M}")),
        _record("713", (8, note.number), (6, f"{announced:%y%m%d}"), (5, ""), (2, ""), (4, ""),
                (12, ""), (2, "40"), (4, ""), (3, plant), (8, ""), (9, ""), (1, ""), (7, ""),
                (9, supplier)),
        _record("714", (22, relation.material), (22, relation.supplier_material), (3, ""),
                (13, f"{note.quantity * 1000:013d}"), (2, "ST"), (13, ""), (2, ""), (3, ""),
                (1, ""), (3, "001")),
        _record("715", (22, "KLT"), (22, ""), (13, f"{containers:013d}"), (3, "001"), (13, ""),
                (9, f"{label:09d}"), (9, f"{label:09d}"), (12, ""), (1, ""), (15, ""), (1, "S")),
    ]  # fmt: skip


def _record(kind: str, *columns: Column) -> str:
    return (kind + VERSION + "".join(text.ljust(width) for width, text in columns)).ljust(WIDTH)


def _local(at_us: int) -> datetime:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE))
