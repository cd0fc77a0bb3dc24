"""Standard terms for columns: backfilled outages, a replay's cursor, a position in a message."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# table, column before, column after
_COLUMNS = (
    ("outages", "kept", "backfilled"),
    ("quarantine", "place", "position"),
    ("replays", "place_at", "cursor_at"),
    ("replays", "place_spool_id", "cursor_spool_id"),
    ("replays", "place_seq", "cursor_seq"),
    ("replays", "seen", "refused_sources"),
)
_INDEX = ("ix_state_pieces_outside", "ix_state_pieces_starved_or_suspended")


def upgrade() -> None:
    for table, before, after in _COLUMNS:
        op.alter_column(table, before, new_column_name=after)
    op.execute(f"ALTER INDEX {_INDEX[0]} RENAME TO {_INDEX[1]}")


def downgrade() -> None:
    op.execute(f"ALTER INDEX {_INDEX[1]} RENAME TO {_INDEX[0]}")
    for table, before, after in reversed(_COLUMNS):
        op.alter_column(table, after, new_column_name=before)
