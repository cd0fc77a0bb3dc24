"""The outbox of changed events, and the marks of what must be derived again."""

import sqlalchemy as sa
from alembic import op

_AT = sa.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")

# Ingest, replays and corrections change events: each change is recorded in its transaction.
_EVENT_FUNCTION = """
CREATE FUNCTION mark_events_to_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events_to_project (event_id) SELECT event_id FROM changed;
    RETURN NULL;
END $$"""
_EVENT_TRIGGER = """
CREATE TRIGGER events_{word} AFTER {what} ON business_events
    REFERENCING {which} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_events_to_project()"""

# A changed policy: what was measured by another one is measured again.
_POLICY_FUNCTION = """
CREATE FUNCTION mark_relations_of_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dirty_relations AS d (relation_id)
    SELECT DISTINCT r.id FROM supply_relations r JOIN changed p
        ON p.supplier_id IS NULL OR p.supplier_id = r.supplier_id
    ORDER BY r.id
    ON CONFLICT (relation_id) DO UPDATE SET marks = d.marks + 1, marked_at = clock_timestamp();
    RETURN NULL;
END $$"""
_POLICY_TRIGGER = """
CREATE TRIGGER policies_{word} AFTER {what} ON supply_policies
    REFERENCING {which} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_relations_of_policy()"""
_CHANGES = (
    ("inserted", "INSERT", "NEW"),
    ("updated", "UPDATE", "NEW"),
    ("deleted", "DELETE", "OLD"),
)


def create_tables() -> None:
    op.create_table(
        "dirty_relations",
        sa.Column("relation_id", sa.Integer(), nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("marked_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("relation_id", name=op.f("pk_dirty_relations")),
    )
    op.create_table(
        "dirty_stock",
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=False),
        sa.Column("from_at", _AT, nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("marked_at", _AT, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("warehouse_id", "material_id", name=op.f("pk_dirty_stock")),
    )
    op.create_table(
        "events_to_project",
        sa.Column("change", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("change", name=op.f("pk_events_to_project")),
    )


def create_triggers() -> None:
    op.execute(_EVENT_FUNCTION)
    for word, what, which in _CHANGES:
        op.execute(_EVENT_TRIGGER.format(word=word, what=what, which=which))
    op.execute(_POLICY_FUNCTION)
    for word, what, which in _CHANGES:
        op.execute(_POLICY_TRIGGER.format(word=word, what=what, which=which))
    op.execute("INSERT INTO events_to_project (event_id) SELECT event_id FROM business_events")


def drop_triggers() -> None:
    for word, _, _ in _CHANGES:
        op.execute(f"DROP TRIGGER events_{word} ON business_events")
        op.execute(f"DROP TRIGGER policies_{word} ON supply_policies")
    op.execute("DROP FUNCTION mark_events_to_project()")
    op.execute("DROP FUNCTION mark_relations_of_policy()")
