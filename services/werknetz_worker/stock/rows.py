"""The derived rows of stock: replaced as a whole from a subject's first changed day on."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.store.encoding.insert_rows import insert_rows
from werknetz.store.inventory import stock_rows as statements
from werknetz.store.session import WriteConnection
from werknetz_worker.stock.subject import ReconciledStock, StockSubject

ReconciledSubjects = Sequence[tuple[StockSubject, ReconciledStock]]
_BALANCES: Final = (
    "stock_item_id", "at", "event_id", "leg", "position", "kind", "balance", "difference",
)  # fmt: skip
_OUTS: Final = (
    "warehouse_id", "material_id", "start_at", "end_at", "start_event_id", "end_event_id",
)  # fmt: skip
_DAYS: Final = (
    "warehouse_id", "material_id", "day", "closing", "average", "known_s", "inflow", "outflow",
    "stock_out_s", "stock_outs",
)  # fmt: skip


async def replace_rows(connection: WriteConnection, done: ReconciledSubjects) -> None:
    warehouses = [subject.warehouse_id for subject, _ in done]
    materials = [subject.material_id for subject, _ in done]
    since = [instant_of(subject.since_us) for subject, _ in done]
    items = [(item, at) for (subject, _), at in zip(done, since, strict=True)
             for item in subject.items]  # fmt: skip
    await connection.execute(
        statements.DELETE_BALANCES, [item[0] for item in items], [item[1] for item in items]
    )
    await connection.execute(statements.DELETE_STOCK_OUTS, warehouses, materials, since)
    first = [result.days[0][0] if result.days else subject.first_day for subject, result in done]
    await connection.execute(statements.DELETE_STOCK_DAYS, warehouses, materials, first)
    for table, columns, records in (
        ("stock_balances", _BALANCES, _balances(done)),
        ("stock_outs", _OUTS, _outs(done)),
        ("stock_days", _DAYS, _days(done)),
    ):
        await insert_rows(connection, table, columns, records)
    await _write_current(connection, done)


async def _write_current(connection: WriteConnection, done: ReconciledSubjects) -> None:
    """Store the current balance of each item: that of its last entry."""
    rows = []
    for subject, result in done:
        for item, entries in result.balances.items():
            opening = subject.openings.get(item)
            counted = bool(opening and opening.is_counted) or any(
                e.kind == "count" for e in entries
            )
            balance = entries[-1].balance if entries else opening.balance if opening else 0.0
            at = instant_of(entries[-1].at_us) if entries else None
            rows.append((item, balance, at, counted))
    rows.sort(key=lambda row: row[0])
    await connection.execute(
        statements.SET_CURRENT_BALANCES, *([row[n] for row in rows] for n in range(4))
    )


def _balances(done: ReconciledSubjects) -> Iterator[tuple[Any, ...]]:
    for _, result in done:
        for item, entries in result.balances.items():
            for entry in entries:
                yield (
                    item, instant_of(entry.at_us), entry.event_id, entry.leg, entry.position,
                    entry.kind, entry.balance, entry.difference,
                )  # fmt: skip


def _outs(done: ReconciledSubjects) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        for out in result.outs:
            end_at = None if out.end_us is None else instant_of(out.end_us)
            yield (
                subject.warehouse_id, subject.material_id, instant_of(out.start_us), end_at,
                out.start_event, out.end_event,
            )  # fmt: skip


def _days(done: ReconciledSubjects) -> Iterator[tuple[Any, ...]]:
    for subject, result in done:
        for name, day in result.days:
            yield (
                subject.warehouse_id, subject.material_id, name, day.closing, day.average,
                day.known_s, day.inflow, day.outflow, day.stock_out_s, float(day.stock_outs),
            )  # fmt: skip
