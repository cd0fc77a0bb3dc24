"""Who acknowledged a shortage warning, until when, and how the warning was then."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TABLE = "shortage_acknowledgements"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("warehouse_id", sa.Integer, sa.ForeignKey("warehouses.id"), nullable=False),
        sa.Column("material_id", sa.Integer, sa.ForeignKey("materials.id"), nullable=False),
        sa.Column("short_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("equipment_ids", pg.ARRAY(sa.Integer), nullable=False),
        sa.Column("until_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("acknowledged_by", sa.Text, nullable=False),
        sa.Column(
            "acknowledged_at", sa.TIMESTAMP(timezone=True), nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True)),
    )  # fmt: skip
    op.create_index(
        "ix_shortage_acknowledgements_place", _TABLE, ["warehouse_id", "material_id", "id"]
    )
    op.execute(
        f"CREATE POLICY plants ON {_TABLE} FOR ALL USING ((SELECT caller_sees_all())"
        " OR warehouse_id IN (SELECT caller_warehouses()))"
    )
    op.execute(f"ALTER TABLE {_TABLE} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table(_TABLE)
