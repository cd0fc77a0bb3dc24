"""The audit log says from where, is append-only, and its entries are chained by hashes.

A constraint trigger seals each entry as the last step of its transaction: it locks the head of the
chain, so that transactions are ordered as they commit. What is rolled back leaves nothing. Entries
in place are sealed in the order of their ids.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_ORIGIN = ("address", "client", "trace_id")

# The same text as `werknetz.store.shop_floor.audit.CANONICAL`: columns without a value are left
# out, so that later columns do not change the hashes of earlier entries.
_CANONICAL = r"""
CREATE FUNCTION audit_canonical(entry audit_log) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_object_agg(key, value)::text
    FROM jsonb_each(to_jsonb(entry) || jsonb_build_object(
        'at', to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US"+00\:00"')))
    WHERE value <> 'null'::jsonb
$$"""

_SEAL = """
CREATE FUNCTION seal_audit_entry(entry audit_log) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    head audit_head;
    seal bytea;
BEGIN
    -- Held until the commit, which follows at once. READ COMMITTED reads the newest head.
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    seal = sha256(head.hash || convert_to(audit_canonical(entry), 'UTF8'));
    INSERT INTO audit_seals (seq, entry_id, previous, hash)
    VALUES (head.seq + 1, entry.id, head.hash, seal);
    UPDATE audit_head SET seq = head.seq + 1, hash = seal;
END $$"""

_SEAL_INSERTED = """
CREATE FUNCTION seal_inserted_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM seal_audit_entry(NEW);
    RETURN NULL;
END $$"""

_SEAL_TRIGGER = """
CREATE CONSTRAINT TRIGGER audit_log_sealed AFTER INSERT ON audit_log
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seal_inserted_audit_entry()"""

# The head is written once: in one transaction, each of its versions would be read again.
_SEAL_PRESENT = """
DO $$
DECLARE
    entry audit_log;
    head audit_head;
    seal bytea;
BEGIN
    SELECT * INTO STRICT head FROM audit_head;
    FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
        seal = sha256(head.hash || convert_to(audit_canonical(entry), 'UTF8'));
        head.seq = head.seq + 1;
        INSERT INTO audit_seals (seq, entry_id, previous, hash)
        VALUES (head.seq, entry.id, head.hash, seal);
        head.hash = seal;
    END LOOP;
    UPDATE audit_head SET seq = head.seq, hash = head.hash;
END $$"""

_REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- On in the removal of old entries, and where an operator restores all tables.
    IF TG_OP <> 'UPDATE' AND current_setting('werknetz.audit_maintenance', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: no % of %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
        HINT = 'WERKNETZ_AUDIT_RETENTION_DAYS of the worker removes old entries.';
END $$"""

_REFUSED = {
    "audit_log": "UPDATE OR DELETE OR TRUNCATE",
    "audit_seals": "UPDATE OR DELETE OR TRUNCATE",
    "audit_head": "INSERT OR DELETE OR TRUNCATE",
}

# Removes a prefix of the chain, and adds the entry from whose hash the rest can be verified.
_REMOVE = r"""
CREATE FUNCTION remove_audit_entries(older_than timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head audit_head;
    first_seq bigint;
    last_seq bigint;
    last_hash bytea;
    broken bigint;
    removed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM audit_log WHERE at < older_than) THEN
        RETURN 0;
    END IF;
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    SELECT min(seq) INTO first_seq FROM audit_seals;
    SELECT coalesce(min(s.seq) - 1, head.seq) INTO last_seq
    FROM audit_seals s JOIN audit_log a ON a.id = s.entry_id WHERE a.at >= older_than;
    SELECT hash INTO last_hash FROM audit_seals WHERE seq = last_seq;
    IF first_seq IS NULL OR last_seq < first_seq THEN
        RETURN 0;
    END IF;
    -- A removal must not hide that an entry was changed.
    SELECT min(seq) INTO broken FROM (
        SELECT s.seq, coalesce(s.hash = sha256(s.previous
            || convert_to(audit_canonical(a), 'UTF8')), false)
            AND s.previous = lag(s.hash, 1, s.previous) OVER (ORDER BY s.seq)
            AND s.seq = lag(s.seq, 1, s.seq - 1) OVER (ORDER BY s.seq) + 1 AS is_intact
        FROM audit_seals s LEFT JOIN audit_log a ON a.id = s.entry_id WHERE s.seq <= last_seq
    ) AS old WHERE NOT is_intact;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the audit log is broken at %, nothing is removed', broken
            USING ERRCODE = 'data_corrupted', HINT = 'Run `werknetz audit verify`.';
    END IF;
    PERFORM set_config('werknetz.audit_maintenance', 'on', true);
    DELETE FROM audit_log a USING audit_seals s WHERE s.entry_id = a.id AND s.seq <= last_seq;
    DELETE FROM audit_seals WHERE seq <= last_seq;
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('werknetz.audit_maintenance', '', true);
    INSERT INTO audit_log (by, action, subject, subject_id, after) VALUES (
        'retention', 'removed', 'audit', last_seq::text, jsonb_build_object(
            'entries', removed, 'to_seq', last_seq, 'hash', encode(last_hash, 'hex'),
            'older_than', to_char(older_than AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS"Z"')));
    RETURN removed;
END $$"""


def upgrade() -> None:
    for name in _ORIGIN:
        op.add_column("audit_log", sa.Column(name, sa.Text()))
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
    )
    op.execute(
        "INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'))"
    )
    for statement in (_CANONICAL, _SEAL, _SEAL_INSERTED, _SEAL_PRESENT, _SEAL_TRIGGER, _REFUSE):
        op.execute(statement)
    for table, operations in _REFUSED.items():
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {operations} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
    op.execute(_REMOVE)


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_log_append_only ON audit_log")
    op.execute("DROP TRIGGER audit_log_sealed ON audit_log")
    for function in (
        "remove_audit_entries(timestamptz)", "seal_inserted_audit_entry()",
        "seal_audit_entry(audit_log)", "audit_canonical(audit_log)",
    ):  # fmt: skip
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("audit_head")
    op.drop_table("audit_seals")
    op.execute("DROP FUNCTION refuse_audit_change()")
    for name in _ORIGIN:
        op.drop_column("audit_log", name)
