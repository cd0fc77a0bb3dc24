"""Functions that believe the plants of a connection only with a signature of the API.

The API has a key that no role of the database but the owner reads. It signs the plants together
with the number of the connection, a serial number and an end. The number and the serial number
are values of sequences: what `currval` returns belongs to one connection, ends with it, and only
functions of the owner set it. So a value that somebody sees elsewhere (in a log, a statement, a
dump) is of no use, and neither is a former value of the same connection.
"""

_OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"
# What `currval` returns is unknown to parallel workers: the leader asks.
_ASKED = f"LANGUAGE plpgsql STABLE PARALLEL RESTRICTED {_OWNER}"
_HINT = "Give the API the key that werknetz migrate --rows-key has stored."

# HMAC-SHA256 (RFC 2104) with the padded keys of the table. What is compared are hashes, so that
# the time says nothing. Only the functions below ask it, as the owner and with their search path.
IS_SIGNED = """
CREATE FUNCTION is_signed_for_rows(message text, signature text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    signed bytea := convert_to(message, 'UTF8');
    stated bytea := convert_to(signature, 'UTF8');
    inner_key bytea;
    outer_key bytea;
BEGIN
    FOR inner_key, outer_key IN SELECT k.inner_pad, k.outer_pad FROM public.rows_keys k
        WHERE k.valid_until IS NULL OR k.valid_until > clock_timestamp()
    LOOP
        IF sha256(outer_key || stated) = sha256(outer_key || convert_to(
            encode(sha256(outer_key || sha256(inner_key || signed)), 'hex'), 'UTF8')) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$"""

# The number that binds what is signed to this connection; null: the owner needs no signature.
SESSION = f"""
CREATE FUNCTION begin_caller_session() RETURNS bigint LANGUAGE plpgsql VOLATILE {_OWNER} AS $$
BEGIN
    IF pg_has_role(session_user, current_user, 'USAGE') THEN
        RETURN NULL;
    END IF;
    PERFORM setval('caller_serials', 1);
    RETURN setval('caller_sessions', greatest(1, 9223372036854775807 & ('x' || encode(
        substr(sha256(uuid_send(gen_random_uuid())), 1, 8), 'hex'))::bit(64)::bigint));
END $$"""

# A value is `v1 SIGNATURE SESSION SERIAL END PLANTS`, the end in seconds since 1970.
STATE = f"""
CREATE FUNCTION state_caller(value text, for_transaction boolean) RETURNS void
LANGUAGE plpgsql VOLATILE {_OWNER} AS $$
DECLARE
    message text := substr(value, 69);
BEGIN
    IF NOT is_signed_for_rows(message, substr(value, 4, 64)) THEN
        RAISE EXCEPTION 'no valid key has signed the plants of this connection'
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
    END IF;
    IF split_part(message, ' ', 1)::bigint <> currval('caller_sessions')
        OR split_part(message, ' ', 2)::bigint <= currval('caller_serials') THEN
        RAISE EXCEPTION 'the plants were signed for another connection, or are replaced'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM setval('caller_serials', split_part(message, ' ', 2)::bigint);
    PERFORM set_config('werknetz.plants', value, for_transaction);
END $$"""

# The plants as they are signed: '' none, '*' all, else a list in JSON. Never empty where the
# signature is wrong: that is an error.
STATED = f"""
CREATE FUNCTION stated_plants() RETURNS text {_ASKED} AS $$
DECLARE
    value text := current_setting('werknetz.plants', true);
    message text := substr(value, 69);
    stated text := split_part(message, ' ', 1) || ' ' || split_part(message, ' ', 2) || ' '
        || split_part(message, ' ', 3) || ' ';
BEGIN
    IF value IS NULL OR value = '' THEN
        RETURN '';
    END IF;
    IF NOT starts_with(value, 'v1 ') THEN
        IF pg_has_role(session_user, current_user, 'USAGE') THEN
            RETURN value;
        END IF;
        RAISE EXCEPTION 'the plants of this connection are not signed'
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
    END IF;
    IF NOT is_signed_for_rows(message, substr(value, 4, 64)) THEN
        RAISE EXCEPTION 'no valid key has signed the plants of this connection'
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
    END IF;
    IF split_part(message, ' ', 1)::bigint <> currval('caller_sessions')
        OR split_part(message, ' ', 2)::bigint <> currval('caller_serials') THEN
        RAISE EXCEPTION 'the plants were signed for another connection, or are replaced'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF split_part(message, ' ', 3)::bigint <= extract(epoch FROM statement_timestamp()) THEN
        RAISE EXCEPTION 'the signature of the plants of this connection has expired'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN substr(message, length(stated) + 1);
END $$"""

SEES_ALL = """
CREATE FUNCTION caller_sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
    SELECT public.stated_plants() = '*'
$$"""

PLANTS = """
CREATE OR REPLACE FUNCTION caller_plants() RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = public, pg_temp AS $$
DECLARE
    stated text := public.stated_plants();
BEGIN
    IF stated IN ('', '*') THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT jsonb_array_elements_text(stated::jsonb));
END $$"""

FORMER_PLANTS = """
CREATE OR REPLACE FUNCTION caller_plants() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN coalesce(value, '') IN ('', '*') THEN '{}'
        ELSE ARRAY(SELECT jsonb_array_elements_text(value::jsonb)) END
    FROM current_setting('werknetz.plants', true) AS setting (value)
$$"""

# In the order in which they use each other.
FUNCTIONS = {
    "is_signed_for_rows(text, text)": IS_SIGNED,
    "begin_caller_session()": SESSION,
    "state_caller(text, boolean)": STATE,
    "stated_plants()": STATED,
    "caller_sees_all()": SEES_ALL,
}
# What asks for the plants, and so cannot run in parallel workers.
ASKING = (
    "caller_equipment()", "caller_lineage()", "caller_paths()", "caller_signals()",
    "caller_sites()", "caller_warehouses()", "caller_stock_items()", "caller_relations()",
    "caller_suppliers()", "caller_materials()", "caller_connectors()", "caller_own_connectors()",
    "caller_sees_event(text, uuid)",
)  # fmt: skip

SIGNED_ALL = "caller_sees_all()"
# As PostgreSQL prints the condition of migration 0028.
UNSIGNED_ALL = "(current_setting('werknetz.plants'::text, true) = '*'::text)"

SAMPLES = """
CREATE OR REPLACE VIEW werknetz_api.samples WITH (security_barrier) AS
SELECT *, ctid, xmin FROM public.samples
WHERE (SELECT {all}) OR signal_id IN (SELECT public.caller_signals())"""
