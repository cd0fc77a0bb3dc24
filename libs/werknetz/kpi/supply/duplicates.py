"""Deduplication: a line sent in several messages counts once, as in the last of them.

Lines of one message are never duplicates of each other; a fact without a message, such as a row of
a table, is a message of its own. A re-sent event is no duplicate here: it has the same event id and
is stored once.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from werknetz.kpi.supply.facts import CallOffEntry, ReceiptLine, ShipmentLine
from werknetz.kpi.supply.findings import SupplyFinding, differ, event_ids_of
from werknetz.texts.sentence import Sentence


class _Fact(Protocol):
    @property
    def event_id(self) -> UUID: ...
    @property
    def document(self) -> str: ...
    @property
    def known_us(self) -> int: ...
    @property
    def quantity(self) -> float: ...
    @property
    def message(self) -> str: ...


T = TypeVar("T", bound=_Fact)


@dataclass(frozen=True, slots=True)
class Deduplicated(Generic[T]):
    """The facts that count, and of each the duplicates that it replaces."""

    unique: tuple[T, ...]
    duplicates: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    findings: tuple[SupplyFinding, ...] = ()

    def ids_of(self, event_id: UUID) -> tuple[UUID, ...]:
        return (event_id, *self.duplicates.get(event_id, ()))


def dedup_call_offs(entries: Iterable[CallOffEntry]) -> Deduplicated[CallOffEntry]:
    def key_of(e: CallOffEntry) -> Hashable:
        return e.group, e.document, e.line, e.place, e.due_from_us, e.due_until_us, e.commitment

    return _dedup(entries, key_of, "call-off")


def dedup_shipments(lines: Iterable[ShipmentLine]) -> Deduplicated[ShipmentLine]:
    def key_of(s: ShipmentLine) -> Hashable:
        delivery_number = s.delivery_note or s.shipment or s.document
        # A line without a number is identified by its quantity only.
        number: Hashable = s.line or ("", s.quantity)
        return s.group, delivery_number, number, s.handling_unit, s.batch

    return _dedup(lines, key_of, "despatch advice")


def dedup_receipts(receipts: Iterable[ReceiptLine]) -> Deduplicated[ReceiptLine]:
    def key_of(r: ReceiptLine) -> Hashable:
        number: Hashable = (r.line, r.quantity < 0) if r.line else ("", r.quantity, r.received_us)
        # Rows of a table may book one line in parts, each at its own time.
        part_us = None if r.message else r.received_us
        return r.group, r.document, number, part_us, r.delivery_note, r.batch

    return _dedup(receipts, key_of, "receipt")


def _dedup(
    facts: Iterable[T], key_of: Callable[[T], Hashable], document_kind: str
) -> Deduplicated[T]:
    by_key: dict[Hashable, dict[str, list[T]]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.known_us, fact.event_id)):
        by_key.setdefault(key_of(fact), {}).setdefault(
            fact.message or str(fact.event_id), []
        ).append(fact)
    unique: list[T] = []
    duplicates: dict[UUID, tuple[UUID, ...]] = {}
    pairs_by_document: dict[str, list[tuple[list[T], list[T]]]] = {}
    for messages in by_key.values():
        *former, last = messages.values()
        unique += last
        if former:
            former_facts = [fact for facts_of_message in former for fact in facts_of_message]
            duplicates[last[0].event_id] = tuple(fact.event_id for fact in former_facts)
            pairs_by_document.setdefault(last[0].document, []).append((former_facts, last))
    findings = tuple(
        _finding(document_kind, name, pairs) for name, pairs in sorted(pairs_by_document.items())
    )
    return Deduplicated(tuple(sorted(unique, key=lambda fact: fact.event_id)), duplicates, findings)


def _finding(
    document_kind: str, document: str, pairs: list[tuple[list[T], list[T]]]
) -> SupplyFinding:
    last = [fact for _, facts in pairs for fact in facts]
    former = [fact for facts, _ in pairs for fact in facts]
    is_changed = any(
        differ(
            sum(fact.quantity for fact in before[-len(after) :]),
            sum(fact.quantity for fact in after),
        )
        for before, after in pairs
    )
    quantity = sum(fact.quantity for fact in last)
    return SupplyFinding(
        "duplicate_document",
        f"{document_kind}/{document}",
        max(fact.known_us for fact in last),
        Sentence(
            "finding_detail.document_replaced"
            if is_changed
            else "finding_detail.document_repeated",
            document_kind=document_kind,
            document=document,
            lines=len(pairs),
            quantity=quantity,
            remedy=Sentence("finding_detail.one_number_per_document"),
        ),
        event_ids_of(fact.event_id for fact in (*former, *last)),
        quantity=quantity,
    )
