"""Reports of other systems about machines; lifetimes of equipment and signals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_KINDS = (
    "job_started", "job_finished", "state_changed", "quality_inspected", "attendance_recorded",
)  # fmt: skip


def upgrade() -> None:
    _create_reports()
    _create_job_runs()
    _add_lifetimes()
    # Events that are stored already have never been projected for machines.
    op.execute(
        sa.text(
            "INSERT INTO events_to_project (event_id) SELECT event_id FROM business_events "
            "WHERE kind = ANY(:kinds) ORDER BY at, event_id"
        ).bindparams(sa.bindparam("kinds", list(_KINDS), pg.ARRAY(sa.Text())))
    )


def _create_reports() -> None:
    op.create_table(
        "machine_reports",
        sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("until_at", _AT),
        sa.Column("order_number", sa.Text()),
        sa.Column("state", sa.SmallInteger()),
        sa.Column("code", sa.Text()),
        *(sa.Column(f"{name}_quantity", sa.Double()) for name in ("good", "scrap", "rework")),
        sa.Column("person", sa.Text()),
        sa.Column("attended_s", sa.Double()),
        sa.Column("work_s", sa.Double()),
    )
    op.create_index(
        "ix_machine_reports_equipment_id_kind_at", "machine_reports", ["equipment_id", "kind", "at"]
    )
    op.create_index(
        "ix_machine_reports_equipment_id_kind_until_at", "machine_reports",
        ["equipment_id", "kind", "until_at"], postgresql_where=sa.text("until_at IS NOT NULL"),
    )  # fmt: skip


def _create_job_runs() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("planned_run_s_per_item", sa.Double()),
        *(sa.Column(f"{name}_quantity", sa.Double()) for name in ("good", "scrap", "rework")),
        sa.Column(
            "event_ids", pg.ARRAY(pg.UUID(as_uuid=True)), server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )  # fmt: skip
    for column in ("started_at", "ended_at", "order_number"):
        op.create_index(f"ix_job_runs_equipment_id_{column}", "job_runs", ["equipment_id", column])
    op.create_index("ix_job_runs_event_ids", "job_runs", ["event_ids"], postgresql_using="gin")


def _add_lifetimes() -> None:
    op.add_column("signals", sa.Column("valid_from", _AT))
    op.add_column("signals", sa.Column("valid_to", _AT))
    for name in ("moved_from", "moved_to"):
        op.add_column("equipment", sa.Column(name, sa.Integer(), sa.ForeignKey("equipment.id")))
    op.create_table(
        "former_paths",
        sa.Column("path", sa.Text(), primary_key=True),
        sa.Column("equipment_id", sa.Integer(), sa.ForeignKey("equipment.id"), nullable=False),
        sa.Column("valid_to", _AT, nullable=False),
    )
    op.create_index("ix_former_paths_equipment_id", "former_paths", ["equipment_id"])


def downgrade() -> None:
    op.drop_table("former_paths")
    for name in ("moved_to", "moved_from"):
        op.drop_column("equipment", name)
    op.drop_column("signals", "valid_to")
    op.drop_column("signals", "valid_from")
    op.drop_table("job_runs")
    op.drop_table("machine_reports")
