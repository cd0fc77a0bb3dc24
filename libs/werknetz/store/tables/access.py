"""Who may ask: the keys of the API."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, metadata

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),  # SHA-256 of the whole key
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # viewer, engineer, planner, operator, admin
    sa.Column("plants", pg.ARRAY(sa.Text)),  # null: all
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("expires_at", AT),
    sa.Column("revoked_at", AT),
)
