"""How partners say it: EDIFACT D.96A or VDA in one transmission a partner, else CSV.

Written from the directory by itself: the platform's reader is what it is compared with.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import CUSTOMER, ZONE, Firm, Relation, Warehouse
from werknetz_simulator.partners.timeline import CallOff, Count, Receipt, Shipment, Told
from werknetz_simulator.partners.vda_writer import call_offs, despatches
from werknetz_simulator.partners.warehouse_db import KINDS
from werknetz_simulator.plants.plan import instant_of

CHARSET: Final = "iso8859-1"  # UNOC
TIME_FORM: Final = "%d.%m.%Y %H:%M:%S %z"
BOOKED: Final = ("Beleg", "Zeit", "Art", "Lager", "Material", "Menge", "Einheit", "Lieferschein",
                 "Lieferant")  # fmt: skip
ADVISED: Final = ("Lieferschein", "Gemeldet", "Abgang", "Ankunft", "Werk", "Material", "Artikel",
                  "Menge", "Einheit", "Lieferant", "Palette", "Behaelter")  # fmt: skip
Said = Sequence[tuple[Relation, Told]]
File = tuple[str, str, bytes]  # folder, name, content
EDI, ADVICE, BOOKING = "group-edi", "group-advice", "group-warehouses"


@dataclass
class _Sorted:
    """What was said, by who says it in which form."""

    calls: dict[Firm, list[tuple[Relation, CallOff]]] = field(default_factory=dict)
    notes: dict[Firm, list[tuple[Relation, Shipment]]] = field(default_factory=dict)
    booked: dict[Warehouse, list[tuple[Relation, Told]]] = field(default_factory=dict)
    counted: dict[Warehouse, list[tuple[Relation, Count]]] = field(default_factory=dict)

    def add(self, relation: Relation, told: Told) -> None:
        """Enter it; what a warehouse with books of its own does is in no file: see `books`."""
        warehouse = relation.warehouse
        if isinstance(told, CallOff):
            self.calls.setdefault(relation.firm, []).append((relation, told))
        elif isinstance(told, Shipment):
            if relation.firm.speaks == "webhook":
                return  # pushed: see `hook`
            self.notes.setdefault(relation.firm, []).append((relation, told))
        elif isinstance(told, Count) and warehouse.speaks == "invrpt":
            self.counted.setdefault(warehouse, []).append((relation, told))
        elif warehouse.speaks != "sql":
            self.booked.setdefault(warehouse, []).append((relation, told))


def files_of(said: Said, until_us: int) -> Iterator[File]:
    """Yield the files that say all of it: one a partner and kind, named by the instant."""
    by = _Sorted()
    for relation, told in said:
        by.add(relation, told)
    name = f"{until_us // 1_000_000}"
    for firm, documents in by.calls.items():
        if firm.speaks == "vda":
            yield EDI, f"VDA4905_{firm.number}_{name}.edi", call_offs(firm, documents, until_us)
            continue
        messages = [("DELFOR", delfor(relation, call)) for relation, call in documents]
        content = interchange(CUSTOMER, firm.number, until_us, messages)
        yield EDI, f"DELFOR_{firm.number}_{name}.edi", content
    for firm, sent in by.notes.items():
        if firm.speaks == "csv":
            yield ADVICE, f"AVIS_{firm.number}_{name}.csv", advice(sent)
            continue
        if firm.speaks == "vda":
            yield EDI, f"VDA4913_{firm.number}_{name}.edi", despatches(firm, sent, until_us)
            continue
        messages = [("DESADV", desadv(relation, note)) for relation, note in sent]
        content = interchange(firm.number, CUSTOMER, until_us, messages)
        yield EDI, f"DESADV_{firm.number}_{name}.edi", content
    for warehouse, counts in by.counted.items():
        messages = [("INVRPT", invrpt(warehouse, relation, one)) for relation, one in counts]
        content = interchange(warehouse.code, CUSTOMER, until_us, messages)
        yield EDI, f"INVRPT_{warehouse.code}_{name}.edi", content
    for warehouse, rows in by.booked.items():
        yield BOOKING, f"LAGER_{warehouse.code}_{name}.csv", bookings(warehouse, rows)


def interchange(
    sender: str, receiver: str, at_us: int, messages: Sequence[tuple[str, list[str]]]
) -> bytes:
    """Return one interchange; its reference follows from what it holds."""
    body: list[str] = []
    for number, (kind, segments) in enumerate(messages, 1):
        message = [f"UNH+{number}+{kind}:D:96A:UN", *segments]
        body += [*message, f"UNT+{len(message) + 1}+{number}"]
    reference = f"{zlib.crc32(chr(10).join(body).encode()):08x}"
    at = instant_of(at_us)
    head = f"UNB+UNOC:3+{sender}:14+{receiver}:14+{at:%y%m%d}:{at:%H%M}+{reference}"
    whole = ["UNA:+.? ", head, *body, f"UNZ+{len(messages)}+{reference}"]
    return "".join(f"{segment}'\n" for segment in whole).encode(CHARSET)


def delfor(relation: Relation, call: CallOff) -> list[str]:
    segments = [
        f"BGM+241+{call.number}+9",
        f"DTM+137:{_moment(call.at_us)}:304",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+SU+{relation.firm.number}::9",
        "UNS+D",
        f"NAD+ST+{relation.site}::9",
        f"LIN+1++{relation.material}:IN",
        f"PIA+1+{relation.supplier_material}:SA",
        f"IMD+F++:::{relation.description}",
    ]
    for entry in call.entries:
        segments += [
            f"QTY+113:{entry.quantity}:PCE",
            f"SCC+{'1' if entry.is_firm else '4'}",
            f"DTM+2:{entry.due:%Y%m%d}:102",
        ]
    return [*segments, "UNS+S", "CNT+2:1"]


def desadv(relation: Relation, note: Shipment) -> list[str]:
    """A pallet with its containers: the outer unit first, then what stands on it."""
    containers = -(-note.quantity // relation.packed)
    pallet = f"P{zlib.crc32(note.number.encode()):010d}"
    return [
        f"BGM+351+{note.number}+9",
        f"DTM+137:{_moment(note.at_us)}:304",
        f"DTM+11:{_moment(note.despatched_us)}:304",
        f"DTM+17:{_moment(note.arrives_us)}:304",
        f"RFF+AAU:{note.number}",
        f"NAD+SU+{relation.firm.number}::9",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+ST+{relation.site}::9",
        "CPS+1++4",
        "PAC+1++EPAL",
        "PCI+17",
        f"GIN+ML+{pallet}",
        "CPS+2+1+1",
        f"PAC+{containers}++KLT",
        "PCI+17",
        f"GIN+ML+{pallet}-1",
        f"LIN+1++{relation.material}:IN",
        f"PIA+1+{relation.supplier_material}:SA",
        f"QTY+12:{note.quantity}:PCE",
        "CNT+2:1",
    ]


def invrpt(warehouse: Warehouse, relation: Relation, count: Count) -> list[str]:
    return [
        f"BGM+35+{count.number}+9",
        f"DTM+137:{_moment(count.at_us)}:304",
        f"DTM+179:{_moment(count.at_us)}:304",
        f"NAD+GM+{CUSTOMER}::9",
        f"NAD+WH+{warehouse.code}::92",
        f"LIN+1++{relation.material}:IN",
        f"QTY+145:{count.quantity}:PCE",
        f"LOC+18+{warehouse.code}",
    ]


def bookings(warehouse: Warehouse, rows: Iterable[tuple[Relation, Told]]) -> bytes:
    said: list[tuple[str, ...]] = [BOOKED]
    for relation, told in rows:
        note, supplier = "", ""
        if isinstance(told, Receipt):
            kind, note, supplier = KINDS["receipt"], told.note, relation.firm.number
        else:
            kind = KINDS["count"] if isinstance(told, Count) else KINDS["move"]
        assert not isinstance(told, CallOff | Shipment)  # noqa: S101 - `files_of` sorts them out
        said.append(
            (told.number, _local(told.at_us), kind, warehouse.code, relation.material,
             str(told.quantity), "ST", note, supplier)
        )  # fmt: skip
    return _csv(said)


def advice(sent: Iterable[tuple[Relation, Shipment]]) -> bytes:
    said: list[tuple[str, ...]] = [ADVISED]
    for relation, note in sent:
        pallet = f"P{zlib.crc32(note.number.encode()):010d}"
        said.append(
            (note.number, _local(note.at_us), _local(note.despatched_us), _local(note.arrives_us),
             relation.site, relation.material, relation.supplier_material, str(note.quantity),
             "ST", relation.firm.number, pallet, f"{pallet}-1")
        )  # fmt: skip
    return _csv(said)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(";".join(row) + "\r\n" for row in rows).encode("utf-8-sig")


def _moment(at_us: int) -> str:
    return f"{instant_of(at_us):%Y%m%d%H%M%S}UTC"


def _local(at_us: int) -> str:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE)).strftime(TIME_FORM)
