"""What people enter about machines, their targets, and the log of all changes by people."""

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
    sa.Column("change_id", sa.BigInteger),  # of `audit_log`: the change that entered it
    sa.Column("ended_by", sa.BigInteger),  # of `audit_log`: the change that replaced it
    # The boundary is the machine's: if late data move it, the entry goes on with it.
    sa.Column("follows_start", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("follows_end", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("is_open", sa.Boolean, nullable=False, server_default="false"),  # it still grows
    sa.Column("reported_state", sa.SmallInteger),  # without the entry, when it was made
    sa.Column("reported_code", sa.Text),
    sa.Index("ix_state_entries_equipment_id_start_at", "equipment_id", "start_at"),
    sa.Index("ix_state_entries_change_id", "change_id"),
    sa.Index("ix_state_entries_ended_by", "ended_by"),
    sa.Index("ix_state_entries_open", "id", postgresql_where=sa.text("is_open")),
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
    sa.Column("root_id", sa.Integer),  # the first entry of a chain of corrections; null: itself
    sa.Column("change_id", sa.BigInteger),  # of `audit_log`: the change that entered it
    sa.Column("ended_by", sa.BigInteger),  # of `audit_log`: the change that replaced it
    sa.Index("ix_quantity_entries_equipment_id_at", "equipment_id", "at"),
    sa.Index("ix_quantity_entries_root_id", "root_id"),
)

reasons = sa.Table(
    "reasons",
    metadata,
    # Why machines stop and parts are scrap: a standard of the group, and additions of plants.
    id_column(),
    reference_column("equipment_id", "equipment.id"),  # a plant; null: the standard of the group
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),  # code, of the plant or the standard; null: top of the tree
    sa.Column("kind", sa.Text, nullable=False),  # stop, scrap
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("name_de", sa.Text, nullable=False),
    sa.Column("category", sa.Text),  # after ISO 22400: adet, adot, aust, pdot; null: scrap
    sa.Column("state", sa.SmallInteger),  # MachineState of such a stop; null: as reported
    sa.Column("is_planned", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("counts_against_availability", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),  # among its siblings
    sa.Column("retired_at", AT),  # not for new entries since
    sa.Index(
        "ix_reasons_standard_code", "code", unique=True,
        postgresql_where=sa.text("equipment_id IS NULL"),
    ),
    sa.Index("ix_reasons_equipment_id_code", "equipment_id", "code", unique=True),
)  # fmt: skip

reason_codes = sa.Table(
    "reason_codes",
    metadata,
    # The reason of a code that machines report with their state, or systems with scrap, for an
    # equipment and all below. Of stops it changes the time; the API marks their buckets as dirty.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("state_code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("known_from", AT, nullable=False, server_default=NOW),
    sa.Column("known_to", AT),  # null: in force
    sa.Column("kind", sa.Text, nullable=False, server_default="stop"),  # or scrap
    sa.Index(
        "ix_reason_codes_equipment_id_kind_state_code", "equipment_id", "kind", "state_code",
        unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    ),
)  # fmt: skip

stop_thresholds = sa.Table(
    "stop_thresholds",
    metadata,
    # Below this a malfunction is a minor stop, for an equipment and all below; the nearest holds.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("valid_from", AT, nullable=False),
    # Each null: inherited again.
    sa.Column("minor_stop_s", sa.Double),
    sa.Column("start_up_s", sa.Double),
    sa.Column("start_up_items", sa.Double),
    sa.Column("start_up_after_stop_s", sa.Double),
    sa.Column("known_from", AT, nullable=False, server_default=NOW),
    sa.Column("known_to", AT),  # null: in force
    sa.Index(
        "ix_stop_thresholds_equipment_id_valid_from", "equipment_id", "valid_from", unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    ),
)  # fmt: skip

annotations = sa.Table(
    "annotations",
    metadata,
    # Notes of people about an equipment and a time, such as those of a shift handover.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT),  # null: about an instant
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.Column("withdrawn_at", AT),  # null: in force
    sa.Index("ix_annotations_equipment_id_start_at", "equipment_id", "start_at"),
)

shift_report_signatures = sa.Table(
    "shift_report_signatures",
    metadata,
    # Shift reports that people signed. Rows are added and never changed: a withdrawal is a row.
    id_column(),
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("signed_by", sa.Text, nullable=False),
    sa.Column("signed_at", AT, nullable=False, server_default=NOW),
    sa.Column("comment", sa.Text),
    sa.Column("computed_at", AT),  # of the newest value in the report; null: it had none
    sa.Column("digest", sa.Text),  # of what was signed; null: a withdrawal
    sa.Column("section_digests", pg.JSONB),  # by name of the section
    sa.Column("withdraws", sa.Integer, sa.ForeignKey("shift_report_signatures.id"), unique=True),
    sa.Column("change_id", sa.BigInteger, nullable=False),  # of `audit_log`
    sa.CheckConstraint("(digest IS NULL) = (withdraws IS NOT NULL)", name="signs_or_withdraws"),
    sa.Index(
        "ix_shift_report_signatures_equipment_id_start_at", "equipment_id", "start_at"
    ),
)  # fmt: skip

targets = sa.Table(
    "targets",
    metadata,
    # Goals of productivity. The baseline is frozen: later data and corrections do not move it.
    id_column(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),  # scope, measure, goal, path, due date
    sa.Column("baseline", pg.JSONB, nullable=False),  # the frozen sums of the baseline period
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("changed_at", AT, nullable=False, server_default=NOW),
    sa.Column("withdrawn_at", AT),  # null: in force
    # Later than the baseline for targets that are older than the table of standards.
    sa.Column("standards_frozen_at", AT),
    sa.Index(
        "ix_targets_key", "key", unique=True, postgresql_where=sa.text("withdrawn_at IS NULL")
    ),
)

target_standards = sa.Table(
    "target_standards",
    metadata,
    # The standard time of an item of a product at a machine in the baseline of a target.
    sa.Column("target_id", sa.Integer, sa.ForeignKey("targets.id"), primary_key=True),
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("run_s", sa.Double, nullable=False),
)

kpi_definitions = sa.Table(
    "kpi_definitions",
    metadata,
    # KPIs that the customer defines: a row for each version. Versions are never changed, so that
    # past values can be explained.
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),  # as it was entered
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.Column("retired_at", AT),  # of the newest version: the KPI is retired since then
    sa.CheckConstraint("version > 0", "version"),
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
    sa.Column("before", pg.JSONB(none_as_null=True)),
    sa.Column("after", pg.JSONB(none_as_null=True)),
    sa.Column("reason", sa.Text),  # why, in the words of the person
    # From where: of the request; of the connection to PostgreSQL where there was no request.
    sa.Column("address", sa.Text),
    sa.Column("client", sa.Text),  # user agent, or command with user and host
    sa.Column("trace_id", sa.Text),
    sa.Index("ix_audit_log_at", "at"),
    sa.Index("ix_audit_log_subject_subject_id", "subject", "subject_id"),
)

audit_seals = sa.Table(
    "audit_seals",
    metadata,
    # The chain: each entry of `audit_log` in the order of commits. Written by a trigger alone.
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column("previous", sa.LargeBinary, nullable=False),  # hash of the entry before
    sa.Column("hash", sa.LargeBinary, nullable=False),  # SHA-256 of `previous` and the entry
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    # One row: the newest seal, apart from the chain, so that a chain cut off at its end shows.
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
