"""Revisions and withdrawals of business events, and the books of each connector."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_COUNTS = ("taken", "stored", "duplicates", "revisions", "withdrawn", "ignored", "quarantined")
_GROUP_INDEX = "ix_business_events_group_key"

# A replay deleted events and kept their revisions. Where such an event was sent again it began
# with revision 1 once more: the numbers of its former life must not be given a second time.
_RENUMBER_DELETED = """
UPDATE business_event_revisions r SET revision = -r.revision WHERE NOT EXISTS (
    SELECT FROM business_events e WHERE e.event_id = r.event_id AND e.revision > r.revision)"""
_RENUMBER_BACK = """
UPDATE business_event_revisions r SET revision = -r.revision WHERE revision < 0 AND NOT EXISTS (
    SELECT FROM business_event_revisions n
    WHERE n.event_id = r.event_id AND n.revision = -r.revision)"""

# Version 0.1 has no withdrawals: a withdrawn event is one that it would have deleted.
_DELETE_WITHDRAWN = "DELETE FROM business_events WHERE withdrawn_at IS NOT NULL"


def upgrade() -> None:
    for column in (
        sa.Column("content", sa.LargeBinary()),
        sa.Column("version", sa.BigInteger()),
        sa.Column("group_key", sa.LargeBinary()),
        sa.Column("withdrawn_at", _AT),
        sa.Column("withdrawal_reason", sa.Text()),
    ):
        op.add_column("business_events", column)
    op.create_index(
        _GROUP_INDEX, "business_events", ["group_key"],
        postgresql_where=sa.text("group_key IS NOT NULL AND withdrawn_at IS NULL"),
    )  # fmt: skip
    for column in (
        sa.Column("delivered_by", sa.Text()),
        sa.Column("item", sa.Text()),
        sa.Column("raw_hash", sa.LargeBinary()),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("version", sa.BigInteger()),
        sa.Column("withdrawal_reason", sa.Text()),
    ):
        op.add_column("business_event_revisions", column)
    op.execute(_RENUMBER_DELETED)
    op.create_table(
        "connector_books",
        sa.Column("connector_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in _COUNTS),
        sa.Column("since", _AT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], ["connectors.id"], name="fk_connector_books_connector_id_connectors"
        ),
        sa.PrimaryKeyConstraint("connector_id", name="pk_connector_books"),
    )


def downgrade() -> None:
    op.drop_table("connector_books")
    op.execute(_DELETE_WITHDRAWN)
    op.execute(_RENUMBER_BACK)
    for name in ("withdrawal_reason", "version", "content", "raw_hash", "item", "delivered_by"):
        op.drop_column("business_event_revisions", name)
    op.drop_index(_GROUP_INDEX, table_name="business_events")
    for name in ("withdrawal_reason", "withdrawn_at", "group_key", "version", "content"):
        op.drop_column("business_events", name)
