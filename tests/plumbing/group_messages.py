"""The group's supply as business events with typical faults: late, duplicated, out of order,
first wrong and then corrected, and one receipt missing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg

from plumbing.business import KEEP_REVISIONS, REVISE_EVENTS, SPOOL
from werknetz.domain.bucket import instant_of
from werknetz.store.ingest.events import ADD_EVENTS
from werknetz_simulator.partners.expected import midnight_us
from werknetz_simulator.partners.messages.message_writer import ADVICE, BOOKING, EDI
from werknetz_simulator.partners.partners import SupplyRelation
from werknetz_simulator.partners.timeline import (
    CallOff,
    GoodsReceipt,
    InventoryCount,
    PartnerEvent,
    Shipment,
)
from werknetz_simulator.plants.plan import HOUR_US, MINUTE_US

CONNECTORS = (EDI, ADVICE, BOOKING)
BATCH = 400


@dataclass(frozen=True, slots=True)
class Message:
    """One document as received at an instant; `is_revision`: it corrects an earlier one."""

    received_us: int
    relation: SupplyRelation
    document: PartnerEvent
    is_revision: bool = False
    has_other_name: bool = False  # a duplicate under another name


@dataclass
class MessageStream:
    """All messages in the order in which they are received."""

    messages: list[Message]
    lost: tuple[SupplyRelation, GoodsReceipt]

    def until(self, at_us: int) -> list[Message]:
        return [message for message in self.messages if message.received_us <= at_us]

    def since(self, at_us: int) -> list[Message]:
        return [message for message in self.messages if message.received_us > at_us]


def current_documents(messages: Iterable[Message]) -> dict[SupplyRelation, list[PartnerEvent]]:
    """Return the current documents after the messages, in the order in which they arrived."""
    documents: dict[SupplyRelation, dict[tuple[type, str], PartnerEvent]] = {}
    for message in messages:
        documents.setdefault(message.relation, {})[
            type(message.document), message.document.number
        ] = message.document
    return {
        relation: [*documents_of_relation.values()]
        for relation, documents_of_relation in documents.items()
    }


def shuffle_messages(documents: Sequence[tuple[SupplyRelation, PartnerEvent]],
                     lost: tuple[SupplyRelation, GoodsReceipt],
           seed: str) -> MessageStream:  # fmt: skip
    rng = Random(f"{seed}/gossip")
    messages: list[Message] = []
    for relation, document in documents:
        if (relation, document) == lost:
            continue
        received_us = document.at_us + _delay_us(rng, relation, document)
        messages.append(Message(received_us, relation, document))
        chance = rng.random()
        if chance < 0.04:
            messages[-1] = Message(received_us, relation, _wrong(document, rng))
            received_us += rng.randrange(1, 40 * 24) * HOUR_US
            messages.append(Message(received_us, relation, document, is_revision=True))
        elif chance < 0.10:
            messages.append(Message(received_us + rng.randrange(12) * HOUR_US, relation, document))
        elif chance < 0.13 and isinstance(document, GoodsReceipt | Shipment):
            messages.append(Message(received_us + rng.randrange(12) * HOUR_US, relation, document,
                                    has_other_name=True))  # fmt: skip
    messages.sort(key=lambda document: document.received_us)
    return MessageStream(messages, lost)


def _delay_us(rng: Random, relation: SupplyRelation, document: PartnerEvent) -> int:
    """Mostly minutes, sometimes days; a call-off may so come after the one that replaces it.

    Not of the line that starves: what was called off for it would be another quantity then.
    """
    if rng.random() < 0.85:
        return rng.randrange(1, 40) * MINUTE_US
    longest = 5 if relation.starved_line and isinstance(document, CallOff) else 9
    return rng.randrange(1, longest * 24) * HOUR_US


def _wrong(document: PartnerEvent, rng: Random) -> PartnerEvent:
    if isinstance(document, CallOff):
        some = rng.randrange(len(document.entries))
        entries = [
            replace(entry, quantity=entry.quantity * 2) if number == some else entry
            for number, entry in enumerate(document.entries)
        ]
        return replace(document, entries=tuple(entries))
    return replace(document, quantity=document.quantity + rng.choice((-7, 7, 70)))


async def send_messages(pool: asyncpg.Pool, messages: Sequence[Message]) -> int:
    """Send the messages, some hundred events a statement; return how many events were sent."""
    rows: dict[str, list[tuple[UUID, str, int, str, str]]] = {name: [] for name in CONNECTORS}
    again: list[tuple[UUID, int, str]] = []
    count = 0
    for number, message in enumerate(messages):
        connector, events = _events(message)
        count += len(events)
        if message.is_revision:
            again += [(event_id, at_us, body) for event_id, _, at_us, body in events]
            continue
        # Duplicates under another name have another source.
        source = f"{message.document.number}{number if message.has_other_name else ''}"
        rows[connector] += [(event_id, kind, at_us, source, body)
                            for event_id, kind, at_us, body in events]  # fmt: skip
    for connector, records in rows.items():
        if records:
            await pool.execute(
                ADD_EVENTS, connector, uuid4(), [row[0] for row in records],
                [row[1] for row in records],
                [*range(len(records))], [row[3] for row in records], [""] * len(records),
                [instant_of(row[2]) for row in records], ["test v1"] * len(records),
                [b""] * len(records),
                [row[4] for row in records], [b""] * len(records), [None] * len(records),
                [b""] * len(records), [*range(len(records))],
            )  # fmt: skip
    if again:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(KEEP_REVISIONS, [row[0] for row in again])
            await connection.execute(
                REVISE_EVENTS, [row[0] for row in again], [instant_of(row[1]) for row in again],
                [row[2] for row in again],
            )  # fmt: skip
    return count


def _events(message: Message) -> tuple[str, list[tuple[UUID, str, int, str]]]:
    relation, document = message.relation, message.document
    name = (
        f"{type(document).__name__}/{document.number}{'/other' if message.has_other_name else ''}"
    )
    article = {"material": relation.material, "unit": "PCE"}
    partner = {"supplier": relation.firm.number, "supplier_material": relation.supplier_material,
               "ship_to": relation.site}  # fmt: skip
    place = {"warehouse": relation.warehouse.code, "document": document.number}

    def event(kind: str, **body: Any) -> tuple[UUID, str, int, str]:
        number = f"{name}/{body.get('due_from_us', '')}"
        return uuid5(SPOOL, number), kind, document.at_us, json.dumps({**article, **body})

    if isinstance(document, CallOff):
        return EDI, [
            event(
                "delivery_called_off", document=document.number, document_us=document.at_us,
                quantity=float(entry.quantity), commitment="firm" if entry.is_firm else "forecast",
                due_from_us=midnight_us(entry.due),
                due_until_us=midnight_us(entry.due + timedelta(days=1)), **partner,
            )
            for entry in document.entries
        ]  # fmt: skip
    quantity = float(document.quantity)
    if isinstance(document, Shipment):
        return ADVICE if relation.firm.form == "csv" else EDI, [
            event(
                "shipment_announced", document=document.number, delivery_note=document.number,
                document_us=document.at_us, despatched_us=document.despatched_us,
                arrives_us=document.arrives_us,
                quantity=quantity, **partner,
            )
        ]  # fmt: skip
    if isinstance(document, GoodsReceipt):
        return BOOKING, [
            event(
                "goods_received", quantity=quantity, delivery_note=document.delivery_note,
                received_us=document.at_us, supplier=relation.firm.number, **place,
            )
        ]  # fmt: skip
    kind = "stock_counted" if isinstance(document, InventoryCount) else "stock_moved"
    return BOOKING, [event(kind, quantity=quantity, **place)]


def receipts_of(documents: Iterable[PartnerEvent]) -> list[GoodsReceipt]:
    return [document for document in documents if isinstance(document, GoodsReceipt)]


def shipments_of(documents: Iterable[PartnerEvent]) -> list[Shipment]:
    return [document for document in documents if isinstance(document, Shipment)]


def call_offs_of(documents: Iterable[PartnerEvent]) -> list[CallOff]:
    return [document for document in documents if isinstance(document, CallOff)]
