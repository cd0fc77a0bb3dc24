"""Who may ask: keys of programs, accounts of people, sessions of browsers, failed sign-ins."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.tables.base import AT, NOW, id_column, metadata

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

users = sa.Table(
    "users",
    metadata,
    id_column(),
    sa.Column("name", sa.Text, nullable=False),  # signs in with it; unique in lower case
    sa.Column("display_name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("role", sa.Text, nullable=False),  # as of keys
    sa.Column("plants", pg.ARRAY(sa.Text)),  # null: all
    sa.Column("password_hash", sa.Text),  # null: signs in at a provider only
    sa.Column("password_changed_at", AT),
    sa.Column("password_valid_until", AT),  # not null: made by an admin, to be replaced at once
    sa.Column("totp_secret", sa.LargeBinary),  # encrypted
    sa.Column("totp_confirmed_at", AT),  # null: not required yet
    sa.Column("totp_last_step", sa.BigInteger),  # of the last code that was accepted
    sa.Column("recovery_hashes", pg.ARRAY(sa.LargeBinary), nullable=False, server_default="{}"),
    sa.Column("issuer", sa.Text),  # of the OpenID provider; null: a local account
    sa.Column("subject", sa.Text),  # the provider's id of the person
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    sa.Column("disabled_at", AT),
    sa.Column("last_signed_in_at", AT),
    sa.UniqueConstraint("issuer", "subject"),
    sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="provider"),
)
sa.Index("ix_users_name", sa.func.lower(users.c.name), unique=True)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),  # SHA-256
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
    sa.Column("key_id", sa.Integer, sa.ForeignKey("api_keys.id", ondelete="CASCADE"), index=True),
    sa.Column("key_hash", sa.LargeBinary),  # of the secret that opened it, former or present
    sa.Column("kind", sa.Text, nullable=False),  # browser, kiosk
    sa.Column("method", sa.Text, nullable=False),  # key, password, oidc
    sa.Column("created_at", AT, nullable=False),
    sa.Column("last_used_at", AT, nullable=False),  # to the minute
    sa.Column("ends_at", AT, nullable=False),  # moves with its use; signing out sets it
    sa.Column("latest_end_at", AT, nullable=False),  # does not move
    sa.Column("address", sa.Text),
    sa.Column("client", sa.Text),
    sa.Column("id_token", sa.Text),  # of the OpenID provider, to sign out there
    sa.Column("provider_session", sa.Text),  # `sid` of the OpenID provider
    sa.CheckConstraint("(user_id IS NULL) <> (key_id IS NULL)", name="owner"),
    sa.CheckConstraint("(key_id IS NULL) = (key_hash IS NULL)", name="key"),
)
sa.Index("ix_sessions_ends_at", sessions.c.ends_at)

# Of an account at an address; of an account at all addresses where it never signed in (address
# ''); of an address with all accounts (account '').
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("account", sa.LargeBinary, primary_key=True),  # SHA-256: it may not exist
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", AT, nullable=False),
    sa.Column("blocked_until", AT),
)
sa.Index("ix_sign_in_failures_last_at", sign_in_failures.c.last_at)

# Answers of requests with an Idempotency-Key. A row without a status has no answer yet.
stored_answers = sa.Table(
    "stored_answers",
    metadata,
    # Of a key its id, of a person minus it.
    sa.Column("caller", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),  # SHA-256 of the Idempotency-Key
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),  # of the request
    sa.Column("status", sa.SmallInteger),
    sa.Column("headers", pg.JSONB),
    sa.Column("body", sa.LargeBinary),  # without secrets; null: too large
    sa.Column("created_at", AT, nullable=False, server_default=NOW),
    # Of the caller, for row-level security: `*` all, `-` none.
    sa.Column(
        "plants", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("caller_scope()")
    ),
    sa.Index("ix_stored_answers_created_at", "created_at"),
)

database_readers = sa.Table(
    "database_readers",
    metadata,
    # The plants of login roles that read the views of `grafana`. Only the owner reads and writes
    # it: a role could change a setting of its own.
    sa.Column("role_name", sa.Text, primary_key=True),
    sa.Column("plants", pg.ARRAY(sa.Text)),  # null: all
)

rows_keys = sa.Table(
    "rows_keys",
    metadata,
    # Keys that sign whose rows a connection of the API may see. Only the owner reads and writes it.
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("inner_pad", sa.LargeBinary, nullable=False),  # the key, padded as HMAC needs it
    sa.Column("outer_pad", sa.LargeBinary, nullable=False),
    sa.Column("added_at", AT, nullable=False, server_default=NOW),
    sa.Column("valid_until", AT),  # null: until another one replaces it
)
