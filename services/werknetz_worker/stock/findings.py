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
    detail: str
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
        )


def _findings(done: ReconciledSubjects) -> Iterator[StockFinding]:
    for subject, result in done:
        for item, entries in result.balances.items():
            if item in subject.items_with_movements:  # without movements nothing is expected
                yield from _differences(subject, item, entries)
            for entry in result.below_zero[item]:
                place = f"{subject.number} in {subject.code}"
                detail = (
                    f"{place} is {entry.balance:g}: more was withdrawn than was in stock. A "
                    "receipt or a count is missing, or a movement was sent twice under two ids."
                )
                yield _finding("stock_below_zero", subject, item, entry, 0.0, detail, None)


def _differences(
    subject: StockSubject, item: int, entries: Sequence[Balance]
) -> Iterator[StockFinding]:
    before = subject.counted_by.get(item)
    for entry in entries:
        if entry.difference is not None and abs(entry.difference) > DIFFERENCE_MIN:
            expected = entry.balance - entry.difference
            detail = (
                f"{subject.number} in {subject.code}: {entry.balance:g} counted, {expected:g} "
                f"expected, {entry.difference:+g}. A movement may be missing. From now on the "
                "count applies."
            )
            yield _finding("stock_difference", subject, item, entry, expected, detail, before)
        if entry.kind == "count":
            before = entry.event_id


def _finding(
    kind: str, subject: StockSubject, item: int, entry: Balance, expected: float, detail: str,
    before: UUID | None,
) -> StockFinding:  # fmt: skip
    return StockFinding(
        f"{kind}/{item}/{entry.event_id}/{entry.leg}", kind, item, subject.warehouse_id,
        subject.material_id, subject.site_id, instant_of(entry.at_us), expected, entry.balance,
        detail, before, entry.event_id,
    )  # fmt: skip
