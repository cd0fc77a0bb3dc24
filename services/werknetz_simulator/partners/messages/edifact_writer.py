"""EDIFACT D.96A: DELFOR as an ERP exports it, DESADV as suppliers send it, INVRPT of warehouses.

Written independently from the platform's reader, so that tests can compare the two.
"""

import zlib
from collections.abc import Sequence
from datetime import date
from typing import Final

from werknetz_simulator.partners.partners import (
    CUSTOMER,
    WESERGUSS,
    WESERGUSS_RELATIONS,
    PartnerWarehouse,
    SupplyRelation,
)
from werknetz_simulator.partners.timeline import CallOff, InventoryCount, Shipment
from werknetz_simulator.plants.plan import instant_of

CHARSET: Final = "iso8859-1"  # UNOC
Lines = Sequence[tuple[SupplyRelation, int]]  # article and quantity
_ORIGINAL, _DUPLICATE = 9, 7  # BGM 1225
_COMMITMENT: Final = {True: "1", False: "4"}  # SCC 4017: firm, forecast


def encode_interchange(
    sender: str, receiver: str, at_us: int, messages: Sequence[tuple[str, list[str]]]
) -> bytes:
    """Encode one interchange; its reference is a checksum of its content."""
    body: list[str] = []
    for number, (kind, segments) in enumerate(messages, 1):
        message = [f"UNH+{number}+{kind}:D:96A:UN", *segments]
        body += [*message, f"UNT+{len(message) + 1}+{number}"]
    reference = f"{zlib.crc32(chr(10).join(body).encode()):08x}"
    at = instant_of(at_us)
    head = f"UNB+UNOC:3+{sender}:14+{receiver}:14+{at:%y%m%d}:{at:%H%M}+{reference}"
    segments = ["UNA:+.? ", head, *body, f"UNZ+{len(messages)}+{reference}"]
    return "".join(f"{segment}'\n" for segment in segments).encode(CHARSET)


def delfor_segments(
    lines: Sequence[tuple[SupplyRelation, CallOff]], *, wrong_line: int | None = None
) -> list[str]:
    """Return a DELFOR with one line per relation, all of one firm and site.

    The first date of `wrong_line` (from 0) is the 48th of January.
    """
    relation, call_off = lines[0]
    segments = [
        f"BGM+241+{call_off.number}+{_ORIGINAL}",
        f"DTM+137:{_edifact_time(call_off.at_us)}:304",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+SU+{relation.firm.number}::9",
        "UNS+D",
        f"NAD+ST+{relation.site}::9",
    ]
    for number, (article, line) in enumerate(lines):
        segments += [
            f"LIN+{number + 1}++{article.material}:IN",
            f"PIA+1+{article.supplier_material}:SA",
            f"IMD+F++:::{article.description}",
        ]
        for index, entry in enumerate(line.entries):
            is_wrong = number == wrong_line and index == 0
            due = f"{entry.due:%Y}0148" if is_wrong else f"{entry.due:%Y%m%d}"
            segments += [
                f"QTY+113:{entry.quantity}:{article.unit}",
                f"SCC+{_COMMITMENT[entry.is_firm]}",
                f"DTM+2:{due}:102",
            ]
    return [*segments, "UNS+S", f"CNT+2:{len(lines)}"]


def desadv_segments(relation: SupplyRelation, shipment: Shipment) -> list[str]:
    """Return a DESADV of a pallet with its containers: the outer unit first."""
    pallet = f"P{zlib.crc32(shipment.number.encode()):010d}"
    return [
        *_desadv_head(shipment.number, shipment.at_us, shipment.despatched_us),
        f"DTM+17:{_edifact_time(shipment.arrives_us)}:304",
        *_desadv_parties(relation, shipment.number),
        "CPS+1++4",
        "PAC+1++EPAL",
        "PCI+17",
        f"GIN+ML+{pallet}",
        "CPS+2+1+1",
        f"PAC+{_containers(relation, shipment.quantity)}++KLT",
        "PCI+17",
        f"GIN+ML+{pallet}-1",
        f"LIN+1++{relation.material}:IN",
        f"PIA+1+{relation.supplier_material}:SA",
        f"QTY+12:{shipment.quantity}:{relation.unit}",
        "CNT+2:1",
    ]


def container_desadv_segments(
    number: str,
    at_us: int,
    arrives: date,
    lines: Lines,
    *,
    despatched_us: int,
    is_duplicate: bool = False,
) -> list[str]:
    """Return a DESADV without pallets and with an arrival day, as Weserguss sends it."""
    relation = lines[0][0]
    function = _DUPLICATE if is_duplicate else _ORIGINAL
    segments = [
        *_desadv_head(number, at_us, despatched_us, function),
        f"DTM+17:{arrives:%Y%m%d}:102",
        *_desadv_parties(relation, number),
    ]
    for line, (article, quantity) in enumerate(lines, 1):
        segments += [
            f"CPS+{line}++4",
            f"PAC+{_containers(article, quantity)}++KLT",
            f"LIN+{line}++{article.material}:IN",
            f"PIA+1+{article.supplier_material}:SA",
            f"IMD+F++:::{article.description}",
            f"QTY+12:{quantity}:{article.unit}",
        ]
    return [*segments, f"CNT+2:{len(lines)}"]


def invrpt_segments(
    warehouse: PartnerWarehouse, relation: SupplyRelation, count: InventoryCount
) -> list[str]:
    return [
        f"BGM+35+{count.number}+{_ORIGINAL}",
        f"DTM+137:{_edifact_time(count.at_us)}:304",
        f"DTM+179:{_edifact_time(count.at_us)}:304",
        f"NAD+GM+{CUSTOMER}::9",
        f"NAD+WH+{warehouse.code}::92",
        f"LIN+1++{relation.material}:IN",
        f"QTY+145:{count.quantity}:{relation.unit}",
        f"LOC+18+{warehouse.code}",
    ]


def encode_misspelt_desadv(at_us: int) -> tuple[str, bytes]:
    """Return a despatch advice's number and text: line 1 has 12O pieces, with the letter O."""
    number = f"X-{at_us // 1_000}"[:14]
    left, right = WESERGUSS_RELATIONS[:2]
    lines = [(left, left.pack_size), (right, 2 * right.pack_size)]
    arrives = instant_of(at_us).date()
    segments = container_desadv_segments(number, at_us, arrives, lines, despatched_us=at_us)
    content = encode_interchange(WESERGUSS.number, CUSTOMER, at_us, [("DESADV", segments)])
    return number, content.replace(b"QTY+12:120:", b"QTY+12:12O:", 1)


def _desadv_head(
    number: str, at_us: int, despatched_us: int, function: int = _ORIGINAL
) -> list[str]:
    return [
        f"BGM+351+{number}+{function}",
        f"DTM+137:{_edifact_time(at_us)}:304",
        f"DTM+11:{_edifact_time(despatched_us)}:304",
    ]


def _desadv_parties(relation: SupplyRelation, number: str) -> list[str]:
    return [
        f"RFF+AAU:{number}",
        f"NAD+SU+{relation.firm.number}::9",
        f"NAD+BY+{CUSTOMER}::9",
        f"NAD+ST+{relation.site}::9",
    ]


def _containers(relation: SupplyRelation, quantity: int) -> int:
    return -(-quantity // relation.pack_size)


def _edifact_time(at_us: int) -> str:
    """Format with the zone, because a local time is ambiguous once a year."""
    return f"{instant_of(at_us):%Y%m%d%H%M%S}UTC"
