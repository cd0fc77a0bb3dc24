"""Signs by which a row of `incarnations` shows that it was restored.

The row that is current stays as it is: it may have been restored before this migration. The ingest
writer therefore begins a new incarnation at its next start, which is harmless: the edges compare
their spools with what is stored.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("database_oid", "transaction_id")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column(
            "incarnations", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("incarnations", name)
