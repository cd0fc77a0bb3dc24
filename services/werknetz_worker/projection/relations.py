"""Which scheduling agreement an event belongs to: supplier, material, site and dock.

Call-offs say all four. Despatch advices and receipts often say less: they belong to the one
called-off relation that fits what they say, if there is exactly one. So that this does not depend
on who came first, a relation that is called off for the first time has its siblings' events
projected again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from werknetz.store.projection import relations as statements
from werknetz.store.session import WriteConnection

Relation = tuple[int, int, int | None, str]  # supplier, material, site, dock


async def entered(connection: WriteConnection, wanted: Iterable[Relation]) -> dict[Relation, int]:
    """Return the ids of relations, entering new ones."""
    rows = sorted(set(wanted), key=lambda one: (one[0], one[1], one[2] or 0, one[3]))
    if not rows:
        return {}
    columns = [[row[number] for row in rows] for number in range(4)]
    found = _read(await connection.fetch(statements.FIND_RELATIONS, *columns))
    if len(found) < len(rows):
        await connection.execute(statements.ADD_RELATIONS, *columns)
        found = _read(await connection.fetch(statements.FIND_RELATIONS, *columns))
    return found


async def called(
    connection: WriteConnection, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[Relation, int]]]:
    """Return the relations of (supplier, material) that are called off."""
    wanted = sorted(set(pairs))
    found: dict[tuple[int, int], list[tuple[Relation, int]]] = defaultdict(list)
    if wanted:
        rows = await connection.fetch(
            statements.FIND_CALLED_OFF_RELATIONS,
            [one[0] for one in wanted],
            [one[1] for one in wanted],
        )
        for relation, number in _read(rows).items():
            found[relation[0], relation[1]].append((relation, number))
    return found


def fitting(exact: Relation, candidates: Sequence[tuple[Relation, int]]) -> int | None:
    """Return the one called-off relation that fits what an event says; None: none, or several."""
    fits = [
        number
        for relation, number in candidates
        if (exact[2] is None or exact[2] == relation[2])
        and (not exact[3] or exact[3] == relation[3])
    ]
    same = [number for relation, number in candidates if relation == exact]
    return same[0] if same else fits[0] if len(fits) == 1 else None


async def not_called(connection: WriteConnection, relations: Iterable[int]) -> list[int]:
    """Return those that no call-off names yet."""
    wanted = sorted(set(relations))
    return (
        [
            row[0]
            for row in await connection.fetch(statements.FIND_RELATIONS_WITHOUT_CALL_OFF, wanted)
        ]
        if wanted
        else []
    )


async def siblings_again(connection: WriteConnection, new: Sequence[int]) -> None:
    if new:
        await connection.execute(statements.REPROJECT_SIBLINGS, new)


async def by_note(
    connection: WriteConnection, notes: Iterable[str | None]
) -> dict[str, list[tuple[int, int]]]:
    """Return by delivery note the (material, relation) that its despatch advice names alone."""
    wanted = sorted({note for note in notes if note})
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    if wanted:
        for note, material, relation, count in await connection.fetch(
            statements.FIND_RELATIONS_BY_DELIVERY_NOTE, wanted
        ):
            if count == 1:
                found[note].append((material, relation))
    return found


async def receipts_again(
    connection: WriteConnection, notes: Iterable[str | None], but: Iterable[UUID]
) -> None:
    """Project receipts again that name no supplier: their despatch advice says whose they are."""
    wanted = sorted({note for note in notes if note})
    if wanted:
        await connection.execute(statements.REPROJECT_RECEIPTS, wanted, list(but))


def _read(rows: Iterable[asyncpg.Record]) -> dict[Relation, int]:
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
