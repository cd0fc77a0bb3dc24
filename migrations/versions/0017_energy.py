"""Energy: carriers with their factors, the carrier of a meter, and elements of energy.

Signals of the role `energy` were only stored. What they measured is computed from their first
stored sample on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0019"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_ELEMENTS = (
    "energy_kwh", "energy_exchange_kwh", "energy_unallocated_kwh", "co2_kg", "energy_known_s",
    "co2_known_s", "energy_pq_known_s", "energy_pq", "energy_of_pq_kwh", "co2_of_pq_kg",
)  # fmt: skip

# A worker computes on from there, because the meter counts on in each later bucket.
_MARK_FIRST_SAMPLES = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT DISTINCT s.equipment_id, date_bin('15 minutes', x.at, timestamptz 'epoch')
FROM signals s CROSS JOIN LATERAL (
    SELECT at FROM samples WHERE signal_id = s.id ORDER BY at LIMIT 1) AS x
WHERE s.role = 'energy' AND s.equipment_id IS NOT NULL
ORDER BY 1, 2
ON CONFLICT (equipment_id, bucket_at)
    DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""


def upgrade() -> None:
    for table in ("elements", "element_sums"):
        columns = ", ".join(
            f"ADD COLUMN {name} double precision NOT NULL DEFAULT 0" for name in _ELEMENTS
        )
        op.execute(f"ALTER TABLE {table} {columns}")
    op.add_column("signals", sa.Column("carrier", sa.Text()))
    # A meter that falls was replaced or reset, as a count is.
    op.execute(
        "UPDATE signals SET counter_reset = 'to_zero'"
        " WHERE role = 'energy' AND counter_reset = 'none'"
    )
    op.create_table(
        "energy_carriers",
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("valid_from", _AT, nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kwh_per_unit", sa.Double(), nullable=False),
        sa.Column("co2_kg_per_unit", sa.Double()),
        sa.Column("delivered", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", _AT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "carrier", "valid_from"),
        sa.CheckConstraint("kwh_per_unit >= 0", name="kwh_per_unit"),
        sa.CheckConstraint("co2_kg_per_unit >= 0", name="co2_kg_per_unit"),
    )
    op.execute(_MARK_FIRST_SAMPLES)


def downgrade() -> None:
    op.drop_table("energy_carriers")
    op.drop_column("signals", "carrier")
    for table in ("elements", "element_sums"):
        for name in _ELEMENTS:
            op.drop_column(table, name)
