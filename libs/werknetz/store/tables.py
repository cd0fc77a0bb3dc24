"""What is kept: the tables. Migrations in `migrations/` make them; a test compares the two.

Instants are timestamptz in UTC. Derived tables (elements, state_pieces, orders) can be
recomputed from samples at any time.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_AT: Final = sa.TIMESTAMP(timezone=True)
_NOW: Final = sa.text("clock_timestamp()")

incarnations = sa.Table(
    "incarnations",
    metadata,
    # One row per life of this database; the newest is in force. A restore begins a new one.
    sa.Column("number", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("incarnation", pg.UUID(as_uuid=True), nullable=False, unique=True),
    sa.Column("system_identifier", sa.BigInteger, nullable=False),
    sa.Column("timeline", sa.Integer, nullable=False),
    sa.Column("started_at", _AT, nullable=False, server_default=_NOW),
)

connectors = sa.Table(
    "connectors",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("first_seen_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("last_applied_at", _AT),
    sa.Column("alarm", sa.Text),  # "fork", "spool_rolled_back" …; null: none
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id")),  # last used
)

mapping_versions = sa.Table(
    "mapping_versions",
    metadata,
    # Every mapping that has named a value, and those that may. The document never changes.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # of what it means; empty: not known yet
    sa.Column("document", sa.Text, nullable=False),  # YAML as written
    sa.Column("state", sa.Text, nullable=False, server_default="used"),
    # draft: sent, not in force; active: what edges are to use; superseded: was active;
    # used: an edge brought it along in its own file
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("created_by", sa.Text, nullable=False, server_default=""),
    sa.Column("activated_at", _AT),
    sa.Column("activated_by", sa.Text),
    sa.UniqueConstraint("name", "version", "digest"),
    sa.Index(
        "uq_mapping_versions_active", "name", unique=True,
        postgresql_where=sa.text("state = 'active'"),
    ),
)  # fmt: skip

spools = sa.Table(
    "spools",
    metadata,
    # The watermark: what of this spool is in the database. Locked by every apply (R5, R17).
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False, unique=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("lane", sa.Text, nullable=False, server_default="live"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_hash", sa.LargeBinary, nullable=False),
    sa.Column("sample_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("quarantine_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("updated_at", _AT, nullable=False, server_default=_NOW),
)

equipment = sa.Table(
    "equipment",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("equipment.id"), index=True),
    sa.Column("time_zone", sa.Text),  # of a plant; below it, the plant's holds
    sa.Column("valid_from", _AT, nullable=False, server_default=_NOW),
    sa.Column("valid_to", _AT),
)

signals = sa.Table(
    "signals",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), index=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("unit", sa.Text),
    sa.Column("datatype", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("counter_reset", sa.Text, nullable=False, server_default="none"),
    sa.Column("counter_modulus", sa.Double),
    sa.Column("counter_kind", sa.Text, nullable=False, server_default="cumulative"),
)

points = sa.Table(
    "points",
    metadata,
    # What a spool's point numbers mean.
    sa.Column("spool", sa.Integer, sa.ForeignKey("spools.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("signal_id", sa.Integer, sa.ForeignKey("signals.id"), nullable=False, index=True),
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id")),
)

samples = sa.Table(
    "samples",
    metadata,
    # Hot: written by binary COPY only, in this column order. Partitioned by day.
    sa.Column("signal_id", sa.Integer, nullable=False),
    sa.Column("at", _AT, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("status", sa.Integer, nullable=False),  # the 32 bits of the OPC UA code, signed
    sa.Column("server_at", _AT),  # null: not given
    sa.Column("text", sa.Text),
    sa.Column("mapping_id", sa.Integer),  # of `mapping_versions`; what named and scaled it
    sa.Index("ix_samples_signal_id_at", "signal_id", "at"),
    postgresql_partition_by="RANGE (at)",
)

raw_inputs = sa.Table(
    "raw_inputs",
    metadata,
    # What deliveries held before they were named (`connector.raw`), so that a mapping can be run
    # again. Partitioned by the day on which it was stored; old days are dropped whole.
    sa.Column("stored_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("connector_id", sa.Text, nullable=False),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("arrival_at", _AT, nullable=False),
    sa.Column("from_at", _AT, nullable=False),
    sa.Column("to_at", _AT, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("codec", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("hashes", pg.ARRAY(sa.LargeBinary), nullable=False),
    sa.Index("ix_raw_inputs_connector_id_stored_at", "connector_id", "stored_at"),
    # A spool that was replaced tells what it kept again: found by when it arrived.
    sa.Index("ix_raw_inputs_connector_id_arrival_at", "connector_id", "arrival_at"),
    sa.Index("ix_raw_inputs_hashes", "hashes", postgresql_using="gin"),
    postgresql_partition_by="RANGE (stored_at)",
)

business_events = sa.Table(
    "business_events",
    metadata,
    # Facts of partners, warehouses and shop-floor systems, each once: `events.facts`.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False, server_default=""),
    sa.Column("at", _AT, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("raw_hash", sa.LargeBinary),  # finds the message in `raw_inputs`
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("stored_at", _AT, nullable=False, server_default=_NOW),
    sa.Index("ix_business_events_kind_at", "kind", "at"),
    sa.Index("ix_business_events_connector_id_at", "connector_id", "at"),
    sa.Index("ix_business_events_at_event_id", "at", "event_id"),  # pages of all
    sa.Index(
        "ix_business_events_order_number", sa.text("(body ->> 'order_number')"),
        postgresql_where=sa.text("kind IN ('job_started', 'job_finished')"),
    ),
)  # fmt: skip

business_event_revisions = sa.Table(
    "business_event_revisions",
    metadata,
    # What was known before a replay said it better.
    sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("at", _AT, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("known_from", _AT, nullable=False),
    sa.Column("known_to", _AT, nullable=False, server_default=_NOW),
)

gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("gap_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("signal_keys", pg.ARRAY(sa.Text), nullable=False),  # empty: all of the source
    sa.Column("start_at", _AT, nullable=False),
    sa.Column("end_at", _AT),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("estimate", sa.BigInteger),
    sa.Column("backfilled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", _AT, nullable=False, server_default=_NOW, index=True),
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    # How far the worker has looked at the heartbeat of a connector, and when it saw it go on.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("last_at", _AT, nullable=False),
    sa.Column("seen_at", _AT, nullable=False, server_default=_NOW),
)

outages = sa.Table(
    "outages",
    metadata,
    # Holes in a heartbeat: nobody listened. `kept`: the source gave later what had happened.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("start_at", _AT, primary_key=True),
    sa.Column("end_at", _AT),  # null: it goes on
    sa.Column("kept", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", _AT, nullable=False, server_default=_NOW),
)

retentions = sa.Table(
    "retentions",
    metadata,
    # Which days of a table were dropped: before this instant nothing can be computed anew.
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("dropped_before", _AT, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes of the original
    sa.Column("mapping", sa.Text, nullable=False, server_default=""),
    sa.Column("at", _AT, nullable=False),
    sa.Column("stored_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),  # assigned, discarded …
    sa.Column("place", sa.Text, nullable=False, server_default=""),  # in the message
    sa.Column("raw_hash", sa.LargeBinary),  # of the message, where it is kept whole
    sa.Column("count", sa.BigInteger, nullable=False, server_default="1"),  # a flood is counted
    sa.Column("assigned_to", sa.Text),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_at", _AT),
    sa.Column("decided_by", sa.Text),
    sa.Column("replayed_with", sa.Text),  # the mapping that could read it
    sa.Index("ix_quarantine_state_source", "state", "source"),
)

replays = sa.Table(
    "replays",
    metadata,
    # A mapping run again over raw inputs: page by page, each with its place in one transaction,
    # so that whoever takes it up goes on where the last one ended.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False),
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id"), nullable=False),
    sa.Column("start_at", _AT, nullable=False),
    sa.Column("end_at", _AT, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    # waiting, running, done, failed
    sa.Column("place_at", _AT),
    sa.Column("place_spool_id", pg.UUID(as_uuid=True)),
    sa.Column("place_seq", sa.BigInteger),
    sa.Column("inputs", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_removed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_added", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("events_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("quarantine_cleared", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("inputs_skipped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seen", pg.JSONB, nullable=False, server_default="{}"),  # source → still refused
    sa.Column("requested_by", sa.Text, nullable=False, server_default=""),
    sa.Column("requested_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("finished_at", _AT),
    sa.Column("error", sa.Text),
)

dirty_buckets = sa.Table(
    "dirty_buckets",
    metadata,
    # The truth about what must be recomputed (R15). A worker deletes only marks that it has seen.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("bucket_at", _AT, primary_key=True),
    sa.Column("marks", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("marked_at", _AT, nullable=False, server_default=_NOW),
)

ELEMENT_COLUMNS: Final = (
    # seconds
    "pot_s", "pdot_s", "pbt_s", "apt_s", "aust_s", "adet_s", "adot_s", "unknown_s",
    "unplanned_busy_s", "blocked_s", "starved_s", "suspended_s", "malfunction_s",
    "minor_stop_s", "idle_s", "cmt_s", "pmt_s", "ttr_s", "off_shift_s", "aoet_s",
    # quantities
    "pq", "gq", "sq", "rq", "pri_pq_s",
    # events
    "fe", "minor_stops",
    # share of samples that came more than a bucket late, and of good data
    "late_samples", "good_samples", "samples",
)  # fmt: skip

elements = sa.Table(
    "elements",
    metadata,
    # Additive inputs of every KPI, a row a machine and bucket of 15 minutes.
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("bucket_at", _AT, primary_key=True),
    *(sa.Column(name, sa.Double, nullable=False, server_default="0") for name in ELEMENT_COLUMNS),
    sa.Column("carry", pg.JSONB, nullable=False),  # what the next bucket begins with
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("provisional", sa.Boolean, nullable=False),  # the bucket had not ended
    sa.Column("computed_at", _AT, nullable=False, server_default=_NOW),
    sa.Index("ix_elements_bucket_at", "bucket_at"),
)

element_revisions = sa.Table(
    "element_revisions",
    metadata,
    # What was known before: the row of `elements` that a recomputation replaced.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("bucket_at", _AT, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("elements", pg.JSONB, nullable=False),
    sa.Column("known_from", _AT, nullable=False),
    sa.Column("known_to", _AT, nullable=False),
)

state_pieces = sa.Table(
    "state_pieces",
    metadata,
    # State intervals cut at bucket boundaries, so that a bucket is replaced whole.
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("start_at", _AT, primary_key=True),
    sa.Column("end_at", _AT, nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("category", sa.Text, nullable=False),  # apt, aust, adet, adot, pdot, off_shift …
    sa.Column("code", sa.Text),  # as the source gave it
    sa.Column("order_number", sa.Text),
    # What starved or was suspended: across the gate asks for nothing else.
    sa.Index(
        "ix_state_pieces_outside", "equipment_id", "start_at",
        postgresql_where=sa.text("state IN (6, 7)"),
    ),
)  # fmt: skip

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("order_number", sa.Text, primary_key=True),
    sa.Column("planned_run_s_per_item", sa.Double),
    sa.Column("planned_quantity", sa.Double),
    sa.Column("material", sa.Text),
    sa.Column("started_at", _AT),
    sa.Column("ended_at", _AT),
)

shift_calendars = sa.Table(
    "shift_calendars",
    metadata,
    # Holds for the equipment and everything below it that has none of its own.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), nullable=False),
    sa.Column("valid_from", _AT, nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),
    sa.UniqueConstraint("equipment_id", "valid_from"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),  # SHA-256 of the whole key
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # viewer, engineer, planner, operator, admin
    sa.Column("plants", pg.ARRAY(sa.Text)),  # null: all
    sa.Column("created_at", _AT, nullable=False, server_default=_NOW),
    sa.Column("expires_at", _AT),
    sa.Column("revoked_at", _AT),
)
