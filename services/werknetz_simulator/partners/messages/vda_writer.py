"""VDA messages: call-offs as 4905, despatch advices as 4913, in records of 128 characters.

Columns count from 1 as in the VDA recommendations. Dates are local to the customer.
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import (
    VDA_CUSTOMER,
    ZONE,
    SupplierFirm,
    SupplyRelation,
    plant_code_of,
    vda_number_of,
)
from werknetz_simulator.partners.timeline import CallOff, ScheduleEntry, Shipment
from werknetz_simulator.plants.plan import instant_of

WIDTH: Final = 128
VERSION: Final = "01"
_UNITS: Final = {"PCE": "ST", "KGM": "KG"}
_HEAD: Final = {"customer": (6, 9), "supplier": (15, 9), "before": (24, 5), "number": (29, 5),
                "date": (34, 6)}  # fmt: skip
_COLUMNS: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "511": _HEAD,
    "512": {"plant": (6, 3), "call_off": (9, 9), "date": (18, 6), "material": (39, 22),
            "supplier_material": (61, 22), "unit": (104, 2)},
    "513": {"schedule": (48, 75)},
    "514": {"schedule": (6, 120)},
    "711": _HEAD,
    "712": {"shipment": (6, 8), "plant": (14, 3), "date": (31, 6), "time": (37, 4),
            "arrival_date": (112, 6), "arrival_time": (118, 4)},
    "713": {"note": (6, 8), "date": (14, 6), "process": (43, 2), "plant": (49, 3),
            "supplier": (77, 9)},
    "714": {"material": (6, 22), "supplier_material": (28, 22), "quantity": (53, 13),
            "unit": (66, 2), "line": (87, 3)},
    "715": {"package": (6, 22), "count": (50, 13), "line": (63, 3), "label": (79, 9)},
}  # fmt: skip
_CALL_OFF_COUNTS: Final = ("511", "512", "513", "514", "517", "518", "519", "515")
_DESPATCH_COUNTS: Final = ("711", "712", "713", "714", "715", "716", "718", "719", "717")
_FIRST, _MORE = 5, 8  # dates in a 513, and in each following 514
_DESPATCH: Final = "40"
_THOUSANDTHS: Final = 1000  # quantities have three implied decimals


def encode_call_offs(
    firm: SupplierFirm, call_offs: Sequence[tuple[SupplyRelation, CallOff]], at_us: int
) -> bytes:
    """Encode one transmission of VDA 4905, without cumulative receipts."""
    records = [_head("511", firm, at_us)]
    for relation, call in call_offs:
        plant = plant_code_of(relation.warehouse.plant)
        records.append(
            _record("512", plant=plant, call_off=call.number, date=_day(call.at_us),
                    material=relation.material, supplier_material=relation.supplier_material,
                    unit=_UNITS[relation.unit])
        )  # fmt: skip
        records += _schedule(call.entries)
    return _transmission(records, "519", _CALL_OFF_COUNTS)


def encode_despatches(
    firm: SupplierFirm, notes: Sequence[tuple[SupplyRelation, Shipment]], at_us: int
) -> bytes:
    """Encode one transmission of VDA 4913, with one transport per delivery note."""
    records = [_head("711", firm, at_us)]
    for relation, note in notes:
        records += _despatch(firm, relation, note)
    return _transmission(records, "719", _DESPATCH_COUNTS)


def _despatch(firm: SupplierFirm, relation: SupplyRelation, note: Shipment) -> list[str]:
    despatched, arrives = _local(note.despatched_us), _local(note.arrives_us)
    plant = plant_code_of(relation.warehouse.plant)
    containers = -(-note.quantity // relation.pack_size)
    return [
        _record("712", shipment=note.number, plant=plant, date=f"{despatched:%y%m%d}",
                time=f"{despatched:%H%M}", arrival_date=f"{arrives:%y%m%d}",
                arrival_time=f"{arrives:%H%M}"),
        _record("713", note=note.number, date=_day(note.at_us), process=_DESPATCH, plant=plant,
                supplier=vda_number_of(firm)),
        _record("714", material=relation.material, supplier_material=relation.supplier_material,
                quantity=f"{note.quantity * _THOUSANDTHS:013d}", unit=_UNITS[relation.unit],
                line="001"),
        _record("715", package="KLT", count=f"{containers:013d}", line="001",
                label=f"{zlib.crc32(note.number.encode()) % 10**9:09d}"),
    ]  # fmt: skip


def _schedule(entries: Sequence[ScheduleEntry]) -> Iterator[str]:
    """Yield a 513 and the 514 records for the rest; 000000 ends the list."""
    yield _record("513", schedule=_dates(entries[:_FIRST], _FIRST))
    for start in range(_FIRST, len(entries), _MORE):
        yield _record("514", schedule=_dates(entries[start : start + _MORE], _MORE))


def _dates(entries: Sequence[ScheduleEntry], count: int) -> str:
    pairs = [f"{entry.due:%y%m%d}{entry.quantity:09d}" for entry in entries]
    return "".join(pairs).ljust(15 * count, "0")


def _head(record: str, firm: SupplierFirm, at_us: int) -> str:
    """Number transmissions by seconds, which are unique within a day."""
    seconds = at_us // 1_000_000
    return _record(record, customer=VDA_CUSTOMER, supplier=vda_number_of(firm),
                   before=f"{(seconds - 1) % 100_000:05d}", number=f"{seconds % 100_000:05d}",
                   date=_day(at_us))  # fmt: skip


def _record(kind: str, **values: str) -> str:
    line = [*f"{kind}{VERSION}".ljust(WIDTH)]
    for name, value in values.items():
        start, length = _COLUMNS[kind][name]
        if len(value) > length:
            raise ValueError(f"record {kind}: {name} {value!r} is longer than {length}")
        line[start - 1 : start - 1 + length] = value.ljust(length)
    return "".join(line)


def _transmission(records: list[str], trailer: str, types: Sequence[str]) -> bytes:
    record_counts = Counter(record[:3] for record in records) + Counter([trailer])
    counts = "".join(f"{record_counts[kind]:07d}" for kind in types)
    last = f"{trailer}{VERSION}{counts}".ljust(WIDTH)
    return "".join(f"{record}\r\n" for record in [*records, last]).encode("ascii")


def _day(at_us: int) -> str:
    on: date = _local(at_us).date()
    return f"{on:%y%m%d}"


def _local(at_us: int) -> datetime:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE))
