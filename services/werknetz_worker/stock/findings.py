"""Findings of stock: stock below zero, and counts that differ from the expected quantity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.ledger import Balance
from werknetz.store.inventory import findings as statements
from werknetz.store.session import WriteConnection
from werknetz.texts.sentence import Sentence
from werknetz.texts.stored import stored_sentence
from werknetz_worker.stock.rows import ReconciledSubjects
from werknetz_worker.stock.subject import StockSubject

DIFFERENCE_MIN: Final = 1e-6
KINDS: Final = ("stock_below_zero", "stock_difference")


@dataclass(frozen=True, slots=True)
class StockFinding:
    key: str
    kind: str
    item: int
    warehouse_id: int
    material_id: int
    site_id: int | None
    at: datetime
    expected: float
    actual: float
    detail: Sentence
    before_id: UUID | None
    event_id: UUID


async def replace_findings(connection: WriteConnection, done: ReconciledSubjects) -> None:
    """Write current findings; clear those of the same time range that no longer hold."""
    ordered = sorted(_findings(done), key=lambda finding: finding.key)
    items = [(item, instant_of(s.since_us)) for s, _ in done for item in s.items]
    await connection.execute(
        statements.CLEAR_FINDINGS,
        [item[0] for item in items],
        [item[1] for item in items],
        list(KINDS),
        [finding.key for finding in ordered],
    )
    if ordered:
        names = StockFinding.__dataclass_fields__
        await connection.execute(
            statements.UPSERT_FINDINGS,
            *([getattr(finding, name) for finding in ordered] for name in names),
            [stored_sentence(finding.detail) for finding in ordered],
        )


def _findings(done: ReconciledSubjects) -> Iterator[StockFinding]:
    for subject, result in done:
        for item, entries in result.balances.items():
            if item in subject.items_with_movements:  # without movements nothing is expected
                yield from _differences(subject, item, entries)
            for entry in result.below_zero[item]:
                detail = Sentence(
                    "finding_detail.stock_below_zero",
                    material=subject.number,
                    place=subject.code,
                    quantity=entry.balance,
                )
                yield _finding("stock_below_zero", subject, item, entry, 0.0, detail, None)


def _differences(
    subject: StockSubject, item: int, entries: Sequence[Balance]
) -> Iterator[StockFinding]:
    before = subject.counted_by.get(item)
    for entry in entries:
        if entry.difference is not None and abs(entry.difference) > DIFFERENCE_MIN:
            expected = entry.balance - entry.difference
            detail = Sentence(
                "finding_detail.stock_difference",
                material=subject.number,
                place=subject.code,
                quantity=entry.balance,
                expected=expected,
                difference=entry.difference,
            )
            yield _finding("stock_difference", subject, item, entry, expected, detail, before)
        if entry.kind == "count":
            before = entry.event_id


def _finding(
    kind: str, subject: StockSubject, item: int, entry: Balance, expected: float, detail: Sentence,
    before: UUID | None,
) -> StockFinding:  # fmt: skip
    return StockFinding(
        f"{kind}/{item}/{entry.event_id}/{entry.leg}", kind, item, subject.warehouse_id,
        subject.material_id, subject.site_id, instant_of(entry.at_us), expected, entry.balance,
        detail, before, entry.event_id,
    )  # fmt: skip
