"""Statements about buckets outside the time of a machine. $1: the machine; $2: the buckets."""

from typing import Final

from werknetz.store.dirty import mark_buckets

DELETE_ELEMENTS: Final = "DELETE FROM elements WHERE equipment_id = $1 AND bucket_at = ANY($2)"

DELETE_STATE_PIECES: Final = """
DELETE FROM state_pieces p USING unnest($2::timestamptz[]) AS b (at)
WHERE p.equipment_id = $1 AND p.start_at >= b.at AND p.start_at < b.at + interval '15 minutes'"""

DELETE_ORDER_ELEMENTS: Final = (
    "DELETE FROM order_elements WHERE equipment_id = $1 AND bucket_at = ANY($2)"
)

# A machine that was moved: its other place has the time before or after.
MARK_OTHER_PLACE: Final = mark_buckets("""
SELECT CASE WHEN b.at >= m.valid_to THEN m.moved_to ELSE m.moved_from END, b.at
FROM equipment m CROSS JOIN unnest($2::timestamptz[]) AS b (at)
WHERE m.id = $1 AND CASE WHEN b.at >= m.valid_to THEN m.moved_to ELSE m.moved_from END
    IS NOT NULL""")
