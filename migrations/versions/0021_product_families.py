"""Materials have a product family."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("materials", sa.Column("product_family", sa.Text()))


def downgrade() -> None:
    op.drop_column("materials", "product_family")
