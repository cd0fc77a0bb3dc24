"""The outcomes of deliveries without a database: the table of cases, and what is kept of each."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from plumbing.fact_cases import CASES, A, B, Delivered, v
from plumbing.facts import AT_US, event_of, group_end, id_of, receipt
from werknetz.events.batch import BusinessEvent, EventWithdrawn, GroupEnd
from werknetz_core.ingest.records.books import BookCounts
from werknetz_core.ingest.records.event_changes import (
    EventChanges,
    EventOrigin,
    EventRow,
    FormerContent,
    FormerRevision,
    ids_that_stay,
    versions_below,
)
from werknetz_core.ingest.records.event_rows import bounded_instant, json_of_fact

SPOOL = UUID(int=7)
START = datetime(2026, 11, 1, tzinfo=UTC)


def origin(seq: int) -> EventOrigin:
    return EventOrigin("plc", SPOOL, seq)


def row_of(event: BusinessEvent, seq: int, stored_at: datetime) -> EventRow:
    return EventRow(
        event.event_id, origin(seq), event.source, event.item, bounded_instant(event.at_us),
        event.mapping, event.raw_hash or None, json_of_fact(event), 1, stored_at,
        event.content or None, event.version, event.group or None,
    )  # fmt: skip


@dataclass
class Table:
    """The tables of facts and of their former revisions, as far as the rules need them."""

    rows: dict[UUID, EventRow] = field(default_factory=dict)
    former: list[FormerRevision] = field(default_factory=list)
    counts: BookCounts = field(default_factory=BookCounts)
    now: datetime = START
    seq: int = 0

    def apply(self, *records: Delivered) -> EventChanges:
        self.seq += 1
        self.now += timedelta(seconds=1)
        events = [record for record in records if isinstance(record, BusinessEvent)]
        new: set[UUID] = set()
        for event in events:
            if event.event_id not in self.rows:
                new.add(event.event_id)
                self.rows[event.event_id] = row_of(event, self.seq, self.now)
        older = versions_below(events, self.rows)
        former: set[FormerContent] = {
            (f.row.event_id, f.row.version, f.row.content)
            for f in self.former
            if f.row.event_id in older and f.row.is_in_force
        }
        changes = EventChanges(dict(self.rows), new, self.now + timedelta(milliseconds=1), former)
        for record in records:
            match record:
                case BusinessEvent():
                    changes.deliver(record, origin(self.seq))
                case EventWithdrawn():
                    changes.withdraw(record, origin(self.seq))
                case GroupEnd():
                    changes.end_group(record, origin(self.seq))
        assert {i for i, row in changes.rows.items() if row != self.rows[i]} == changes.changed
        self.rows = changes.rows
        self.former += changes.replaced
        self.counts.add(changes.counts)
        return changes


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
@pytest.mark.parametrize("name", CASES)
def test_each_delivery_has_one_outcome(name: str, *, together: bool) -> None:
    records, expected, books = CASES[name]
    table = Table()
    for batch in [records] if together else [[record] for record in records]:
        table.apply(*batch)
    in_force = [row for row in table.rows.values() if row.is_in_force]
    assert sorted(row.body.split('"document":"')[1][:2] for row in in_force) == sorted(expected)
    for row in in_force:
        key = row.body.split('"document":"')[1][:2]
        assert f'"quantity":{float(expected[key])}' in row.body
    counts = {k: n for k, n in zip(BookCounts.__slots__, table.counts.values, strict=True) if n}
    ended = counts.pop("taken", 0)  # by groups; the others are counted as they are taken
    assert counts == books
    assert sum(counts.values()) == ended + sum(not isinstance(r, GroupEnd) for r in records)
    numbers = [(f.row.event_id, f.row.revision) for f in table.former]
    assert len({*numbers, *((row.event_id, row.revision) for row in table.rows.values())}) == (
        len(numbers) + len(table.rows)
    )  # no number twice
    assert all(f.known_from <= f.known_to for f in table.former)


def test_a_revision_keeps_the_former_row_as_it_was_known() -> None:
    table = Table()
    table.apply(A)
    first = table.rows[A.event_id]
    table.apply(receipt("D1", 450, version=4, group="G", at_us=AT_US + 5))
    (former,) = table.former
    assert former.row == first
    row = table.rows[A.event_id]
    assert (former.known_from, former.known_to) == (first.stored_at, row.stored_at)
    assert (row.revision, row.version, row.origin.seq) == (2, 4, 2)
    assert row.group_key is not None
    assert row.at - first.at == timedelta(microseconds=5)
    assert row.content != first.content


def test_a_withdrawal_keeps_the_content_and_names_its_cause() -> None:
    table = Table()
    table.apply(v(500, 3))
    cause = EventWithdrawn(A.event_id, "s", "row 9", AT_US, "other@2", b"h" * 16, "deleted")
    table.apply(cause)
    row = table.rows[A.event_id]
    assert (row.item, row.mapping, row.raw_hash) == ("row 9", "other@2", b"h" * 16)
    assert (row.version, row.revision, row.withdrawal_reason) == (3, 2, "deleted")
    assert row.withdrawn_at == row.stored_at == table.now + timedelta(milliseconds=1)
    assert row.body == table.former[0].row.body
    table.apply(v(500, 3))
    back = table.rows[A.event_id]
    assert (back.revision, back.withdrawn_at, back.withdrawal_reason) == (3, None, None)
    assert table.former[1].row == row


def test_a_later_version_of_the_same_content_protects_it_from_older_content() -> None:
    table = Table()
    table.apply(v(500, 1))
    changes = table.apply(v(500, 3))
    assert (changes.counts, len(changes.replaced)) == (BookCounts(duplicates=1), 0)
    assert table.rows[A.event_id].version == 3
    assert table.apply(v(500, 3)).changed == set()
    table.apply(v(450, 2))
    (former,) = table.former
    assert (former.row.version, former.row.revision) == (2, 1)
    assert former.known_from == former.known_to
    row = table.rows[A.event_id]
    assert ('"quantity":500.0' in row.body, row.revision) == (True, 2)


def test_a_clock_that_goes_back_makes_no_negative_span() -> None:
    table = Table()
    table.apply(A)
    stored_at = table.rows[A.event_id].stored_at
    table.now -= timedelta(hours=1)
    table.apply(B)
    assert table.rows[A.event_id].stored_at == stored_at
    assert table.former[0].known_to == stored_at


def test_a_group_ends_only_for_rows_of_the_same_group() -> None:
    table = Table()
    lines = [receipt(f"L{n}", 1, group="G") for n in range(3)]
    table.apply(*lines, receipt("X1", 1, group="H"), receipt("X2", 1))
    changes = table.apply(group_end("G", "L1", reason="missing"))
    ended = {row.event_id for row in changes.rows.values() if not row.is_in_force}
    assert ended == {id_of("L0"), id_of("L2")}
    assert changes.counts == BookCounts(taken=2, withdrawn=2)
    assert {changes.rows[event_id].withdrawal_reason for event_id in ended} == {"missing"}


def test_facts_stay_that_every_end_of_their_group_names() -> None:
    ends = [group_end("G", "L1", "L2"), group_end("H", "L3"), group_end("G", "L2", "L4")]
    assert ids_that_stay(ends) == {id_of("L2"), id_of("L3")}
    assert ids_that_stay([group_end("G")]) == ids_that_stay([]) == set()


@pytest.mark.parametrize(
    ("versions", "is_older"),
    [((None, None), False), ((1, None), False), ((None, 1), False), ((1, 1), False),
     ((2, 1), False), ((1, 2), True)],
)  # fmt: skip
def test_which_version_is_older(versions: tuple[int | None, int | None], *, is_older: bool) -> None:
    delivered, stored = versions
    rows = {A.event_id: row_of(receipt("D1", 1, version=stored), 1, START)}
    event = receipt("D1", 1, version=delivered)
    assert versions_below([event], rows) == ({A.event_id} if is_older else set())
    assert versions_below([receipt("D2", 1, version=0)], rows) == set()


def test_a_conflict_names_up_to_three_fields() -> None:
    table = Table()
    old = event_of("goods_received", "k", document="D", material="M", quantity=1.0, line="1")
    table.apply(old)

    def reason_of(**body: object) -> str:
        event = event_of("goods_received", "k", **body)
        refused = BusinessEvent(
            event.event_id, event.source, event.item, event.at_us, event.mapping, b"",
            event.fact, content=event.content, can_revise=False,
        )  # fmt: skip
        (conflict,) = table.apply(refused).conflicts
        assert (conflict.event, conflict.seq) == (refused, table.seq)
        return conflict.reason

    assert "(quantity 1.0, now 2.0)" in reason_of(
        document="D", material="M", quantity=2.0, line="1"
    )
    three = reason_of(document="E", material="N", quantity=2.0, line="1")
    assert "(document 'D', now 'E'; material 'M', now 'N'; quantity 1.0, now 2.0)" in three
    four = reason_of(document="E", material="N", quantity=2.0, line="2")
    assert "document 'D', now 'E'; line '1', now '2'; material 'M', now 'N'; 1 more fields" in four
    at = reason_of(document="D", material="M", quantity=1.0, line="1", at_us=AT_US + 1)
    assert "time 2026-" in at
    assert at.endswith("set up the connector so that it delivers corrections")
