"""CSV files of partners without EDI: despatch advices, warehouse bookings, stock reports."""

import zlib
from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.messages.warehouse_db import BOOKING_KINDS
from werknetz_simulator.partners.partners import ZONE, PartnerWarehouse, SupplyRelation
from werknetz_simulator.partners.timeline import (
    CallOff,
    GoodsReceipt,
    InventoryCount,
    PartnerEvent,
    Shipment,
)
from werknetz_simulator.partners.weserguss import STOCK_WAREHOUSE, SupplierStock
from werknetz_simulator.plants.plan import instant_of

TIME_FORM: Final = "%d.%m.%Y %H:%M:%S %z"
BOOKING_COLUMNS: Final = ("Beleg", "Zeit", "Art", "Lager", "Material", "Menge", "Einheit",
                          "Lieferschein", "Lieferant")  # fmt: skip
ADVICE_COLUMNS: Final = ("Lieferschein", "Gemeldet", "Abgang", "Ankunft", "Werk", "Material",
                         "Artikel", "Menge", "Einheit", "Lieferant", "Palette", "Behaelter",
                         )  # fmt: skip
STOCK_COLUMNS: Final = ("Beleg", "Stichtag", "Lager", "Material", "Artikel", "Bestand", "Einheit")
GERMAN_UNITS: Final = {"PCE": "ST", "KGM": "kg"}


def bookings_csv(
    warehouse: PartnerWarehouse, rows: Iterable[tuple[SupplyRelation, PartnerEvent]]
) -> bytes:
    lines: list[tuple[str, ...]] = [BOOKING_COLUMNS]
    for relation, event in rows:
        note, supplier = "", ""
        if isinstance(event, GoodsReceipt):
            kind, note = BOOKING_KINDS["receipt"], event.delivery_note
            supplier = relation.firm.number
        else:
            kind = BOOKING_KINDS["count" if isinstance(event, InventoryCount) else "move"]
        assert not isinstance(event, CallOff | Shipment)  # noqa: S101 - `files_of` sorts them out
        lines.append(
            (event.number, local_time(event.at_us), kind, warehouse.code, relation.material,
             str(event.quantity), GERMAN_UNITS[relation.unit], note, supplier)
        )  # fmt: skip
    return _csv(lines)


def advice_csv(shipments: Iterable[tuple[SupplyRelation, Shipment]]) -> bytes:
    lines: list[tuple[str, ...]] = [ADVICE_COLUMNS]
    for relation, shipment in shipments:
        pallet = f"P{zlib.crc32(shipment.number.encode()):010d}"
        lines.append(
            (shipment.number, local_time(shipment.at_us), local_time(shipment.despatched_us),
             local_time(shipment.arrives_us), relation.site, relation.material,
             relation.supplier_material, str(shipment.quantity), GERMAN_UNITS[relation.unit],
             relation.firm.number, pallet, f"{pallet}-1")
        )  # fmt: skip
    return _csv(lines)


def stock_csv(stocks: Iterable[SupplierStock]) -> bytes:
    """Return the stock report of Weserguss, as German Excel reads it."""
    lines: list[tuple[str, ...]] = [STOCK_COLUMNS]
    for stock in stocks:
        relation = stock.relation
        lines.append(
            (stock.number, local_time(stock.at_us), STOCK_WAREHOUSE, relation.material,
             relation.supplier_material, format_german(stock.quantity),
             GERMAN_UNITS[relation.unit])
        )  # fmt: skip
    return _csv(lines)


def format_german(quantity: float) -> str:
    """1234.5 → 1.234,50"""  # noqa: D400, D415 - an example is no sentence
    return f"{quantity:,.2f}".translate(str.maketrans(",.", ".,"))


def local_time(at_us: int) -> str:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE)).strftime(TIME_FORM)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(";".join(row) + "\r\n" for row in rows).encode("utf-8-sig")
