"""Numbers and names that messages use for partners and sites."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from werknetz.store.master_data import AGAIN_OF_PARTNERS, AGAIN_OF_SITES
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables.supply import partner_identities, site_identities

_TABLES: Final = {
    "partner_id": (partner_identities, AGAIN_OF_PARTNERS),
    "site_id": (site_identities, AGAIN_OF_SITES),
}


async def load_identities(session: ReadSession, owner_column: str, owner_id: int) -> list[str]:
    """Return the identities of an owner, for the audit log."""
    table, _ = _TABLES[owner_column]
    query = sa.select(table.c.value).where(table.c[owner_column] == owner_id)
    return list((await session.scalars(query.order_by(table.c.value))).all())


async def set_identities(
    session: WriteSession, owner_column: str, owner_id: int, values: Sequence[str]
) -> list[int]:
    """Replace the owner's identities; return the owners whose events are projected again.

    An identity that another owner had moves here with its events. One that is removed belongs to
    nobody: the next event that uses it creates a new owner.
    """
    table, project_again = _TABLES[owner_column]
    new_values = sorted(set(values))
    owner_of = table.c[owner_column]
    rows = (
        await session.execute(
            sa.select(table.c.value, owner_of)
            .where(sa.or_(owner_of == owner_id, table.c.value.in_(new_values)))
            .order_by(table.c.value)
            .with_for_update()
        )
    ).all()
    owners: dict[str, int] = {row[0]: row[1] for row in rows}
    removed = [v for v, owner in owners.items() if owner == owner_id and v not in new_values]
    moved = [value for value in new_values if owners.get(value) != owner_id]
    changed = {owner_id, *(owner for value, owner in owners.items() if value in moved)}
    if removed:
        await session.execute(sa.delete(table).where(table.c.value.in_(removed)))
    existing = [value for value in new_values if value in owners]
    if existing:
        await session.execute(
            sa.update(table)
            .where(table.c.value.in_(existing))
            .values({owner_column: owner_id, "discovered": False})
        )
    if added := [value for value in new_values if value not in owners]:
        await session.execute(
            sa.insert(table),
            [{"value": value, owner_column: owner_id, "discovered": False} for value in added],
        )
    if not removed and not moved:
        return []
    await session.execute(sa.text(project_again), {"ids": sorted(changed)})
    return sorted(changed)
