"""Functions that verify a signature once a connection and then recognise the value it was on.

The first call of a function with many expressions costs more in each statement than the rest of
a small answer. So `state_caller` verifies the signature and notes a hash of the value in two
sequences; `caller_sees_all` compares that hash in one expression. What `currval` returns belongs
to one connection and only functions of the owner set it, so no other value passes: one that has
the same 126 bits cannot be found.
"""

_OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"
_HINT = "Give the API the key that werknetz migrate --rows-key has stored."
# Unlogged: their values belong to connections. The last is the number of times that keys ended at
# once: with it, what they have signed for connections that are open ends, too.
SEQUENCES = (
    "CREATE UNLOGGED SEQUENCE caller_check_1 MINVALUE -9223372036854775808",
    "CREATE UNLOGGED SEQUENCE caller_check_2 MINVALUE -9223372036854775808",
    "CREATE SEQUENCE rows_keys_ended",
    "SELECT setval('rows_keys_ended', 1)",
)
DROP_SEQUENCES = (
    "DROP SEQUENCE caller_check_1", "DROP SEQUENCE caller_check_2", "DROP SEQUENCE rows_keys_ended",
)  # fmt: skip

_VALUE = "current_setting('werknetz.plants', true)"
# 16 bytes, of the value and of how often keys have ended.
_HASH = (
    "substr(sha256(convert_to(pg_sequence_last_value('rows_keys_ended'::regclass) || {value},"
    " 'UTF8')), 1, 16)"
)
_NOTED = "int8send(currval('caller_check_1')) || int8send(currval('caller_check_2'))"
# A value is `v2 SIGNATURE SESSION SERIAL END PLANTS`, the end in seconds since 1970. What begins
# with v1 was stated by an API of before: its signature is verified in each statement.
_IS_CHECKED = f"""(CASE WHEN starts_with({_VALUE}, 'v2 ') THEN
        {_HASH.format(value=_VALUE)} = {_NOTED}
        AND split_part({_VALUE}, ' ', 5)::bigint > extract(epoch FROM statement_timestamp()) END)"""

STATE = f"""
CREATE OR REPLACE FUNCTION state_caller(value text, for_transaction boolean) RETURNS void
LANGUAGE plpgsql VOLATILE {_OWNER} AS $$
DECLARE
    message text := substr(value, 69);
    hash bytea := {_HASH.format(value="value")};
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
    PERFORM setval('caller_check_1',
        ('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint);
    PERFORM setval('caller_check_2',
        ('x' || encode(substr(hash, 9, 8), 'hex'))::bit(64)::bigint);
    PERFORM set_config('werknetz.plants', value, for_transaction);
END $$"""

STATED = f"""
CREATE OR REPLACE FUNCTION stated_plants() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED {_OWNER} AS $$
BEGIN
    IF {_IS_CHECKED} THEN
        RETURN substr({_VALUE}, length(split_part({_VALUE}, ' ', 3)
            || split_part({_VALUE}, ' ', 4) || split_part({_VALUE}, ' ', 5)) + 72);
    END IF;
    IF starts_with({_VALUE}, 'v2 ') THEN
        RAISE EXCEPTION 'the plants of this connection are not signed for it, or not any more'
            USING ERRCODE = 'insufficient_privilege', HINT = '{_HINT}';
    END IF;
    RETURN plants_signed_before();
END $$"""

SEES_ALL = f"""
CREATE OR REPLACE FUNCTION caller_sees_all() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED {_OWNER} AS $$
BEGIN
    RETURN CASE WHEN {_IS_CHECKED} THEN split_part({_VALUE}, ' ', 6) ELSE stated_plants() END = '*';
END $$"""

FORMER_SEES_ALL = """
CREATE OR REPLACE FUNCTION caller_sees_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED AS $$
    SELECT public.stated_plants() = '*'
$$"""
