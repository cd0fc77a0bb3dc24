"""Stops to which people gave a reason of down time without an order are computed again.

Since the count of such stops follows the category of their reason, rows from before may have them
as delays. Marked are the buckets in which such an entry is in force, and no others.
"""

from alembic import op

revision = "0032"
down_revision = "0028"
branch_labels = None
depends_on = None

# Of entries that overlap, the one with the higher id is in force. A reason of the plant goes before
# one of the standard with the same code. Buckets whose samples were dropped keep what they have.
_MARK = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT DISTINCT e.equipment_id, b.bucket_at
FROM state_entries e JOIN equipment m ON m.id = e.equipment_id
CROSS JOIN LATERAL (
    SELECT r.category FROM reasons r LEFT JOIN equipment p ON p.id = r.equipment_id
    WHERE r.code = e.reason AND r.kind = 'stop'
        AND (p.id IS NULL OR starts_with(m.path, p.path || '/'))
    ORDER BY p.id NULLS LAST LIMIT 1) AS reason
CROSS JOIN LATERAL (
    SELECT x.bucket_at, tstzrange(greatest(e.start_at, x.bucket_at),
        least(e.end_at, x.bucket_at + interval '15 minutes')) AS part
    FROM elements x
    WHERE x.equipment_id = e.equipment_id AND x.bucket_at < e.end_at
        AND x.bucket_at > e.start_at - interval '15 minutes'
        AND x.bucket_at >= coalesce((SELECT dropped_before FROM retentions
            WHERE table_name = 'samples'), '-infinity')) AS b
WHERE e.known_to IS NULL AND e.start_at < e.end_at AND reason.category = 'adot'
    AND NOT b.part <@ coalesce((
        SELECT range_agg(tstzrange(l.start_at, l.end_at)) FROM state_entries l
        WHERE l.equipment_id = e.equipment_id AND l.known_to IS NULL AND l.id > e.id
            AND l.start_at < l.end_at AND tstzrange(l.start_at, l.end_at) && b.part),
        tstzmultirange())
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def upgrade() -> None:
    op.execute(_MARK)


def downgrade() -> None:
    """Values stay: they are computed from the same rows."""
