"""Rows of quantities: what a change may take away, and what it writes and marks.

A quantity is a chain of entries with one root: each correction ends the rows in force and adds
new ones, so that every former value stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of, microseconds_of
from werknetz.store.dirty import MARK_BUCKETS_BETWEEN
from werknetz.store.session import WriteSession
from werknetz.store.shop_floor.quantities import COUNTED_BY_BUCKET
from werknetz.store.tables import equipment, quantity_entries
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_utc
from werknetz_core.http.problem import Problem

_Q: Final = quantity_entries.c
ROOT: Final = sa.func.coalesce(_Q.root_id, _Q.id)
ROLES: Final = {
    "good": "good_count", "scrap": "scrap_count", "rework": "rework_count",
    "produced": "total_count",
    # Nobody counts these: they are what people enter, and workers leave them alone.
    "planned_scrap": "planned_scrap", "integrated_good": "integrated_good",
    "production_loss": "production_loss", "storage_loss": "storage_loss",
    "other_loss": "other_loss",
}  # fmt: skip
KINDS: Final = {role: kind for kind, role in ROLES.items()}
_COPIED: Final = (
    "equipment_id", "at", "role", "quantity", "reason", "order_number", "comment", "entered_by",
    "change_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuantitySpan:
    """Where a quantity counts: (since_us, at_us] of one machine."""

    equipment_id: int
    since_us: int
    at_us: int

    @property
    def first_bucket_us(self) -> int:
        return bucket_of(min(self.since_us, self.at_us - 1))

    @property
    def last_bucket_us(self) -> int:
        return bucket_of(self.at_us - 1)  # an edge belongs to the bucket that ends with it


async def distribute(
    context: AppContext, span: QuantitySpan, kind: str, quantity: float
) -> list[tuple[int, float]]:
    """Return instants and quantities; raise 422 if more is taken away than was counted.

    What is taken away comes from the buckets with counts, the last one first.
    """
    if quantity >= 0:
        return [(span.at_us, quantity)]
    if not ROLES[kind].endswith("_count"):
        raise Problem(
            422, "more_than_counted",
            Sentence("shop_floor.nobody_counts", quantity=-quantity, kind=kind),
            Sentence("shop_floor.correct_entry"),
            errors=[{"pointer": "/body/quantity", "code": "more_than_counted", "detail": kind}],
        )  # fmt: skip
    rows = await context.database.fetch(
        COUNTED_BY_BUCKET, span.equipment_id, instant_of(span.first_bucket_us),
        instant_of(span.last_bucket_us), ROLES[kind],
    )  # fmt: skip
    parts: list[tuple[int, float]] = []
    left = -quantity
    for bucket_at, counted in rows:
        taken = min(left, max(counted, 0.0))
        if taken > 0:
            end_us = microseconds_of(bucket_at) + BUCKET_US
            parts.append((min(end_us, span.at_us), -taken))
            left -= taken
    if left > 1e-9:
        counted = -quantity - left
        start = format_utc(span.first_bucket_us)
        end = format_utc(span.last_bucket_us + BUCKET_US)
        raise Problem(
            422,
            "more_than_counted",
            Sentence(
                "shop_floor.more_than_counted",
                quantity=-quantity,
                kind=kind,
                start=start,
                end=end,
                counted=counted,
            ),
            Sentence("shop_floor.send_smaller_quantity"),
            errors=[{"pointer": "/body/quantity", "code": "more_than_counted", "detail": kind}],
        )
    return parts


async def add_rows(
    session: WriteSession, parts: Sequence[tuple[int, float]], values: Mapping[str, Any],
    root_id: int | None,
) -> int:  # fmt: skip
    """Add the rows of one quantity; return the id of its root."""
    for at_us, quantity in parts:
        insert = sa.insert(quantity_entries).values(
            **values, at=instant_of(at_us), quantity=quantity, root_id=root_id
        )
        added = await session.scalar(insert.returning(_Q.id))
        root_id = added if root_id is None else root_id
    assert root_id is not None  # noqa: S101 - there is at least one part
    await mark(session, values["equipment_id"], [at_us for at_us, _ in parts])
    return root_id


async def load_rows(session: WriteSession, root_id: int) -> list[sa.RowMapping]:
    """Lock and return all rows of a quantity, in force or not, with the path of the machine."""
    query = (
        sa.select(quantity_entries, equipment.c.path)
        .join(equipment, equipment.c.id == _Q.equipment_id)
        .where(ROOT.in_([root_id]))
        .order_by(_Q.id)
        .with_for_update(of=quantity_entries)
    )
    return list((await session.execute(query)).mappings().all())


async def end_rows(session: WriteSession, rows: Sequence[sa.RowMapping], change_id: int) -> None:
    await session.execute(
        sa.update(quantity_entries)
        .where(_Q.id.in_([row["id"] for row in rows]))
        .values(known_to=sa.func.clock_timestamp(), ended_by=change_id)
    )
    if rows:
        await mark(session, rows[0]["equipment_id"], [microseconds_of(r["at"]) for r in rows])


async def restore_rows(session: WriteSession, rows: Sequence[sa.RowMapping], root_id: int) -> None:
    """Enter rows again that a change had ended, as they were."""
    if rows:
        copies = [{name: row[name] for name in _COPIED} | {"root_id": root_id} for row in rows]
        await session.execute(sa.insert(quantity_entries), copies)
        await mark(session, rows[0]["equipment_id"], [microseconds_of(r["at"]) for r in rows])


async def mark(session: WriteSession, equipment_id: int, at_us: Sequence[int]) -> None:
    for bucket_us in sorted({bucket_of(at - 1) for at in at_us}):
        at = instant_of(bucket_us)
        await session.execute(
            sa.text(MARK_BUCKETS_BETWEEN), {"equipment_id": equipment_id, "start": at, "end": at}
        )


def last_change_of(rows: Sequence[sa.RowMapping]) -> int:
    """Return the number of the last change of a quantity: its version."""
    in_force = [row["change_id"] or 0 for row in rows if row["known_to"] is None]
    return max(in_force or [row["ended_by"] or 0 for row in rows], default=0)
