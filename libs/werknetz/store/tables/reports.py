"""What other systems (MES, quality, time recording) report about machines. Derived from events."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NO_UUIDS, UUIDS, id_column, metadata, reference_column

machine_reports = sa.Table(
    "machine_reports",
    metadata,
    # States, inspections and attendance in force, a row an event.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", AT, nullable=False),
    sa.Column("until_at", AT),  # as reported; null: it goes on, or it is of an instant
    sa.Column("order_number", sa.Text),
    sa.Column("state", sa.SmallInteger),  # MachineState
    sa.Column("code", sa.Text),
    sa.Column("good_quantity", sa.Double),
    sa.Column("scrap_quantity", sa.Double),
    sa.Column("rework_quantity", sa.Double),
    sa.Column("person", sa.Text),
    sa.Column("attended_s", sa.Double),
    sa.Column("work_s", sa.Double),
    sa.Index("ix_machine_reports_equipment_id_kind_at", "equipment_id", "kind", "at"),
    sa.Index(
        "ix_machine_reports_equipment_id_kind_until_at", "equipment_id", "kind", "until_at",
        postgresql_where=sa.text("until_at IS NOT NULL"),
    ),
)  # fmt: skip

job_runs = sa.Table(
    "job_runs",
    metadata,
    # Runs of orders on machines: each end with the start before it of the same order and operation.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("order_number", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False, server_default=""),
    sa.Column("started_at", AT),  # null: no start is reported
    sa.Column("ended_at", AT),  # null: it goes on
    sa.Column("planned_run_s_per_item", sa.Double),
    sa.Column("good_quantity", sa.Double),
    sa.Column("scrap_quantity", sa.Double),
    sa.Column("rework_quantity", sa.Double),
    sa.Column("event_ids", UUIDS, nullable=False, server_default=NO_UUIDS),
    sa.Column("defect", sa.Text),  # code of the reason of its scrap
    sa.Index("ix_job_runs_equipment_id_started_at", "equipment_id", "started_at"),
    sa.Index("ix_job_runs_equipment_id_ended_at", "equipment_id", "ended_at"),
    sa.Index("ix_job_runs_equipment_id_order_number", "equipment_id", "order_number"),
    sa.Index("ix_job_runs_event_ids", "event_ids", postgresql_using="gin"),
)
