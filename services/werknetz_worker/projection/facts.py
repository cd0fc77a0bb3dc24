"""Builds fact rows from a batch of events, and looks up everything that they name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz_worker.projection import relations
from werknetz_worker.projection.columns import TABLES, Measure, row_of
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

    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )
    findings: list[EventFinding] = field(default_factory=list)
    called_off: set[int] = field(default_factory=set)  # relations named by call-offs
    delivery_notes: set[str] = field(default_factory=set)  # of despatch advices


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
        _add_row(facts, names, event, "call_off_entries", _call_off_values(event, names, number))
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
            for note in (event.text("delivery_note"), event.text("shipment"))
        ),
    )
    for event in events:
        if event.kind != "delivery_called_off":
            _add_fact(
                facts, names, event, chosen.get(id(event)) or _relation_of_note(names, event, notes)
            )
    return facts


def _add_fact(
    facts: FactRows, names: BatchNames, event: EventRevision, relation: int | None
) -> None:
    measure = names.measure(event)
    match event.kind:
        case "shipment_announced":
            facts.delivery_notes |= {
                n for f in ("delivery_note", "document") if (n := event.text(f))
            }
            values = {
                "relation_id": relation,
                "supplier_id": names.partner(event),
                "announced_at": event.instant("document_us") or event.at,
                "cumulative_quantity": measure.base(event.number("cumulative_quantity")),
            }
            _add_row(facts, names, event, "shipment_lines", values)
        case "goods_received":
            _add_receipt(facts, names, event, relation)
        case "stock_counted":
            _add_stock(facts, names, event, "stock_counts", event.text("location"))
        case "stock_moved":
            target = event.text("to_location")
            # A transfer has no sign: the quantity leaves one location and arrives at the other.
            quantity = event.number("quantity") or 0.0
            sign = 1.0 if target is None or quantity < 0 else -1.0
            _add_stock(facts, names, event, "stock_movements", event.text("location"), sign=sign)
            if target is not None:
                _add_stock(facts, names, event, "stock_movements", target, leg=1, sign=-sign)
        case "material_consumed":
            values = {
                "equipment_id": names.machine(event),
                "material_id": names.material(event),
            }
            _add_row(facts, names, event, "consumptions", values)
            if names.warehouse(event) is not None:
                _add_stock(facts, names, event, "stock_movements", None, sign=-1.0)
        case "quality_inspected":
            values = {
                "equipment_id": names.machine(event),
                "is_good": is_good(event),
            }
            facts.rows["inspections"].append(row_of("inspections", event, measure, values))


def _call_off_values(
    event: EventRevision, names: BatchNames, relation: int | None
) -> dict[str, Any]:
    measure = names.measure(event)
    cumulative = ("cumulative_quantity", "cumulative_received", "last_receipt_quantity")
    return {
        "relation_id": relation,
        "issued_at": event.instant("document_us") or event.at,
        **{name: measure.base(event.number(name)) for name in cumulative},
    }


def _add_receipt(
    facts: FactRows, names: BatchNames, event: EventRevision, relation: int | None
) -> None:
    measure = names.measure(event)
    rejected = event.number("rejected_quantity")
    accepted = event.number("accepted_quantity")
    if accepted is None and (received := event.number("quantity")) is not None:
        accepted = received - (rejected or 0.0)
    item = names.item(event, event.text("location"))
    values = {
        "relation_id": relation,
        "supplier_id": names.partner(event),
        "received_at": event.instant("received_us") or event.at,
        "accepted_quantity": measure.base(accepted),
        "rejected_quantity": measure.base(rejected),
        "warehouse_id": names.warehouse(event),
        "stock_item_id": item,
    }
    _add_row(facts, names, event, "receipt_lines", values)
    if item is not None and accepted is not None:
        moved = {
            "leg": 0,
            "kind": event.kind,
            "stock_item_id": item,
            "at": values["received_at"],
            "quantity": accepted,
            "base_quantity": measure.base(accepted),
        }
        facts.rows["stock_movements"].append(row_of("stock_movements", event, measure, moved))


def _add_stock(
    facts: FactRows, names: BatchNames, event: EventRevision, table: str, location: str | None, *,
    leg: int = 0, sign: float = 1.0,
) -> None:  # fmt: skip
    item = names.item(event, location)
    measure = names.measure(event)
    if item is None:
        if leg == 0:
            facts.findings.append(
                finding_of_event("unknown_place", event, Sentence("finding_detail.no_warehouse"))
                if names.material(event)
                else _unknown_material(event)
            )
        return
    quantity = event.number("quantity")
    signed = None if quantity is None else sign * quantity
    values: dict[str, Any] = {
        "stock_item_id": item, "quantity": signed, "base_quantity": measure.base(signed),
    }  # fmt: skip
    if table == "stock_movements":
        values |= {"leg": leg, "kind": event.kind}
    facts.rows[table].append(row_of(table, event, measure, values))
    _check_unit(facts, names, event, measure)


def _add_row(
    facts: FactRows, names: BatchNames, event: EventRevision, table: str, values: dict[str, Any]
) -> None:
    measure = names.measure(event)
    facts.rows[table].append(row_of(table, event, measure, values))
    if names.material(event) is None:
        facts.findings.append(_unknown_material(event))
    else:
        _check_unit(facts, names, event, measure)


def _check_unit(facts: FactRows, names: BatchNames, event: EventRevision, measure: Measure) -> None:
    if measure.factor is None and event.known_to is None:
        material = names.material(event)
        base = names.bases.get(material or 0)
        detail = Sentence(
            "finding_detail.unit_mismatch",
            quantity=event.body.get("quantity"),
            unit=measure.unit,
            base=base,
        )
        facts.findings.append(
            finding_of_event("unit_mismatch", event, detail, material_id=material)
        )


def _unknown_material(event: EventRevision) -> EventFinding:
    number = material_number_of(event)
    if number is None:
        detail = Sentence("finding_detail.no_material")
    else:
        detail = Sentence("finding_detail.material_unknown", number=number)
    return finding_of_event("ambiguous_material", event, detail)


def _relation_key(names: BatchNames, event: EventRevision) -> relations.Relation | None:
    supplier, material = names.partner(event), names.material(event)
    if supplier is None or material is None:
        return None
    site = names.sites.get(event.text("ship_to") or "")
    return supplier, material, site, event.text("unloading_point") or ""


def _relation_of_note(
    names: BatchNames, event: EventRevision, notes: dict[str, list[tuple[int, int]]]
) -> int | None:
    if event.kind != "goods_received":
        return None
    material = names.material(event)
    for name in ("delivery_note", "shipment"):
        for material_id, relation in notes.get(event.text(name) or "", ()):
            if material_id == material:
                return relation
    return None
