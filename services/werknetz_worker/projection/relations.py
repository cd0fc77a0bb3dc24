"""The supply relation (scheduling agreement) of an event: supplier, material, site and dock.

Call-offs name all four. Despatch advices and receipts often name fewer: they belong to the only
called-off relation that matches. When a relation gets its first call-off, or its last one is
withdrawn, the events of its siblings are projected again, so that the order of arrival does not
matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from werknetz.store.projection import relations as statements
from werknetz.store.session import WriteConnection

Relation = tuple[int, int, int | None, str]  # supplier, material, site, dock


async def find_or_add_relations(
    connection: WriteConnection, relations: Iterable[Relation]
) -> dict[Relation, int]:
    """Return the ids of relations; add new ones."""
    rows = sorted(
        set(relations),
        key=lambda relation: (relation[0], relation[1], relation[2] or 0, relation[3]),
    )
    if not rows:
        return {}
    columns = [[row[number] for row in rows] for number in range(4)]
    ids = _ids_by_relation(await connection.fetch(statements.FIND_RELATIONS, *columns))
    if len(ids) < len(rows):
        await connection.execute(statements.ADD_RELATIONS, *columns)
        ids = _ids_by_relation(await connection.fetch(statements.FIND_RELATIONS, *columns))
    return ids


async def find_called_off(
    connection: WriteConnection, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[Relation, int]]]:
    """Return the called-off relations of each (supplier, material)."""
    ordered = sorted(set(pairs))
    by_pair: dict[tuple[int, int], list[tuple[Relation, int]]] = defaultdict(list)
    if ordered:
        rows = await connection.fetch(
            statements.FIND_CALLED_OFF_RELATIONS,
            [pair[0] for pair in ordered],
            [pair[1] for pair in ordered],
        )
        for relation, number in _ids_by_relation(rows).items():
            by_pair[relation[0], relation[1]].append((relation, number))
    return by_pair


def match_relation(exact: Relation, candidates: Sequence[tuple[Relation, int]]) -> int | None:
    """Return the only called-off relation that matches an event; None: none, or several."""
    fits = [
        number
        for relation, number in candidates
        if (exact[2] is None or exact[2] == relation[2])
        and (not exact[3] or exact[3] == relation[3])
    ]
    same = [number for relation, number in candidates if relation == exact]
    return same[0] if same else fits[0] if len(fits) == 1 else None


async def without_call_off(connection: WriteConnection, relations: Iterable[int]) -> list[int]:
    """Return those without a call-off."""
    ordered = sorted(set(relations))
    return (
        [
            row[0]
            for row in await connection.fetch(statements.FIND_RELATIONS_WITHOUT_CALL_OFF, ordered)
        ]
        if ordered
        else []
    )


async def reproject_siblings(connection: WriteConnection, changed: Sequence[int]) -> None:
    """Project shipments and receipts beside relations again that are called off now, or no more."""
    if changed:
        await connection.execute(statements.REPROJECT_SIBLINGS, changed)


async def find_by_delivery_note(
    connection: WriteConnection, notes: Iterable[str | None]
) -> dict[str, list[tuple[int, int]]]:
    """Return by delivery note the (material, relation) that its despatch advice determines."""
    ordered = sorted({note for note in notes if note})
    by_note: dict[str, list[tuple[int, int]]] = defaultdict(list)
    if ordered:
        for note, material, relation, count in await connection.fetch(
            statements.FIND_RELATIONS_BY_DELIVERY_NOTE, ordered
        ):
            if count == 1:
                by_note[note].append((material, relation))
    return by_note


async def reproject_receipts(
    connection: WriteConnection, notes: Iterable[str | None], but: Iterable[UUID]
) -> None:
    """Project receipts without a supplier again: their despatch advice names it."""
    ordered = sorted({note for note in notes if note})
    if ordered:
        await connection.execute(statements.REPROJECT_RECEIPTS, ordered, list(but))


def _ids_by_relation(rows: Iterable[asyncpg.Record]) -> dict[Relation, int]:
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
