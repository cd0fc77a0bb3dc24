"""The derived rows of relations: replaced for many relations at once."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.domain.shift import local_us
from werknetz.kpi.supply.otif import DueLine
from werknetz.kpi.supply.relation import ReconciledRelation
from werknetz.store.encoding.insert_rows import insert_rows, replace_rows_of
from werknetz.store.relations import relation_rows as statements
from werknetz.store.session import WriteConnection
from werknetz.store.tables.supply import SUPPLY_ELEMENTS
from werknetz_worker.supply.facts import RelationSubject
from werknetz_worker.supply.policies import Policies

ReconciledRelations = Sequence[tuple[RelationSubject, ReconciledRelation]]
_CALL_OFFS: Final = (
    "relation_id", "document", "issued_at", "known_at", "in_force_from", "in_force_to", "state",
    "entries", "quantity", "event_ids",
)  # fmt: skip
_DUE_LINES: Final = (
    "relation_id", "group_key", "document", "due_from", "due_until", "quantity", "commitment",
    "delivered_quantity", "open_quantity", "first_received_at", "fulfilled_at", "state", "on_time",
    "in_full", "delay_s", "event_ids", "receipt_ids", "shipment_ids", "order_number",
    "window_from", "window_until", "is_uncertain",
)  # fmt: skip
_TRANSIT: Final = (
    "event_id", "relation_id", "document", "arrives_at", "quantity", "received_quantity",
    "open_quantity", "received_at", "receipt_ids",
)  # fmt: skip
_CUMULATIVES: Final = (
    "relation_id", "zero_at", "as_of", "demanded", "received", "in_transit", "open",
    "stated_received", "stated_delivered", "received_difference", "delivered_difference",
)  # fmt: skip
_ELEMENTS: Final = ("relation_id", "day", *SUPPLY_ELEMENTS, "policy_id")


async def replace_rows(
    connection: WriteConnection,
    relation_ids: Sequence[int],
    done: ReconciledRelations,
    policies: Policies,
) -> None:
    """Replace the derived rows of the relations; those without a result lose theirs."""
    for statement in statements.DELETE_COMPUTED_ROWS:
        await connection.execute(statement, relation_ids)
    moved = [t.line.event_id for _, result in done for t in result.transit]
    await connection.execute(statements.DELETE_MOVED_TRANSIT_LINES, moved, relation_ids)
    for table, columns, records in (
        ("call_offs", _CALL_OFFS, _call_offs(done)),
        ("due_lines", _DUE_LINES, _due_lines(done)),
        ("transit_lines", _TRANSIT, _transit(done)),
    ):
        await replace_rows_of(
            connection, table, columns, records, owner="relation_id", owners=relation_ids
        )
    # These show when they were computed, also where nothing changed.
    await insert_rows(connection, "cumulatives", _CUMULATIVES, _cumulatives(done))
    await insert_rows(connection, "supply_elements", _ELEMENTS, _elements(done, policies))


def _call_offs(done: ReconciledRelations) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        for version in result.versions:
            yield (
                subject.id, version.document, to_instant(version.issued_us),
                to_instant(version.known_us),
                _optional(version.from_us), _optional(version.to_us), version.state,
                len(version.entries),
                sum(entry.quantity for entry in version.entries),
                [entry.event_id for entry in version.entries],
            )  # fmt: skip


def _due_lines(done: ReconciledRelations) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        for line in result.lines:
            yield _due_line(subject.id, line)


def _due_line(relation_id: int, line: DueLine) -> tuple[Any, ...]:
    demand, entry = line.demand, line.demand.entry
    return (
        relation_id, line.group.key, entry.document, to_instant(demand.due_from_us),
        to_instant(demand.due_until_us), demand.quantity, entry.commitment, line.delivered,
        line.open_quantity, _optional(line.first_received_us), _optional(line.fulfilled_us),
        line.state,
        line.on_time, line.in_full, line.delay_s, line.event_ids, line.receipt_ids,
        line.shipment_ids, line.group.order_number or None, to_instant(line.window[0]),
        to_instant(line.window[1]), line.uncertain,
    )  # fmt: skip


def _transit(done: ReconciledRelations) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        for transit in result.transit:
            line = transit.line
            yield (
                line.event_id, subject.id, line.document, _optional(line.arrives_us), line.quantity,
                transit.received, transit.open, _optional(transit.received_us),
                list(transit.receipt_ids),
            )  # fmt: skip


def _cumulatives(done: ReconciledRelations) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        if subject.relation.is_empty:
            continue  # its events belong to another relation now
        c = result.cumulative
        yield (
            subject.id, _optional(c.zero_us), to_instant(c.as_of_us), c.demanded, c.received,
            c.in_transit,
            c.open, c.stated_received, c.stated_delivered, c.received_difference,
            c.delivered_difference,
        )  # fmt: skip


def _elements(done: ReconciledRelations, policies: Policies) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        only = policies.only_id_of(subject.supplier_id)
        for day, elements in result.elements.items():
            policy_id = (
                only[0] if only else policies.id_at(subject.supplier_id, _start(day, subject))
            )
            values = (getattr(elements, name) for name in SUPPLY_ELEMENTS)
            yield (subject.id, day, *values, policy_id)


def _start(day: date, subject: RelationSubject) -> int:
    try:
        return local_us(day, 0, subject.zone)
    except OverflowError:  # 9999-12-31 has no end
        return TIME_MAX_US


@lru_cache(maxsize=16_384)  # of many lines, the same days are due
def to_instant(at_us: int) -> datetime:
    """Return the instant, clamped to the range of PostgreSQL and Python."""
    return instant_of(min(max(at_us, TIME_MIN_US), TIME_MAX_US))


def _optional(at_us: int | None) -> datetime | None:
    return None if at_us is None else to_instant(at_us)
