"""Functions that accept no signature for longer than an hour, and that refuse what has ended.

As those of `checked_callers_0040`, with the same sequences. An ended value is refused with the
error of an ended key: connections state their plants again at once.
"""

_OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"
_HINT = "Give the API the key that werknetz migrate --rows-key has stored."
# A signature is for an hour; the clocks of the API and of PostgreSQL may drift apart meanwhile.
_SIGNED_MAX_S = 3600 + 60
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

# The order counts: how often keys have ended is read before the keys are. If a key ends meanwhile,
# it is missing, or the hash is outdated. A transaction with one snapshot would go on seeing keys
# that have ended, so none states plants.
STATE = f"""
CREATE OR REPLACE FUNCTION state_caller(value text, for_transaction boolean) RETURNS void
LANGUAGE plpgsql VOLATILE {_OWNER} AS $$
DECLARE
    message text := substr(value, 69);
    hash bytea := {_HASH.format(value="value")};
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'plants are stated in a transaction of the isolation read committed only'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF NOT is_signed_for_rows(message, substr(value, 4, 64)) THEN
        RAISE EXCEPTION 'no valid key has signed the plants of this connection'
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
    END IF;
    IF split_part(message, ' ', 1)::bigint <> currval('caller_sessions')
        OR split_part(message, ' ', 2)::bigint <= currval('caller_serials') THEN
        RAISE EXCEPTION 'the plants were signed for another connection, or are replaced'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF split_part(message, ' ', 3)::bigint
        > extract(epoch FROM clock_timestamp()) + {_SIGNED_MAX_S} THEN
        RAISE EXCEPTION 'the plants of this connection are signed for longer than an hour'
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
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
            USING ERRCODE = 'invalid_authorization_specification', HINT = '{_HINT}';
    END IF;
    RETURN plants_signed_before();
END $$"""
