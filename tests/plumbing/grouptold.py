"""The group's supply story as business events, told as badly as partners tell: late, twice, in
another order, first wrongly, and one receipt not at all."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg

from plumbing.business import SPOOL
from werknetz.domain.bucket import instant_of
from werknetz.store.fact import ADD_EVENTS
from werknetz.store.mappings import KEEP_REVISIONS, REWRITE_EVENTS
from werknetz_simulator.partners.expected import midnight_us
from werknetz_simulator.partners.message_writer import ADVICE, BOOKING, EDI
from werknetz_simulator.partners.partners import Relation
from werknetz_simulator.partners.timeline import CallOff, Count, Move, Receipt, Shipment, Told
from werknetz_simulator.plants.plan import HOUR_US, MINUTE_US

CONNECTORS = (EDI, ADVICE, BOOKING)
BATCH = 400


@dataclass(frozen=True, slots=True)
class Message:
    """One document as it is heard at an instant; `is_again`: it was said wrongly before."""

    heard_us: int
    relation: Relation
    told: Told
    is_again: bool = False
    other: bool = False  # the same document once more, under another name


@dataclass
class Gossip:
    """All messages in the order in which they are heard."""

    messages: list[Message]
    lost: tuple[Relation, Receipt]
    heard: dict[Relation, list[Told]] = field(default_factory=dict)  # as it is believed

    def until(self, at_us: int) -> list[Message]:
        return [one for one in self.messages if one.heard_us <= at_us]

    def since(self, at_us: int) -> list[Message]:
        return [one for one in self.messages if one.heard_us > at_us]


def believed(messages: Iterable[Message]) -> dict[Relation, list[Told]]:
    """Return what is believed after the messages, each document once, in the order heard."""
    found: dict[Relation, dict[tuple[type, str], Told]] = {}
    for one in messages:
        found.setdefault(one.relation, {})[type(one.told), one.told.number] = one.told
    return {relation: [*told.values()] for relation, told in found.items()}


def gossip(told: Sequence[tuple[Relation, Told]], lost: tuple[Relation, Receipt],
           seed: str) -> Gossip:  # fmt: skip
    rng = Random(f"{seed}/gossip")
    messages: list[Message] = []
    for relation, one in told:
        if (relation, one) == lost:
            continue
        heard_us = one.at_us + _delay_us(rng, relation, one)
        messages.append(Message(heard_us, relation, one))
        what = rng.random()
        if what < 0.04:
            messages[-1] = Message(heard_us, relation, _wrong(one, rng))
            heard_us += rng.randrange(1, 40 * 24) * HOUR_US
            messages.append(Message(heard_us, relation, one, is_again=True))
        elif what < 0.10:
            messages.append(Message(heard_us + rng.randrange(12) * HOUR_US, relation, one))
        elif what < 0.13 and isinstance(one, Receipt | Shipment):
            messages.append(Message(heard_us + rng.randrange(12) * HOUR_US, relation, one,
                                    other=True))  # fmt: skip
    messages.sort(key=lambda one: one.heard_us)
    return Gossip(messages, lost)


def _delay_us(rng: Random, relation: Relation, one: Told) -> int:
    """Mostly minutes, sometimes days; a call-off may so come after the one that replaces it.

    Not of the line that starves: what was called off for it would be another quantity then.
    """
    if rng.random() < 0.85:
        return rng.randrange(1, 40) * MINUTE_US
    longest = 5 if relation.starves and isinstance(one, CallOff) else 9
    return rng.randrange(1, longest * 24) * HOUR_US


def _wrong(one: Told, rng: Random) -> Told:
    if isinstance(one, CallOff):
        some = rng.randrange(len(one.entries))
        entries = [
            replace(entry, quantity=entry.quantity * 2) if number == some else entry
            for number, entry in enumerate(one.entries)
        ]
        return replace(one, entries=tuple(entries))
    return replace(one, quantity=one.quantity + rng.choice((-7, 7, 70)))


async def tell(pool: asyncpg.Pool, messages: Sequence[Message]) -> int:
    """Tell the messages, some hundred events a statement; return how many events were told."""
    rows: dict[str, list[tuple[UUID, str, int, str, str]]] = {name: [] for name in CONNECTORS}
    again: list[tuple[UUID, int, str]] = []
    count = 0
    for number, message in enumerate(messages):
        connector, events = _events(message)
        count += len(events)
        if message.is_again:
            again += [(event_id, at_us, body) for event_id, _, at_us, body in events]
            continue
        # The message is of one place in the file: doubles under another name come in another.
        source = f"{message.told.number}{number if message.other else ''}"
        rows[connector] += [(event_id, kind, at_us, source, body)
                            for event_id, kind, at_us, body in events]  # fmt: skip
    for connector, each in rows.items():
        if each:
            await pool.execute(
                ADD_EVENTS, connector, uuid4(), [row[0] for row in each], [row[1] for row in each],
                [*range(len(each))], [row[3] for row in each], [""] * len(each),
                [instant_of(row[2]) for row in each], ["told v1"] * len(each), [b""] * len(each),
                [row[4] for row in each],
            )  # fmt: skip
    if again:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(KEEP_REVISIONS, [row[0] for row in again])
            await connection.execute(
                REWRITE_EVENTS, [row[0] for row in again], [instant_of(row[1]) for row in again],
                ["told v2"] * len(again), [row[2] for row in again],
            )  # fmt: skip
    return count


def _events(message: Message) -> tuple[str, list[tuple[UUID, str, int, str]]]:
    relation, one = message.relation, message.told
    name = f"{type(one).__name__}/{one.number}{'/other' if message.other else ''}"
    article = {"material": relation.material, "unit": "PCE"}
    partner = {"supplier": relation.firm.number, "supplier_material": relation.supplier_material,
               "ship_to": relation.site}  # fmt: skip
    place = {"warehouse": relation.warehouse.code, "document": one.number}

    def event(kind: str, **body: Any) -> tuple[UUID, str, int, str]:
        number = f"{name}/{body.get('due_from_us', '')}"
        return uuid5(SPOOL, number), kind, one.at_us, json.dumps({**article, **body})

    if isinstance(one, CallOff):
        return EDI, [
            event(
                "delivery_called_off", document=one.number, document_us=one.at_us,
                quantity=float(entry.quantity), commitment="firm" if entry.is_firm else "forecast",
                due_from_us=midnight_us(entry.due),
                due_until_us=midnight_us(entry.due + timedelta(days=1)), **partner,
            )
            for entry in one.entries
        ]  # fmt: skip
    quantity = float(one.quantity)
    if isinstance(one, Shipment):
        return ADVICE if relation.firm.speaks == "csv" else EDI, [
            event(
                "shipment_announced", document=one.number, delivery_note=one.number,
                document_us=one.at_us, despatched_us=one.despatched_us, arrives_us=one.arrives_us,
                quantity=quantity, **partner,
            )
        ]  # fmt: skip
    if isinstance(one, Receipt):
        return BOOKING, [
            event(
                "goods_received", quantity=quantity, delivery_note=one.note,
                received_us=one.at_us, supplier=relation.firm.number, **place,
            )
        ]  # fmt: skip
    kind = "stock_counted" if isinstance(one, Count) else "stock_moved"
    return BOOKING, [event(kind, quantity=quantity, **place)]


def receipts(told: Iterable[Told]) -> list[Receipt]:
    return [one for one in told if isinstance(one, Receipt)]


def shipments(told: Iterable[Told]) -> list[Shipment]:
    return [one for one in told if isinstance(one, Shipment)]


def calls(told: Iterable[Told]) -> list[CallOff]:
    return [one for one in told if isinstance(one, CallOff)]


def booked(told: Iterable[Told]) -> list[Told]:
    return [one for one in told if isinstance(one, Move | Count)]
