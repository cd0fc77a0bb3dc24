"""People have accounts, browsers have sessions, and failed sign-ins are counted.

A session belongs to a person, or to a key that somebody has entered in a browser. Of tokens,
recovery codes and account names that fail, only hashes are stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("plants", pg.ARRAY(sa.Text())),
        sa.Column("password_hash", sa.Text()),
        sa.Column("password_changed_at", _AT),
        sa.Column("password_valid_until", _AT),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_confirmed_at", _AT),
        sa.Column("totp_last_step", sa.BigInteger()),
        sa.Column(
            "recovery_hashes", pg.ARRAY(sa.LargeBinary()), nullable=False, server_default="{}"
        ),
        sa.Column("issuer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("created_at", _AT, nullable=False, server_default=_NOW),
        sa.Column("disabled_at", _AT),
        sa.Column("last_signed_in_at", _AT),
        sa.UniqueConstraint("issuer", "subject"),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="provider"),
    )
    op.create_index("ix_users_name", "users", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("users.id", ondelete="CASCADE")),
        sa.Column("key_id", sa.Integer(), sa.ForeignKey("api_keys.id", ondelete="CASCADE")),
        sa.Column("key_hash", sa.LargeBinary()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("last_used_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("latest_end_at", _AT, nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("client", sa.Text()),
        sa.Column("id_token", sa.Text()),
        sa.Column("provider_session", sa.Text()),
        sa.CheckConstraint("(user_id IS NULL) <> (key_id IS NULL)", name="owner"),
        sa.CheckConstraint("(key_id IS NULL) = (key_hash IS NULL)", name="key"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_key_id", "sessions", ["key_id"])
    op.create_index("ix_sessions_ends_at", "sessions", ["ends_at"])
    op.create_table(
        "sign_in_failures",
        sa.Column("account", sa.LargeBinary(), primary_key=True),
        sa.Column("address", sa.Text(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", _AT, nullable=False),
        sa.Column("blocked_until", _AT),
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"])


def downgrade() -> None:
    for table in ("sign_in_failures", "sessions", "users"):
        op.drop_table(table)
