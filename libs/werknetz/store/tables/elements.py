"""What workers compute for machines, and the buckets that they have to compute again.

All of it can be recomputed from samples at any time.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

dirty_buckets = sa.Table(
    "dirty_buckets",
    metadata,
    # The truth about what must be recomputed (R15). A worker deletes only marks that it has read.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("bucket_at", AT, primary_key=True),
    sa.Column("marks", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("marked_at", AT, nullable=False, server_default=NOW),
)

ELEMENT_COLUMNS: Final = (
    # seconds
    "pot_s", "pdot_s", "pbt_s", "apt_s", "aust_s", "adet_s", "adot_s", "unknown_s",
    "unplanned_busy_s", "blocked_s", "starved_s", "suspended_s", "malfunction_s",
    "minor_stop_s", "idle_s", "cmt_s", "pmt_s", "ttr_s", "off_shift_s", "aoet_s",
    # quantities
    "pq", "gq", "sq", "rq", "pri_pq_s", "pri_gq_s", "start_up_sq", "start_up_pri_sq_s",
    # events
    "fe", "minor_stops",
    # share of samples that came more than a bucket late, and of good data
    "late_samples", "good_samples", "samples",
    # what is known, and the sums over what is known
    "plan_known_s", "pq_known_s", "gq_known_s", "sq_known_s", "rq_known_s",
    "quantity_known_s", "quantity_known_pot_s", "quantity_known_calendar_s",
    "judged_s", "judged_apt_s", "judged_aust_s", "judged_pri_pq_s", "judged_pri_gq_s",
    "pace_known_s", "pace_apt_s", "pace_pri_pq_s",
    "quality_known_s", "quality_pq", "quality_gq", "quality_sq",
    "quality_pri_known_s", "quality_pri_pq_s", "quality_pri_gq_s",
    "rework_known_s", "rework_pq", "rework_rq", "aoet_unknown_s",
    # energy
    "energy_kwh", "energy_exchange_kwh", "energy_unallocated_kwh", "co2_kg", "energy_known_s",
    "co2_known_s", "energy_pq_known_s", "energy_pq", "energy_of_pq_kwh", "co2_of_pq_kg",
)  # fmt: skip

elements = sa.Table(
    "elements",
    metadata,
    # Additive inputs of every KPI, a row a machine and bucket of 15 minutes.
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("bucket_at", AT, primary_key=True),
    *(sa.Column(name, sa.Double, nullable=False, server_default="0") for name in ELEMENT_COLUMNS),
    sa.Column("carry", pg.JSONB, nullable=False),  # state at the start of the next bucket
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("provisional", sa.Boolean, nullable=False),  # the bucket had not ended
    sa.Column("computed_at", AT, nullable=False, server_default=NOW),
    sa.Index("ix_elements_bucket_at", "bucket_at"),
    sa.Index(
        "ix_elements_provisional",
        "equipment_id",
        "bucket_at",
        postgresql_where=sa.text("provisional"),
    ),
)

element_revisions = sa.Table(
    "element_revisions",
    metadata,
    # The rows of `elements` that a recomputation replaced.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("bucket_at", AT, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("elements", pg.JSONB, nullable=False),
    sa.Column("known_from", AT, nullable=False),
    sa.Column("known_to", AT, nullable=False),
)

state_pieces = sa.Table(
    "state_pieces",
    metadata,
    # State intervals cut at bucket boundaries, so that a bucket is replaced whole.
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("start_at", AT, primary_key=True),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("category", sa.Text, nullable=False),  # apt, aust, adet, adot, pdot, off_shift …
    sa.Column("code", sa.Text),  # as reported by the source
    sa.Column("order_number", sa.Text),
    # Starved and suspended pieces: supply-caused downtime reads only these.
    sa.Index(
        "ix_state_pieces_starved_or_suspended", "equipment_id", "start_at",
        postgresql_where=sa.text("state IN (6, 7)"),
    ),
)  # fmt: skip

order_elements = sa.Table(
    "order_elements",
    metadata,
    # What an order has of a bucket. What all orders leave of `elements` belongs to no order.
    sa.Column("equipment_id", sa.Integer, sa.ForeignKey("equipment.id"), primary_key=True),
    sa.Column("bucket_at", AT, primary_key=True),
    sa.Column("order_number", sa.Text, primary_key=True),
    # Those that are not 0, where the order changes within the bucket; null: the whole bucket.
    sa.Column("elements", pg.JSONB),
    sa.Index("ix_order_elements_order_number", "order_number", "equipment_id", "bucket_at"),
)

state_piece_revisions = sa.Table(
    "state_piece_revisions",
    metadata,
    # All pieces of a bucket that had settled, where a recomputation replaced one of them.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("equipment_id", sa.Integer, nullable=False),
    sa.Column("start_at", AT, nullable=False),
    sa.Column("end_at", AT, nullable=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("order_number", sa.Text),
    sa.Column("bucket_at", AT, nullable=False),
    sa.Column("known_to", AT, nullable=False),  # the same for all pieces of a bucket
    sa.Index("ix_state_piece_revisions_equipment_id_bucket_at", "equipment_id", "bucket_at"),
    sa.Index("ix_state_piece_revisions_known_to", "known_to"),
)

element_sums = sa.Table(
    "element_sums",
    metadata,
    # Roll-ups of `elements`: derived by a trigger and by workers, never written by others. What
    # they are to be computed again for is in `rollup_marks`; there, readers use `elements`.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("grain", sa.SmallInteger, primary_key=True),  # see `domain.rollup`
    sa.Column("start_at", AT, primary_key=True),
    sa.Column("provisional", sa.Boolean, nullable=False),
    sa.Column("computed_at", AT, nullable=False),
    *(sa.Column(name, sa.Double, nullable=False, server_default="0") for name in ELEMENT_COLUMNS),
)

rollup_marks = sa.Table(
    "rollup_marks",
    metadata,
    # Where the roll-ups of an equipment and of all above it are older than `elements`.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("equipment_id", sa.Integer, nullable=False, index=True),
    sa.Column("from_at", AT, nullable=False),
    sa.Column("to_at", AT, nullable=False, index=True),
)

rollup_zones = sa.Table(
    "rollup_zones",
    metadata,
    # The time zone in which the days of an equipment are rolled up.
    sa.Column("equipment_id", sa.Integer, primary_key=True),
    sa.Column("zone", sa.Text, nullable=False),
)
