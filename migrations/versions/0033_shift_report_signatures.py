"""People sign shift reports: rows that are added and never changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_OF_PLANT = "(SELECT caller_sees_all()) OR equipment_id IN (SELECT caller_equipment())"


def upgrade() -> None:
    op.create_table(
        "shift_report_signatures",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("start_at", _AT, nullable=False),
        sa.Column("end_at", _AT, nullable=False),
        sa.Column("signed_by", sa.Text, nullable=False),
        sa.Column(
            "signed_at", _AT, nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.Column("comment", sa.Text),
        sa.Column("computed_at", _AT),
        sa.Column("digest", sa.Text),
        sa.Column("section_digests", pg.JSONB),
        sa.Column(
            "withdraws", sa.Integer, sa.ForeignKey("shift_report_signatures.id"), unique=True
        ),
        sa.Column("change_id", sa.BigInteger, nullable=False),
        sa.CheckConstraint("(digest IS NULL) = (withdraws IS NOT NULL)", name="signs_or_withdraws"),
    )  # fmt: skip
    op.create_index(
        "ix_shift_report_signatures_equipment_id_start_at", "shift_report_signatures",
        ["equipment_id", "start_at"],
    )  # fmt: skip
    op.execute(f"CREATE POLICY plants ON shift_report_signatures FOR ALL USING ({_OF_PLANT})")
    op.execute("ALTER TABLE shift_report_signatures ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table("shift_report_signatures")
