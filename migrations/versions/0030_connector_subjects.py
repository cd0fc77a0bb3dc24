"""What the events of a connector are about: a plant's key can see connectors without signals.

Filled from the facts that are stored, so that keys of one plant see former events at once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None

_FILL = """
INSERT INTO connector_subjects (connector_id, relation_id, warehouse_id, equipment_id)
SELECT DISTINCT b.connector_id, f.relation_id, f.warehouse_id, f.equipment_id
FROM business_events b JOIN (
    SELECT event_id, relation_id, NULL::int AS warehouse_id, NULL::int AS equipment_id
    FROM call_off_entries
    UNION ALL SELECT event_id, relation_id, NULL, NULL FROM shipment_lines
    UNION ALL SELECT event_id, relation_id, NULL, NULL FROM receipt_lines
    UNION ALL SELECT event_id, NULL, warehouse_id, NULL FROM receipt_lines
    UNION ALL SELECT t.event_id, NULL, i.warehouse_id, NULL
        FROM stock_counts t JOIN stock_items i ON i.id = t.stock_item_id
    UNION ALL SELECT t.event_id, NULL, i.warehouse_id, NULL
        FROM stock_movements t JOIN stock_items i ON i.id = t.stock_item_id
    UNION ALL SELECT event_id, NULL, NULL, equipment_id FROM consumptions
    UNION ALL SELECT event_id, NULL, NULL, equipment_id FROM inspections
    UNION ALL SELECT event_id, NULL, NULL, equipment_id FROM machine_reports
    UNION ALL SELECT unnest(event_ids), NULL, NULL, equipment_id FROM job_runs
) f USING (event_id)
WHERE num_nonnulls(f.relation_id, f.warehouse_id, f.equipment_id) > 0"""


def upgrade() -> None:
    op.create_table(
        "connector_subjects",
        sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
        sa.Column(
            "relation_id", sa.Integer, sa.ForeignKey("supply_relations.id", ondelete="CASCADE")
        ),
        sa.Column("warehouse_id", sa.Integer, sa.ForeignKey("warehouses.id", ondelete="CASCADE")),
        sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id", ondelete="CASCADE")),
        sa.UniqueConstraint(
            "connector_id", "relation_id", "warehouse_id", "equipment_id",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint(
            "num_nonnulls(relation_id, warehouse_id, equipment_id) = 1", name="one_subject"
        ),
    )  # fmt: skip
    op.execute(_FILL)


def downgrade() -> None:
    op.drop_table("connector_subjects")
