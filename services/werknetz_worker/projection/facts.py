"""Builds fact rows from a batch of events, and looks up everything that they name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz_worker.projection import relations
from werknetz_worker.projection.bodies import (
    AdviceBody,
    CallOffBody,
    GoodsBody,
    InspectionBody,
    ReceiptBody,
    StockBody,
)
from werknetz_worker.projection.columns import (
    TABLES,
    Row,
    call_off_row,
    consumption_row,
    count_row,
    document_at,
    inspection_row,
    movement_row,
    receipt_row,
    shipment_row,
)
from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.findings import EventFinding, finding_of_event
from werknetz_worker.projection.machines.inspections import is_good
from werknetz_worker.projection.material_numbers import (
    material_number_of,
)
from werknetz_worker.projection.names import SUPPLY, BatchNames


@dataclass
class FactRows:
    """Rows by table, and findings about events that could not be resolved."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    findings: list[EventFinding] = field(default_factory=list)
    called_off: set[int] = field(default_factory=set)  # relations named by call-offs
    delivery_notes: set[str] = field(default_factory=set)  # of despatch advices

    def add(self, names: BatchNames, event: EventRevision, table: str, row: Row) -> None:
        """Add a row, with a finding if the material or the unit of the event does not fit."""
        self.rows[table].append(row)
        if event.material_id is None:
            self.findings.append(_unknown_material(event))
        else:
            self.check_unit(names, event)

    def check_unit(self, names: BatchNames, event: EventRevision) -> None:
        if event.measure.factor is not None or event.known_to is not None:
            return
        detail = Sentence(
            "finding_detail.unit_mismatch",
            quantity=event.body.get("quantity"),
            unit=event.measure.unit,
            base=names.bases.get(event.material_id or 0),
        )
        self.findings.append(
            finding_of_event("unit_mismatch", event, detail, material_id=event.material_id)
        )


async def build_facts(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision]
) -> FactRows:
    facts = FactRows()
    exact = {id(event): relation for event in events if (relation := _relation_key(names, event))}
    calls = [event for event in events if event.kind == "delivery_called_off"]
    ids = await relations.find_or_add_relations(
        connection, (exact[id(event)] for event in calls if id(event) in exact)
    )
    for event in calls:
        number = ids.get(exact[id(event)]) if id(event) in exact else None
        if isinstance(event.named, CallOffBody):
            facts.add(names, event, "call_off_entries", call_off_row(event, event.named, number))
        if number is not None:
            facts.called_off.add(number)
    return (
        facts
        if len(calls) == len(events)
        else await _add_other_facts(connection, names, events, facts)
    )


async def _add_other_facts(
    connection: WriteConnection, names: BatchNames, events: Sequence[EventRevision], facts: FactRows
) -> FactRows:
    """Add all facts but call-offs. Call-offs of the same batch are not in their table yet."""
    others = [
        event for event in events if event.kind in SUPPLY and event.kind != "delivery_called_off"
    ]
    exact = {id(event): relation for event in others if (relation := _relation_key(names, event))}
    candidates = await relations.find_called_off(
        connection, ((relation[0], relation[1]) for relation in exact.values())
    )
    chosen = {
        key: number
        for key, relation in exact.items()
        if (number := relations.match_relation(relation, candidates[relation[0], relation[1]]))
        is not None
    }
    ids = await relations.find_or_add_relations(
        connection, (relation for key, relation in exact.items() if key not in chosen)
    )
    chosen |= {key: ids[relation] for key, relation in exact.items() if key not in chosen}
    notes = await relations.find_by_delivery_note(
        connection,
        (
            note
            for event in others
            if event.kind == "goods_received" and id(event) not in exact
            for note in _notes_of(event)
        ),
    )
    for event in events:
        if event.kind != "delivery_called_off":
            _add_fact(facts, names, event, chosen.get(id(event)) or _relation_of_note(event, notes))
    return facts


