"""Elements by production order.

A bucket in which one order ran belongs to it. Buckets in which the order changed are computed again
where their samples are still there; of older ones, no order has a share.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)

_WHOLE_BUCKETS = """
INSERT INTO order_elements (equipment_id, bucket_at, order_number)
SELECT equipment_id, date_bin('15 minutes', start_at, timestamptz 'epoch'), min(order_number)
FROM state_pieces GROUP BY 1, 2
HAVING count(*) = count(order_number) AND min(order_number) = max(order_number)"""

_COMPUTE_CUT_BUCKETS = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT equipment_id, date_bin('15 minutes', start_at, timestamptz 'epoch') FROM state_pieces
WHERE start_at >= coalesce(
    (SELECT dropped_before FROM retentions WHERE table_name = 'samples'), '-infinity')
GROUP BY 1, 2
HAVING count(order_number) > 0
    AND (count(*) > count(order_number) OR min(order_number) < max(order_number))
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def upgrade() -> None:
    op.create_table(
        "order_elements",
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("bucket_at", _AT, nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("elements", pg.JSONB()),
        sa.PrimaryKeyConstraint("equipment_id", "bucket_at", "order_number"),
    )
    op.create_index(
        "ix_order_elements_order_number",
        "order_elements",
        ["order_number", "equipment_id", "bucket_at"],
    )
    op.execute(_WHOLE_BUCKETS)
    op.execute(_COMPUTE_CUT_BUCKETS)


def downgrade() -> None:
    op.drop_table("order_elements")
