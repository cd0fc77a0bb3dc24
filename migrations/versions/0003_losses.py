"""What hides or removes samples: gaps as they change, heartbeats and outages, dropped days."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.add_column("gaps", sa.Column("changed_at", _AT, server_default=_NOW, nullable=False))
    op.create_index(op.f("ix_gaps_changed_at"), "gaps", ["changed_at"])
    op.create_index(op.f("ix_points_signal_id"), "points", ["signal_id"])
    op.create_table(
        "heartbeats",
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("last_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_heartbeats_connector_id_connectors")
        ),
        sa.PrimaryKeyConstraint("connector_id", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "outages",
        sa.Column("connector_id", sa.Text(), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=True),
        sa.Column("kept", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("changed_at", _AT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name=op.f("fk_outages_connector_id_connectors")
        ),
        sa.PrimaryKeyConstraint("connector_id", "start_at", name=op.f("pk_outages")),
    )
    op.create_table(
        "retentions",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("dropped_before", _AT, nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_retentions")),
    )


def downgrade() -> None:
    op.drop_table("retentions")
    op.drop_table("outages")
    op.drop_table("heartbeats")
    op.drop_index(op.f("ix_points_signal_id"), table_name="points")
    op.drop_index(op.f("ix_gaps_changed_at"), table_name="gaps")
    op.drop_column("gaps", "changed_at")
