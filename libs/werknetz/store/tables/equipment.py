"""Equipment with its signals, samples, orders and shift calendars."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

equipment = sa.Table(
    "equipment",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("equipment.id"), index=True),
    sa.Column("time_zone", sa.Text),  # of a plant; applies to everything below it
    sa.Column("language", sa.Text),  # of a plant: en, de …; null: nobody has set it
    sa.Column("clock", sa.Text),  # of a plant: 12h or 24h; null: nobody has set it
    sa.Column("valid_from", AT, nullable=False, server_default=NOW),
    sa.Column("valid_to", AT),  # retired: its time ends; null: in service
    # A move in the tree: the same machine before and after. The later one begins at `valid_from`.
    sa.Column("moved_from", sa.Integer, sa.ForeignKey("equipment.id")),
    sa.Column("moved_to", sa.Integer, sa.ForeignKey("equipment.id")),
    # In byte order: what is below a path is one range. For row-level security.
    sa.Index("ix_equipment_path_prefix", "path", postgresql_ops={"path": "text_pattern_ops"}),
)

former_paths = sa.Table(
    "former_paths",
    metadata,
    # Paths that an equipment had before it was renamed or moved; sources may still use them.
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column(
        "equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), nullable=False, index=True
    ),
    sa.Column("valid_to", AT, nullable=False),
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
    sa.Column("counter_interpolate", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("counter_max_increment", sa.Double),
    sa.Column("counter_max_speed", sa.Double),
    sa.Column("carrier", sa.Text),  # of a meter; null: electricity
    # When it is in force. Null: from its first sample on, and without an end.
    sa.Column("valid_from", AT),
    sa.Column("valid_to", AT),
)

samples = sa.Table(
    "samples",
    metadata,
    # Hot: written by binary COPY only, in this column order. Partitioned by day.
    sa.Column("signal_id", sa.Integer, nullable=False),
    sa.Column("at", AT, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("status", sa.Integer, nullable=False),  # the 32 bits of the OPC UA code, signed
    sa.Column("server_at", AT),  # null: same as `at`, or unknown
    sa.Column("text", sa.Text),
    sa.Column("mapping_id", sa.Integer),  # of `mapping_versions`; which named and scaled it
    sa.Column("sequence", sa.BigInteger),  # order at one instant of a signal; null: first
    sa.Index("ix_samples_signal_id_at", "signal_id", "at"),
    postgresql_partition_by="RANGE (at)",
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("order_number", sa.Text, primary_key=True),
    sa.Column("planned_run_s_per_item", sa.Double),
    sa.Column("planned_quantity", sa.Double),
    sa.Column("material", sa.Text),
    sa.Column("started_at", AT),
    sa.Column("ended_at", AT),
    # At least the range of the planned run times at which its items counted; null: no item has.
    sa.Column("run_s_min", sa.Double),
    sa.Column("run_s_max", sa.Double),
)

shift_calendars = sa.Table(
    "shift_calendars",
    metadata,
    # Applies to the equipment and everything below it without a calendar of its own.
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), nullable=False),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),
    sa.UniqueConstraint("equipment_id", "valid_from"),
)
