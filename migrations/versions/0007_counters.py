"""Limits and spreading of counters, findings about a machine, and provisional buckets."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEX = "ix_findings_equipment_id"
_PROVISIONAL = "ix_elements_provisional"
_REFERENCE = "fk_findings_equipment_id_equipment"


def upgrade() -> None:
    for column in (
        sa.Column("counter_interpolate", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("counter_max_increment", sa.Double()),
        sa.Column("counter_max_speed", sa.Double()),
    ):
        op.add_column("signals", column)
    op.add_column("findings", sa.Column("equipment_id", sa.Integer()))
    op.create_foreign_key(_REFERENCE, "findings", "equipment", ["equipment_id"], ["id"])
    op.create_index(_INDEX, "findings", ["equipment_id"])
    op.create_index(
        _PROVISIONAL, "elements", ["equipment_id", "bucket_at"],
        postgresql_where=sa.text("provisional"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index(_PROVISIONAL, table_name="elements")
    # The version before shows every finding as one of supply or stock.
    op.execute("DELETE FROM findings WHERE equipment_id IS NOT NULL")
    op.drop_index(_INDEX, table_name="findings")
    op.drop_constraint(_REFERENCE, "findings", type_="foreignkey")
    op.drop_column("findings", "equipment_id")
    for name in ("counter_max_speed", "counter_max_increment", "counter_interpolate"):
        op.drop_column("signals", name)