def _add_fact(
    facts: FactRows, names: BatchNames, event: EventRevision, relation: int | None
) -> None:
    match event.named:
        case AdviceBody() as advice:
            facts.delivery_notes |= {n for n in (advice.delivery_note, advice.document) if n}
            facts.add(names, event, "shipment_lines", shipment_row(event, advice, relation))
        case ReceiptBody() as receipt:
            _add_receipt(facts, names, event, receipt, relation)
        case StockBody() as stock if event.kind == "stock_counted":
            if (item := _item_of(facts, names, event, stock.location)) is not None:
                row = count_row(event, stock, item, stock.quantity)
                facts.rows["stock_counts"].append(row)
                facts.check_unit(names, event)
        case StockBody() as stock:
            _add_movement(facts, names, event, stock)
        case InspectionBody() as inspection:
            row = inspection_row(event, inspection, names.machine(event), is_good(event))
            facts.rows["inspections"].append(row)
        case GoodsBody() as used:
            row = consumption_row(event, used, names.machine(event))
            facts.add(names, event, "consumptions", row)
            if names.warehouse(event) is not None:
                item = _item_of(facts, names, event, None)
                _add_leg(facts, names, event, item, -1.0)


def _add_movement(
    facts: FactRows, names: BatchNames, event: EventRevision, stock: StockBody
) -> None:
    # A transfer has no sign: the quantity leaves one location and arrives at the other.
    target = stock.to_location
    sign = 1.0 if target is None or (stock.quantity or 0.0) < 0 else -1.0
    _add_leg(facts, names, event, _item_of(facts, names, event, stock.location), sign)
    if target is not None:
        _add_leg(facts, names, event, names.item(event, target), -sign, leg=1)


def _add_leg(
    facts: FactRows, names: BatchNames, event: EventRevision, item: int | None, sign: float, *,
    leg: int = 0,
) -> None:  # fmt: skip
    if item is not None and isinstance(event.named, GoodsBody):
        quantity = event.named.quantity
        signed = None if quantity is None else sign * quantity
        facts.rows["stock_movements"].append(movement_row(event, item, signed, leg=leg))
        facts.check_unit(names, event)


def _add_receipt(
    facts: FactRows, names: BatchNames, event: EventRevision, receipt: ReceiptBody,
    relation: int | None,
) -> None:  # fmt: skip
    accepted = receipt.accepted_quantity
    if accepted is None and receipt.quantity is not None:
        accepted = receipt.quantity - (receipt.rejected_quantity or 0.0)
    item = names.item(event, receipt.location)
    place = (names.warehouse(event), item)
    facts.add(names, event, "receipt_lines", receipt_row(event, receipt, relation, accepted, place))
    if item is not None and accepted is not None:
        received_at = document_at(event, receipt.received_us)
        facts.rows["stock_movements"].append(movement_row(event, item, accepted, at=received_at))


def _item_of(
    facts: FactRows, names: BatchNames, event: EventRevision, location: str | None
) -> int | None:
    """Return the stock item; None, with a finding: the warehouse or the material is not known."""
    item = names.item(event, location)
    if item is None:
        facts.findings.append(
            finding_of_event("unknown_place", event, Sentence("finding_detail.no_warehouse"))
            if event.material_id
            else _unknown_material(event)
        )
    return item


def _unknown_material(event: EventRevision) -> EventFinding:
    number = material_number_of(event)
    if number is None:
        detail = Sentence("finding_detail.no_material")
    else:
        detail = Sentence("finding_detail.material_unknown", number=number)
    return finding_of_event("ambiguous_material", event, detail)


def _relation_key(names: BatchNames, event: EventRevision) -> relations.Relation | None:
    if event.supplier_id is None or event.material_id is None:
        return None
    site = names.sites.get(event.named.ship_to or "")
    return event.supplier_id, event.material_id, site, event.named.unloading_point or ""


def _notes_of(event: EventRevision) -> tuple[str | None, str | None]:
    """Return the numbers by which a receipt names its despatch advice."""
    named = event.named
    return (named.delivery_note, named.shipment) if isinstance(named, ReceiptBody) else (None, None)


def _relation_of_note(event: EventRevision, notes: dict[str, list[tuple[int, int]]]) -> int | None:
    for note in _notes_of(event):
        for material_id, relation in notes.get(note or "", ()):
            if material_id == event.material_id:
                return relation
    return None
