"""Answers of requests with an Idempotency-Key are stored for their repetition."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0025"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_answers",
        sa.Column("caller", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("headers", pg.JSONB()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
    )
    op.create_index("ix_stored_answers_created_at", "stored_answers", ["created_at"])


def downgrade() -> None:
    op.drop_table("stored_answers")
