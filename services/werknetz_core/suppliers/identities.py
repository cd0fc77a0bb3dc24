"""Whose a number or name is. One that is given to another takes its events along."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from werknetz.store.master_data import AGAIN_OF_PARTNERS, AGAIN_OF_SITES
from werknetz.store.session import WriteSession
from werknetz.store.supply import partner_identities, site_identities

_TABLES: Final = {
    "partner_id": (partner_identities, AGAIN_OF_PARTNERS),
    "site_id": (site_identities, AGAIN_OF_SITES),
}


async def give(session: WriteSession, column: str, owner: int, values: Sequence[str]) -> list[int]:
    """Make these values the owner's and no others; return whose events are read again.

    A value that is taken away belongs to nobody: what uses it is discovered anew.
    """
    table, again = _TABLES[column]
    wanted = sorted(set(values))
    whose = table.c[column]
    rows = (
        await session.execute(
            sa.select(table.c.value, whose)
            .where(sa.or_(whose == owner, table.c.value.in_(wanted)))
            .order_by(table.c.value)
            .with_for_update()
        )
    ).all()
    known: dict[str, int] = {row[0]: row[1] for row in rows}
    gone = [value for value, number in known.items() if number == owner and value not in wanted]
    moved = [value for value in wanted if known.get(value) != owner]
    changed = {owner, *(number for value, number in known.items() if value in moved)}
    if gone:
        await session.execute(sa.delete(table).where(table.c.value.in_(gone)))
    kept = [value for value in wanted if value in known]
    if kept:
        await session.execute(
            sa.update(table)
            .where(table.c.value.in_(kept))
            .values({column: owner, "discovered": False})
        )
    if new := [value for value in wanted if value not in known]:
        await session.execute(
            sa.insert(table),
            [{"value": value, column: owner, "discovered": False} for value in new],
        )
    if not gone and not moved:
        return []
    await session.execute(sa.text(again), {"ids": sorted(changed)})
    return sorted(changed)
