"""KPIs that customers define."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

kpi_definitions = sa.Table(
    "kpi_definitions",
    metadata,
    # A row for each version; versions are never changed, so that past values can be explained.
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column(
        "version", sa.Integer, sa.CheckConstraint("version > 0", "version"), primary_key=True
    ),
    sa.Column("valid_from", AT, nullable=False),
    sa.Column("document", pg.JSONB, nullable=False),  # as it was entered
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("entered_at", AT, nullable=False, server_default=NOW),
    sa.Column("retired_at", AT),  # of the newest version: the KPI is retired since then
)
