"""What people enter about machines, and the log of all changes by people."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, id_column, metadata, reference_column

state_entries = sa.Table(
    "state_entries",
    metadata,
    # The state of a machine as a person entered it: it outranks machine, MES and calendar. Of
    # entries that overlap the one with the higher id is in force. A worker applies it; the API
    # marks the buckets from `start_at` to `end_at` as dirty in the transaction of the entry.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("state", sa.SmallInteger),  # MachineState; null: the state that others report
    sa.Column("reason", sa.Text),  # code of the reason
    sa.Column("is_planned", sa.Boolean),  # true: counts as planned down time; null: by the state
    sa.Column("comment", sa.Text),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("known_from", AT, nullable=False, server_default=NOW),
    sa.Column("known_to", AT),  # null: in force
    sa.Index("ix_state_entries_equipment_id_start_at", "equipment_id", "start_at"),
)

quantity_entries = sa.Table(
    "quantity_entries",
    metadata,
    # Quantities that a person entered: added to what counters and events report; a correction
    # downwards is negative.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("at", AT, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # good_count, scrap_count, rework_count …
    sa.Column("quantity", sa.Double, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("order_number", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("known_from", AT, nullable=False, server_default=NOW),
    sa.Column("known_to", AT),  # null: in force
    sa.Index("ix_quantity_entries_equipment_id_at", "equipment_id", "at"),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    # Every change that a person made to what the platform stores, in the transaction of the change.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", AT, nullable=False, server_default=NOW),
    sa.Column("by", sa.Text, nullable=False),  # name of the key
    sa.Column("action", sa.Text, nullable=False),  # created, changed, withdrawn …
    sa.Column("subject", sa.Text, nullable=False),  # stop, quantity, reason, calendar, target …
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("equipment", sa.Text),  # path, where the subject belongs to one
    sa.Column("before", pg.JSONB),
    sa.Column("after", pg.JSONB),
    sa.Column("reason", sa.Text),  # why, in the words of the person
    sa.Index("ix_audit_log_at", "at"),
    sa.Index("ix_audit_log_subject_subject_id", "subject", "subject_id"),
)
