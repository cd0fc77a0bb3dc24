"""Turns partner events into message files: EDIFACT or VDA per partner and kind, otherwise CSV."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.messages.csv_writer import advice_csv, bookings_csv, stock_csv
from werknetz_simulator.partners.messages.edifact_writer import (
    container_desadv_segments,
    delfor_segments,
    desadv_segments,
    encode_interchange,
    invrpt_segments,
)
from werknetz_simulator.partners.messages.vda_writer import encode_call_offs, encode_despatches
from werknetz_simulator.partners.partners import (
    CUSTOMER,
    WESERGUSS,
    ZONE,
    PartnerWarehouse,
    SupplierFirm,
    SupplyRelation,
)
from werknetz_simulator.partners.timeline import CallOff, InventoryCount, PartnerEvent, Shipment
from werknetz_simulator.partners.weserguss import (
    EDI_FOLDER,
    STOCK_FOLDER,
    SupplierStock,
    has_wrong_date,
    is_sent_twice,
)
from werknetz_simulator.plants.plan import instant_of

RelationEvents = Sequence[tuple[SupplyRelation, PartnerEvent]]
CallOffs = Sequence[tuple[SupplyRelation, CallOff]]
MessageFile = tuple[str, str, bytes]  # folder, name, content
EDI, ADVICE, BOOKING = "group-edi", "group-advice", "group-warehouses"


@dataclass
class _EventsBySender:
    """The events, grouped by the partner who sends them."""

    call_offs: dict[SupplierFirm, list[tuple[SupplyRelation, CallOff]]] = field(
        default_factory=dict
    )
    shipments: dict[SupplierFirm, list[tuple[SupplyRelation, Shipment]]] = field(
        default_factory=dict
    )
    bookings: dict[PartnerWarehouse, list[tuple[SupplyRelation, PartnerEvent]]] = field(
        default_factory=dict
    )
    counts: dict[PartnerWarehouse, list[tuple[SupplyRelation, InventoryCount]]] = field(
        default_factory=dict
    )

    def add(self, relation: SupplyRelation, event: PartnerEvent) -> None:
        """Add an event, unless it is pushed to a webhook or written to a database."""
        warehouse = relation.warehouse
        if isinstance(event, CallOff):
            self.call_offs.setdefault(relation.firm, []).append((relation, event))
        elif isinstance(event, Shipment):
            if relation.firm.form != "webhook":
                self.shipments.setdefault(relation.firm, []).append((relation, event))
        elif isinstance(event, InventoryCount) and warehouse.form == "invrpt":
            self.counts.setdefault(warehouse, []).append((relation, event))
        elif warehouse.form != "sql":
            self.bookings.setdefault(warehouse, []).append((relation, event))


def files_of(
    events: RelationEvents, until_us: int, stocks: Sequence[SupplierStock] = ()
) -> Iterator[MessageFile]:
    """Yield the files with all events: one per partner and kind, named by `until_us`."""
    by_sender = _EventsBySender()
    for relation, event in events:
        by_sender.add(relation, event)
    yield from _weserguss_files(
        by_sender.call_offs.pop(WESERGUSS, []), by_sender.shipments.pop(WESERGUSS, [])
    )
    name = f"{until_us // 1_000_000}"
    if stocks:
        yield STOCK_FOLDER, f"BESTAND_{name}.csv", stock_csv(stocks)
    for firm, call_offs in by_sender.call_offs.items():
        yield _call_off_file(firm, call_offs, name, until_us)
    for firm, shipments in by_sender.shipments.items():
        yield _shipment_file(firm, shipments, name, until_us)
    for warehouse, counts in by_sender.counts.items():
        messages = [("INVRPT", invrpt_segments(warehouse, *pair)) for pair in counts]
        content = encode_interchange(warehouse.code, CUSTOMER, until_us, messages)
        yield EDI, f"INVRPT_{warehouse.code}_{name}.edi", content
    for warehouse, rows in by_sender.bookings.items():
        yield BOOKING, f"LAGER_{warehouse.code}_{name}.csv", bookings_csv(warehouse, rows)


def _call_off_file(firm: SupplierFirm, lines: CallOffs, name: str, at_us: int) -> MessageFile:
    if firm.form == "vda":
        return EDI, f"VDA4905_{firm.number}_{name}.edi", encode_call_offs(firm, lines, at_us)
    messages = [("DELFOR", delfor_segments([line])) for line in lines]
    content = encode_interchange(CUSTOMER, firm.number, at_us, messages)
    return EDI, f"DELFOR_{firm.number}_{name}.edi", content


def _shipment_file(
    firm: SupplierFirm, shipments: Sequence[tuple[SupplyRelation, Shipment]], name: str, at_us: int
) -> MessageFile:
    if firm.form == "csv":
        return ADVICE, f"AVIS_{firm.number}_{name}.csv", advice_csv(shipments)
    if firm.form == "vda":
        return EDI, f"VDA4913_{firm.number}_{name}.edi", encode_despatches(firm, shipments, at_us)
    messages = [("DESADV", desadv_segments(*pair)) for pair in shipments]
    content = encode_interchange(firm.number, CUSTOMER, at_us, messages)
    return EDI, f"DESADV_{firm.number}_{name}.edi", content


def _weserguss_files(
    call_offs: CallOffs, shipments: Iterable[tuple[SupplyRelation, Shipment]]
) -> Iterator[MessageFile]:
    """Yield one file per document, with the deliberate faults."""
    documents: dict[str, list[tuple[SupplyRelation, CallOff]]] = {}
    for relation, call_off in call_offs:
        documents.setdefault(call_off.number, []).append((relation, call_off))
    for number, lines in documents.items():
        wrong = (index for index, line in enumerate(lines) if has_wrong_date(*line))
        segments = delfor_segments(lines, wrong_line=next(wrong, None))
        at_us = lines[0][1].at_us
        content = encode_interchange(CUSTOMER, WESERGUSS.number, at_us, [("DELFOR", segments)])
        yield EDI_FOLDER, f"DELFOR_{number}.edi", content
    for relation, shipment in shipments:
        arrives = instant_of(shipment.arrives_us).astimezone(ZoneInfo(ZONE)).date()
        for copy in range(2 if is_sent_twice(relation, shipment) else 1):
            segments = container_desadv_segments(
                shipment.number, shipment.at_us, arrives, [(relation, shipment.quantity)],
                despatched_us=shipment.despatched_us, is_duplicate=copy > 0,
            )  # fmt: skip
            content = encode_interchange(
                WESERGUSS.number, CUSTOMER, shipment.at_us, [("DESADV", segments)]
            )
            suffix = f"_{copy + 1}" if copy else ""
            yield EDI_FOLDER, f"DESADV_{shipment.number}{suffix}.edi", content
