"""Energy carriers and their factors."""

import sqlalchemy as sa

from werknetz.store.tables.base import AT, NOW, metadata, reference_column

energy_carriers = sa.Table(
    "energy_carriers",
    metadata,
    # What a unit of a carrier counts at an equipment and everything below it, from `valid_from` on;
    # the entry of the nearest equipment holds.
    reference_column("equipment_id", "equipment.id", null=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("kwh_per_unit", sa.Double, nullable=False),
    sa.Column("co2_kg_per_unit", sa.Double),
    sa.Column("delivered", sa.Boolean, nullable=False, server_default="false"),  # subtracted
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("equipment_id", "carrier", "valid_from"),
    sa.CheckConstraint("kwh_per_unit >= 0", "kwh_per_unit"),
    sa.CheckConstraint("co2_kg_per_unit >= 0", "co2_kg_per_unit"),
)
