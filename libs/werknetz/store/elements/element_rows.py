"""Statements over elements, their revisions, state pieces and orders of machines."""

from typing import Final

from werknetz.store.tables import ELEMENT_COLUMNS

_INSTANT: Final = "timestamptz 'epoch' + {} * interval '1 microsecond'"

_COLUMNS: Final = ", ".join(ELEMENT_COLUMNS)

FIND_ELEMENTS: Final = f"""
SELECT bucket_at, carry, provisional, computed_at, revision, {_COLUMNS} FROM elements
WHERE equipment_id = $1 AND bucket_at >= $2 AND bucket_at < $3"""  # noqa: S608 - our own names

LAST_ELEMENTS_BEFORE: Final = """
SELECT bucket_at, carry FROM elements WHERE equipment_id = $1 AND bucket_at < $2
ORDER BY bucket_at DESC LIMIT 1"""

ADD_REVISIONS: Final = """
INSERT INTO element_revisions (equipment_id, bucket_at, revision, elements, known_from, known_to)
SELECT equipment_id, bucket_at, revision,
    to_jsonb(e) - '{equipment_id,bucket_at,revision,carry,computed_at}'::text[],
    computed_at, clock_timestamp()
FROM elements e WHERE equipment_id = $1 AND bucket_at = ANY($2)
ON CONFLICT DO NOTHING"""

# Where only the carry is another one, the sums are known since they were computed.
UPSERT_ELEMENTS: Final = f"""
INSERT INTO elements (equipment_id, bucket_at, carry, provisional, revision, computed_at, {
    _COLUMNS
})
SELECT $1, n.bucket_at, n.carry::jsonb, n.provisional, n.revision, clock_timestamp(), {
    ", ".join(f"n.{name}" for name in ELEMENT_COLUMNS)
}
FROM unnest($2::timestamptz[], $3::text[], $4::bool[], $5::int[], {
    ", ".join(f"${number}::float8[]" for number in range(6, 6 + len(ELEMENT_COLUMNS)))
}) AS n (bucket_at, carry, provisional, revision, {_COLUMNS})
ON CONFLICT (equipment_id, bucket_at) DO UPDATE SET carry = excluded.carry,
    provisional = excluded.provisional, revision = excluded.revision,
    computed_at = CASE WHEN elements.provisional = excluded.provisional AND {
    " AND ".join(f"elements.{name} = excluded.{name}" for name in ELEMENT_COLUMNS)
} THEN elements.computed_at ELSE excluded.computed_at END, {
    ", ".join(f"{name} = excluded.{name}" for name in ELEMENT_COLUMNS)
}"""  # noqa: S608 - our own names

_PIECE: Final = "start_at, end_at, state, category, code, order_number"
_NEW_PIECES: Final = f"""
SELECT {_INSTANT.format("s")} AS start_at, {_INSTANT.format("e")} AS end_at, state, category, code,
    order_number
FROM unnest($2::bigint[], $3::bigint[], $4::int2[], $5::text[], $6::text[], $7::text[])
    AS n (s, e, state, category, code, order_number)"""  # noqa: S608 - our own names
_OLD_PIECES: Final = f"""
SELECT {_PIECE} FROM state_pieces
WHERE equipment_id = $1 AND start_at >= $8 AND start_at < $9"""  # noqa: S608 - our own names

# Before the elements and pieces of a span ($8 to $9) are written: the pieces of each bucket that
# had settled and gets others.
ADD_PIECE_REVISIONS: Final = f"""
WITH changed AS (
    SELECT DISTINCT date_bin('15 minutes', start_at, timestamptz 'epoch') AS bucket_at FROM (
        (({_OLD_PIECES}) EXCEPT ({_NEW_PIECES})) UNION ALL
        (({_NEW_PIECES}) EXCEPT ({_OLD_PIECES}))) AS pieces)
INSERT INTO state_piece_revisions (equipment_id, {_PIECE}, bucket_at, known_to)
SELECT p.equipment_id, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number,
    e.bucket_at, now()
FROM changed JOIN elements e ON e.equipment_id = $1 AND e.bucket_at = changed.bucket_at
    AND NOT e.provisional
JOIN state_pieces p ON p.equipment_id = $1 AND p.start_at >= e.bucket_at
    AND p.start_at < e.bucket_at + interval '15 minutes'"""  # noqa: S608 - as above

DELETE_STATE_PIECES: Final = """
DELETE FROM state_pieces WHERE equipment_id = $1 AND start_at >= $2 AND start_at < $3"""

INSERT_STATE_PIECES: Final = f"""
INSERT INTO state_pieces (equipment_id, {_PIECE}) SELECT $1, n.* FROM ({_NEW_PIECES}) AS n"""  # noqa: S608 - as above

UPSERT_ORDERS: Final = f"""
INSERT INTO orders AS old (equipment_id, order_number, started_at, ended_at, planned_run_s_per_item)
SELECT $1, n.number, {_INSTANT.format("n.s")}, {_INSTANT.format("n.e")}, n.run_time
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[]) AS n (number, s, e, run_time)
ON CONFLICT (equipment_id, order_number) DO UPDATE SET
    started_at = least(old.started_at, excluded.started_at),
    ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL
        ELSE greatest(old.ended_at, excluded.ended_at) END,
    planned_run_s_per_item = coalesce(excluded.planned_run_s_per_item, old.planned_run_s_per_item)
"""  # noqa: S608 - our own names

DELETE_OLD_REVISIONS: Final = "DELETE FROM element_revisions WHERE known_to < $1"
DELETE_OLD_PIECE_REVISIONS: Final = "DELETE FROM state_piece_revisions WHERE known_to < $1"
