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
    # viewer, operator, planner, engineer, admin; null: a program's key, which has scopes
    sa.Column("role", sa.Text),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("plants", pg.ARRAY(sa.Text)),  # null: all
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("expires_at", AT),
    sa.Column("revoked_at", AT),
    sa.Column("last_used_at", AT),  # to the minute
    sa.Column("rotated_at", AT),
    sa.Column("former_hash", sa.LargeBinary),  # of the key before it was rotated
    sa.Column("former_valid_until", AT),
)
