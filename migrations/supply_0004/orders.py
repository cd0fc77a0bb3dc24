"""Production orders and their operations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_AT = sa.TIMESTAMP(timezone=True)


def create_tables() -> None:
    op.create_table(
        "production_orders",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("planned_quantity", sa.Double(), nullable=True),
        sa.Column("planned_end_at", _AT, nullable=True),
        sa.Column("started_at", _AT, nullable=True),
        sa.Column("finished_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["materials.id"],
            name=op.f("fk_production_orders_material_id_materials"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_production_orders")),
    )
    op.create_index(
        op.f("ix_production_orders_material_id"), "production_orders", ["material_id"], unique=False
    )
    op.create_table(
        "operations",
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Integer(), nullable=True),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("planned_quantity", sa.Double(), nullable=True),
        sa.Column("planned_run_s_per_item", sa.Double(), nullable=True),
        sa.Column("planned_setup_s", sa.Double(), nullable=True),
        sa.Column("planned_end_at", _AT, nullable=True),
        sa.Column("started_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("good_quantity", sa.Double(), nullable=True),
        sa.Column("scrap_quantity", sa.Double(), nullable=True),
        sa.Column("rework_quantity", sa.Double(), nullable=True),
        sa.Column(
            "event_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"], ["equipment.id"], name=op.f("fk_operations_equipment_id_equipment")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["materials.id"], name=op.f("fk_operations_material_id_materials")
        ),
        sa.PrimaryKeyConstraint(
            "order_number", "operation", "equipment", name=op.f("pk_operations")
        ),
    )
    op.create_index(
        op.f("ix_operations_equipment_id"), "operations", ["equipment_id"], unique=False
    )
