"""What was told twice by different messages counts once: the last that told it holds.

Lines of one message are never doubles of each other. The same event told again is no double: it is
one event, and was kept once.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from werknetz.kpi.supply.facts import Entry, Receipt, ShipmentLine
from werknetz.kpi.supply.findings import Finding, amount, differ, events_of


class _Told(Protocol):
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


T = TypeVar("T", bound=_Told)


@dataclass(frozen=True, slots=True)
class Once(Generic[T]):
    """What counts, and of each what else has told it."""

    kept: tuple[T, ...]
    doubles: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def ids_of(self, event_id: UUID) -> tuple[UUID, ...]:
        return (event_id, *self.doubles.get(event_id, ()))


def entries_once(entries: Iterable[Entry]) -> Once[Entry]:
    def same(e: Entry) -> Hashable:
        return e.group, e.document, e.line, e.place, e.due_from_us, e.due_until_us, e.commitment

    return _once(entries, same, "call-off")


def shipments_once(lines: Iterable[ShipmentLine]) -> Once[ShipmentLine]:
    def same(s: ShipmentLine) -> Hashable:
        paper = s.delivery_note or s.shipment or s.document
        # A line without a number is known by its quantity only.
        number: Hashable = s.line or ("", s.quantity)
        return s.group, paper, number, s.handling_unit, s.batch

    return _once(lines, same, "despatch advice")


def receipts_once(receipts: Iterable[Receipt]) -> Once[Receipt]:
    def same(r: Receipt) -> Hashable:
        number: Hashable = (r.line, r.quantity < 0) if r.line else ("", r.quantity, r.received_us)
        return r.group, r.document, number, r.delivery_note, r.batch

    return _once(receipts, same, "receipt")


def _once(told: Iterable[T], same: Callable[[T], Hashable], paper: str) -> Once[T]:
    by_key: dict[Hashable, dict[str, list[T]]] = {}
    for one in sorted(told, key=lambda one: (one.known_us, one.event_id)):
        by_key.setdefault(same(one), {}).setdefault(one.message or str(one.event_id), []).append(
            one
        )
    kept: list[T] = []
    doubles: dict[UUID, tuple[UUID, ...]] = {}
    doubled: dict[str, list[tuple[list[T], list[T]]]] = {}
    for messages in by_key.values():
        *former, last = messages.values()
        kept += last
        if former:
            others = [one for each in former for one in each]
            doubles[last[0].event_id] = tuple(one.event_id for one in others)
            doubled.setdefault(last[0].document, []).append((others, last))
    found = tuple(_finding(paper, name, pairs) for name, pairs in sorted(doubled.items()))
    return Once(tuple(sorted(kept, key=lambda one: one.event_id)), doubles, found)


def _finding(paper: str, document: str, pairs: list[tuple[list[T], list[T]]]) -> Finding:
    last = [one for _, each in pairs for one in each]
    former = [one for each, _ in pairs for one in each]
    is_other = any(
        differ(sum(one.quantity for one in a[-len(b) :]), sum(one.quantity for one in b))
        for a, b in pairs
    )
    said = "with other quantities: the later holds" if is_other else "again: it counts once"
    return Finding(
        "duplicate_document",
        f"{paper}/{document}",
        max(one.known_us for one in last),
        f"The {paper} {document} was sent {said} ({len(pairs)} lines,"
        f" now {amount(sum(one.quantity for one in last))}). Ask the sender for one number a"
        " document, unless it was meant to be replaced.",
        events_of(one.event_id for one in (*former, *last)),
        quantity=sum(one.quantity for one in last),
    )
