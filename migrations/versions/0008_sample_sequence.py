"""The order of samples of one signal at one instant.

Null for the first of an instant, so that the column takes no room in almost every row. Samples of
earlier versions stay in the order in which they were inserted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("samples", sa.Column("sequence", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("samples", "sequence")
