"""Which scheduling agreement an event belongs to: supplier, material, site and dock.

Call-offs say all four. Despatch advices and receipts often say less: they belong to the one
called-off relation that fits what they say, if there is exactly one. So that this does not depend
on who came first, a relation that is called off for the first time has its siblings' events
projected again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from werknetz.store.session import WriteConnection

_FIND: Final = """
SELECT r.supplier_id, r.material_id, r.site_id, r.dock, r.id FROM supply_relations r
JOIN unnest($1::int[], $2::int[], $3::int[], $4::text[]) AS n (supplier, material, site, dock)
    ON r.supplier_id = n.supplier AND r.material_id = n.material
    AND r.site_id IS NOT DISTINCT FROM n.site AND r.dock = n.dock"""
_ADD: Final = """
INSERT INTO supply_relations (supplier_id, material_id, site_id, dock)
SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING"""
_CALLED: Final = """
SELECT r.supplier_id, r.material_id, r.site_id, r.dock, r.id FROM supply_relations r
JOIN unnest($1::int[], $2::int[]) AS n (supplier, material)
    ON r.supplier_id = n.supplier AND r.material_id = n.material
WHERE EXISTS (
    SELECT FROM call_off_entries c WHERE c.relation_id = r.id AND c.known_to IS NULL)"""
_UNCALLED: Final = """
SELECT id FROM unnest($1::int[]) AS n (id) WHERE NOT EXISTS (
    SELECT FROM call_off_entries c WHERE c.relation_id = n.id AND c.known_to IS NULL)"""
_SIBLINGS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT f.event_id FROM supply_relations new
JOIN supply_relations r ON r.supplier_id = new.supplier_id AND r.material_id = new.material_id
CROSS JOIN LATERAL (
    SELECT event_id FROM shipment_lines WHERE relation_id = r.id AND known_to IS NULL
    UNION ALL
    SELECT event_id FROM receipt_lines WHERE relation_id = r.id AND known_to IS NULL) AS f
WHERE new.id = ANY($1::int[])"""
_BY_NOTE: Final = """
SELECT s.note, r.material_id, min(r.id), count(DISTINCT r.id) FROM (
    SELECT delivery_note AS note, relation_id FROM shipment_lines
    WHERE delivery_note = ANY($1::text[]) AND known_to IS NULL
    UNION
    SELECT document, relation_id FROM shipment_lines
    WHERE document = ANY($1::text[]) AND known_to IS NULL) AS s
JOIN supply_relations r ON r.id = s.relation_id GROUP BY s.note, r.material_id"""

Relation = tuple[int, int, int | None, str]  # supplier, material, site, dock


async def entered(connection: WriteConnection, wanted: Iterable[Relation]) -> dict[Relation, int]:
    """Return the ids of relations, entering new ones."""
    rows = sorted(set(wanted), key=lambda one: (one[0], one[1], one[2] or 0, one[3]))
    if not rows:
        return {}
    columns = [[row[number] for row in rows] for number in range(4)]
    found = _read(await connection.fetch(_FIND, *columns))
    if len(found) < len(rows):
        await connection.execute(_ADD, *columns)
        found = _read(await connection.fetch(_FIND, *columns))
    return found


async def called(
    connection: WriteConnection, pairs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], list[tuple[Relation, int]]]:
    """Return the relations of (supplier, material) that are called off."""
    wanted = sorted(set(pairs))
    found: dict[tuple[int, int], list[tuple[Relation, int]]] = defaultdict(list)
    if wanted:
        rows = await connection.fetch(
            _CALLED, [one[0] for one in wanted], [one[1] for one in wanted]
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
    return [row[0] for row in await connection.fetch(_UNCALLED, wanted)] if wanted else []


async def siblings_again(connection: WriteConnection, new: Sequence[int]) -> None:
    if new:
        await connection.execute(_SIBLINGS, new)


async def by_note(
    connection: WriteConnection, notes: Iterable[str | None]
) -> dict[str, list[tuple[int, int]]]:
    """Return by delivery note the (material, relation) that its despatch advice names alone."""
    wanted = sorted({note for note in notes if note})
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    if wanted:
        for note, material, relation, count in await connection.fetch(_BY_NOTE, wanted):
            if count == 1:
                found[note].append((material, relation))
    return found


async def receipts_again(
    connection: WriteConnection, notes: Iterable[str | None], but: Iterable[UUID]
) -> None:
    """Project receipts again that name no supplier: their despatch advice says whose they are."""
    wanted = sorted({note for note in notes if note})
    if wanted:
        await connection.execute(_RECEIPTS, wanted, list(but))


_RECEIPTS: Final = """
INSERT INTO events_to_project (event_id)
SELECT DISTINCT event_id FROM receipt_lines
WHERE supplier_id IS NULL AND known_to IS NULL AND event_id <> ALL($2::uuid[])
    AND (delivery_note = ANY($1::text[]) OR shipment = ANY($1::text[]))"""


def _read(rows: Iterable[asyncpg.Record]) -> dict[Relation, int]:
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}
