"""What people enter about machines, and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_TABLES = ("audit_log", "quantity_entries", "state_entries")


def upgrade() -> None:
    op.create_table(
        "state_entries",
        *_entry_columns(),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=False),
        sa.Column("state", sa.SmallInteger()),
        sa.Column("is_planned", sa.Boolean()),
    )
    op.create_index(
        "ix_state_entries_equipment_id_start_at", "state_entries", ["equipment_id", "start_at"]
    )
    op.create_table(
        "quantity_entries",
        *_entry_columns(),
        sa.Column("at", _AT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("order_number", sa.Text()),
    )
    op.create_index(
        "ix_quantity_entries_equipment_id_at", "quantity_entries", ["equipment_id", "at"]
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", _AT, server_default=_NOW, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("equipment", sa.Text()),
        sa.Column("before", pg.JSONB()),
        sa.Column("after", pg.JSONB()),
        sa.Column("reason", sa.Text()),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_subject_subject_id", "audit_log", ["subject", "subject_id"])


def _entry_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("comment", sa.Text()),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("known_from", _AT, server_default=_NOW, nullable=False),
        sa.Column("known_to", _AT),
    ]


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
