"""Inspections of parts, and equipment production capacity: inputs of further KPIs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_CONSUMPTIONS_INDEX = "ix_consumptions_equipment_id_at"

# The projector derives the rows of the inspections that are there already.
_PROJECT_INSPECTIONS = """
INSERT INTO events_to_project (event_id)
SELECT event_id FROM business_events WHERE kind = 'quality_inspected'"""


def upgrade() -> None:
    op.create_table(
        "inspections",
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("known_from", _AT, nullable=False),
        sa.Column("known_to", _AT),
        sa.Column("at", _AT, nullable=False),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id")),
        sa.Column("equipment", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text())
            for name in ("serial_number", "characteristic", "unit", "defect", "order_number")
        ),
        *(sa.Column(name, sa.Double()) for name in ("value", "lower_limit", "upper_limit")),
        sa.Column("is_good", sa.Boolean()),
        sa.PrimaryKeyConstraint("event_id", "revision"),
    )
    op.create_index("ix_inspections_equipment_id_at", "inspections", ["equipment_id", "at"])
    op.create_index(
        "ix_inspections_equipment_id_serial_number",
        "inspections",
        ["equipment_id", "serial_number"],
        postgresql_where=sa.text("serial_number IS NOT NULL"),
    )
    op.create_index(
        "ix_inspections_equipment_id_characteristic_at",
        "inspections",
        ["equipment_id", "characteristic", "at"],
        postgresql_where=sa.text("characteristic IS NOT NULL"),
    )
    op.create_table(
        "equipment_capacities",
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("valid_from", _AT, nullable=False),
        sa.Column("items_per_hour", sa.Double(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", _AT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("equipment_id", "valid_from"),
        sa.CheckConstraint("items_per_hour > 0", name="items_per_hour"),
    )
    op.create_index(_CONSUMPTIONS_INDEX, "consumptions", ["equipment_id", "at"])
    op.drop_index("ix_consumptions_equipment_id", table_name="consumptions")
    op.execute(_PROJECT_INSPECTIONS)


def downgrade() -> None:
    op.create_index("ix_consumptions_equipment_id", "consumptions", ["equipment_id"])
    op.drop_index(_CONSUMPTIONS_INDEX, table_name="consumptions")
    op.drop_table("equipment_capacities")
    op.drop_table("inspections")
