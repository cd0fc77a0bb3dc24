"""Materials have a product family; codes of scrap stand for reasons, also those of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("materials", sa.Column("product_family", sa.Text()))
    op.add_column("job_runs", sa.Column("defect", sa.Text()))
    op.add_column(
        "reason_codes", sa.Column("kind", sa.Text(), server_default="stop", nullable=False)
    )
    _replace_index("state_code", "kind_state_code", ["equipment_id", "kind", "state_code"])


def downgrade() -> None:
    op.execute("DELETE FROM reason_codes WHERE kind <> 'stop'")
    _replace_index("kind_state_code", "state_code", ["equipment_id", "state_code"])
    op.drop_column("reason_codes", "kind")
    op.drop_column("job_runs", "defect")
    op.drop_column("materials", "product_family")


def _replace_index(former: str, name: str, columns: list[str]) -> None:
    op.drop_index(f"ix_reason_codes_equipment_id_{former}", "reason_codes")
    op.create_index(
        f"ix_reason_codes_equipment_id_{name}", "reason_codes", columns, unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )  # fmt: skip
