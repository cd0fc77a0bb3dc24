"""Scrap of start-ups as elements of their own, and thresholds that say what a start-up is.

Rows in place get the scrap of each quarter of an hour in which a set-up or time without a shift
ends, as it was shown before. Every bucket whose samples are still there is computed again, exactly.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

_ELEMENTS = ("start_up_sq", "start_up_pri_sq_s")
_THRESHOLDS = ("start_up_s", "start_up_items", "start_up_after_stop_s")

_RUN_IN = """
SELECT e.equipment_id, e.bucket_at, e.sq, e.judged_pri_pq_s - e.judged_pri_gq_s AS scrap_s
FROM elements e
WHERE e.judged_pri_pq_s > e.judged_pri_gq_s AND EXISTS (
    SELECT FROM state_pieces p WHERE p.equipment_id = e.equipment_id
    AND p.category IN ('aust', 'off_shift')
    AND p.start_at >= e.bucket_at - interval '15 minutes'
    AND p.start_at < e.bucket_at + interval '15 minutes'
    AND p.end_at >= e.bucket_at AND p.end_at < e.bucket_at + interval '15 minutes'
    AND NOT EXISTS (SELECT FROM state_pieces f WHERE f.equipment_id = p.equipment_id
        AND f.start_at = p.end_at AND f.category = p.category))"""

# What an order has of a bucket has its own scrap.
_ESTIMATE_ORDERS = f"""
UPDATE order_elements o SET elements = o.elements || jsonb_build_object(
    'start_up_sq', coalesce((o.elements ->> 'sq')::float8, 0),
    'start_up_pri_sq_s', coalesce((o.elements ->> 'judged_pri_pq_s')::float8, 0)
        - coalesce((o.elements ->> 'judged_pri_gq_s')::float8, 0))
FROM ({_RUN_IN}) AS r
WHERE o.elements IS NOT NULL AND o.equipment_id = r.equipment_id AND o.bucket_at = r.bucket_at"""  # noqa: S608 - made of constants

_ESTIMATE = f"""
UPDATE elements e SET start_up_sq = r.sq, start_up_pri_sq_s = r.scrap_s FROM ({_RUN_IN}) AS r
WHERE e.equipment_id = r.equipment_id AND e.bucket_at = r.bucket_at"""  # noqa: S608 - as above

_COMPUTE_AGAIN = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT equipment_id, bucket_at FROM elements
WHERE bucket_at >= coalesce(
    (SELECT dropped_before FROM retentions WHERE table_name = 'samples'), '-infinity')
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def upgrade() -> None:
    for table in ("elements", "element_sums"):
        columns = ", ".join(
            f"ADD COLUMN {name} double precision NOT NULL DEFAULT 0" for name in _ELEMENTS
        )
        op.execute(f"ALTER TABLE {table} {columns}")
    for name in _THRESHOLDS:
        op.add_column("stop_thresholds", sa.Column(name, sa.Double()))
    op.execute(_ESTIMATE_ORDERS)
    op.execute(_ESTIMATE)
    op.execute(_COMPUTE_AGAIN)


def downgrade() -> None:
    for name in _THRESHOLDS:
        op.drop_column("stop_thresholds", name)
    for table in ("elements", "element_sums"):
        for name in _ELEMENTS:
            op.drop_column(table, name)
