"""Loads the targets in force."""

import sqlalchemy as sa

from werknetz.store.session import ReadSession
from werknetz.store.tables import targets
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.measure import ScopeSums
from werknetz_core.targets.report import StoredTarget


async def load_targets(session: ReadSession, key: str | None = None) -> list[StoredTarget]:
    """Return the targets in force by key; with `key` that one, if there is one."""
    query = sa.select(targets).where(targets.c.withdrawn_at.is_(None)).order_by(targets.c.key)
    if key is not None:
        query = query.where(targets.c.key == key)
    rows = (await session.execute(query)).mappings().all()
    return [_stored_target_of(row) for row in rows]


def is_by_attendance(target: StoredTarget) -> bool:
    """Return whether its input is attended time, of which no watermark says that it changed."""
    return target.definition.input == "attended_hours"


def _stored_target_of(row: sa.RowMapping) -> StoredTarget:
    return StoredTarget(
        row["id"], row["key"], row["name"], TargetDefinition.parse(row["document"]),
        ScopeSums.parse(row["baseline"]), row["created_at"], row["created_by"], row["changed_at"],
        row["standards_frozen_at"],
    )  # fmt: skip
