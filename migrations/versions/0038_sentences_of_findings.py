"""Findings store code and fields of their sentence, so that it can be written in any language.

Rows from before have none: their English text stays until the finding is written again.
"""

from alembic import op

revision = "0038"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE findings ADD COLUMN sentence jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE findings DROP COLUMN sentence")
