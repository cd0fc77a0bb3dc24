"""KPIs that customers define, with their versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "kpi_definitions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", _AT, nullable=False),
        sa.Column("document", pg.JSONB(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", _AT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("retired_at", _AT),
        sa.PrimaryKeyConstraint("name", "version"),
        sa.CheckConstraint("version > 0", name="version"),
    )


def downgrade() -> None:
    op.drop_table("kpi_definitions")
