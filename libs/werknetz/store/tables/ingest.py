"""Connectors and what they deliver: spools, points, raw inputs, gaps, quarantine, replays."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

incarnations = sa.Table(
    "incarnations",
    metadata,
    # One row per life of this database; the newest is in force. A restore begins a new one.
    sa.Column("number", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("incarnation", pg.UUID(as_uuid=True), nullable=False, unique=True),
    sa.Column("system_identifier", sa.BigInteger, nullable=False),
    sa.Column("timeline", sa.Integer, nullable=False),
    sa.Column("started_at", AT, nullable=False, server_default=NOW),
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
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("created_by", sa.Text, nullable=False, server_default=""),
    sa.Column("activated_at", AT),
    sa.Column("activated_by", sa.Text),
    sa.UniqueConstraint("name", "version", "digest"),
    sa.Index(
        "uq_mapping_versions_active", "name", unique=True,
        postgresql_where=sa.text("state = 'active'"),
    ),
)  # fmt: skip

connectors = sa.Table(
    "connectors",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("first_seen_at", AT, nullable=False, server_default=NOW),
    sa.Column("last_applied_at", AT),
    sa.Column("alarm", sa.Text),  # "fork", "spool_rolled_back" …; null: none
    sa.Column("mapping_id", sa.Integer, sa.ForeignKey("mapping_versions.id")),  # last used
)

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
    sa.Column("updated_at", AT, nullable=False, server_default=NOW),
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

raw_inputs = sa.Table(
    "raw_inputs",
    metadata,
    # What deliveries held before they were named (`connector.raw`), so that a mapping can be run
    # again. Partitioned by the day on which it was stored; old days are dropped whole.
    sa.Column("stored_at", AT, nullable=False, server_default=NOW),
    sa.Column("connector_id", sa.Text, nullable=False),
    sa.Column("spool_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("arrival_at", AT, nullable=False),
    sa.Column("from_at", AT, nullable=False),
    sa.Column("to_at", AT, nullable=False),
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

gaps = sa.Table(
    "gaps",
    metadata,
    sa.Column("gap_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("signal_keys", pg.ARRAY(sa.Text), nullable=False),  # empty: all of the source
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("estimate", sa.BigInteger),
    sa.Column("backfilled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", AT, nullable=False, server_default=NOW, index=True),
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    # How far the worker has looked at the heartbeat of a connector, and when it saw it go on.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("last_at", AT, nullable=False),
    sa.Column("seen_at", AT, nullable=False, server_default=NOW),
)

outages = sa.Table(
    "outages",
    metadata,
    # Holes in a heartbeat: nobody listened. `kept`: the source gave later what had happened.
    sa.Column("connector_id", sa.Text, sa.ForeignKey("connectors.id"), primary_key=True),
    sa.Column("start_at", AT, primary_key=True),
    sa.Column("end_at", AT),  # null: it goes on
    sa.Column("backfilled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", AT, nullable=False, server_default=NOW),
)

retentions = sa.Table(
    "retentions",
    metadata,
    # Which days of a table were dropped: before this instant nothing can be computed anew.
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("dropped_before", AT, nullable=False),
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
    sa.Column("at", AT, nullable=False),
    sa.Column("stored_at", AT, nullable=False, server_default=NOW),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),  # assigned, discarded …
    sa.Column("position", sa.Text, nullable=False, server_default=""),  # in the message
    sa.Column("raw_hash", sa.LargeBinary),  # of the message, where it is kept whole
    sa.Column("count", sa.BigInteger, nullable=False, server_default="1"),  # a flood is counted
    sa.Column("assigned_to", sa.Text),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_at", AT),
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
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    # waiting, running, done, failed
    sa.Column("cursor_at", AT),
    sa.Column("cursor_spool_id", pg.UUID(as_uuid=True)),
    sa.Column("cursor_seq", sa.BigInteger),
    sa.Column("inputs", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_removed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("samples_added", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("events_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("quarantine_cleared", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("inputs_skipped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refused_sources", pg.JSONB, nullable=False, server_default="{}"),  # source → still refused
    sa.Column("requested_by", sa.Text, nullable=False, server_default=""),
    sa.Column("requested_at", AT, nullable=False, server_default=NOW),
    sa.Column("finished_at", AT),
    sa.Column("error", sa.Text),
)
