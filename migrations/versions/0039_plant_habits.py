"""Plants have a language and a clock of 12 or 24 hours, which screens follow."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("equipment", sa.Column("language", sa.Text))
    op.add_column("equipment", sa.Column("clock", sa.Text))


def downgrade() -> None:
    op.drop_column("equipment", "clock")
    op.drop_column("equipment", "language")
