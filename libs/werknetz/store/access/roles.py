"""Statements that make the database's roles, give them their rights, and look at them."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from typing import Final

from werknetz.store.access.rights import (
    ALL_PLANTS_ROLES,
    FUNCTIONS,
    TABLE_RIGHTS,
    TEMPORARY_TABLES,
    DatabaseRole,
)

_SCRAM_ITERATIONS: Final = 4096

EXISTING_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[])"
MAY_MAKE_ROLES: Final = (
    "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
)
TABLES: Final = """
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,
    c.relrowsecurity, EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
        AND p.polname = 'services') AS is_open
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'werknetz_api', 'grafana') AND c.relkind IN ('r', 'p', 'v')
    AND NOT c.relispartition"""
# The name of the database, if its rights are ours to give.
OWN_DATABASE: Final = """
SELECT datname FROM pg_database
WHERE datname = current_database() AND pg_has_role(datdba, 'USAGE')"""
# $1: role; $2: schema.
MAY_USE_SCHEMA: Final = "SELECT has_schema_privilege($1, $2, 'USAGE')"
SEQUENCES: Final = """
SELECT t.relname AS name, s.oid::regclass::text AS sequence
FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S'"""

# $1: name. Whether the password is ours to change: a role of another group is not.
FIND_LOGIN: Final = """
SELECT r.rolcanlogin, r.rolsuper, r.rolbypassrls,
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
        WHERE m.member = r.oid) AS groups
FROM pg_roles r WHERE r.rolname = $1"""

SET_READER: Final = """
INSERT INTO database_readers (role_name, plants) VALUES ($1, $2)
ON CONFLICT (role_name) DO UPDATE SET plants = excluded.plants"""

# How the present connection stands to row-level security.
OWN_POSITION: Final = """
SELECT current_user AS name, r.rolsuper AS is_superuser, r.rolbypassrls AS bypasses,
    coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c
        WHERE c.oid = to_regclass('public.equipment')), false) AS is_owner
FROM pg_roles r WHERE r.rolname = current_user"""

# Whether the present user sees rows with a signature of the API alone.
NEEDS_ROWS_KEY: Final = """
SELECT coalesce(has_function_privilege(to_regprocedure('public.begin_caller_session()'), 'EXECUTE')
    AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = to_regclass('rows_keys')),
        'USAGE'), false)"""


def create_role(role: DatabaseRole) -> str:
    """Return the statement for a group role; another migration may make it at the same time."""
    return (
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def grant_statements(role: DatabaseRole, tables: set[str]) -> Iterator[str]:
    """Yield what takes all rights on the tables from a role and gives it those that it needs."""
    for table in sorted(tables):
        yield f"REVOKE ALL ON {table} FROM {role}"
    for right, names in TABLE_RIGHTS[role].items():
        if granted := sorted(tables.intersection(names)):
            yield f"GRANT {right} ON {', '.join(granted)} TO {role}"
    for function in FUNCTIONS.get(role, ()):
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {role}"


def use_schema(role: DatabaseRole, schema: str) -> str:
    return f"GRANT USAGE ON SCHEMA {schema} TO {role}"


def sequence_grants(role: DatabaseRole, table: str, sequence: str) -> Iterator[str]:
    if table in set(TABLE_RIGHTS[role].get("INSERT", ())):
        yield f"GRANT USAGE ON SEQUENCE {sequence} TO {role}"


def open_to_services(table: str) -> str:
    """Return the policy that shows all rows to the services that work for every plant."""
    roles = ", ".join(ALL_PLANTS_ROLES)
    return f"CREATE POLICY services ON {table} FOR ALL TO {roles} USING (true) WITH CHECK (true)"


def temporary_grants(database: str) -> Iterator[str]:
    """Yield who may make temporary tables; by default PostgreSQL lets everybody."""
    quoted = quote_name(database)
    yield f"REVOKE TEMPORARY ON DATABASE {quoted} FROM PUBLIC"
    yield f"GRANT TEMPORARY ON DATABASE {quoted} TO {', '.join(TEMPORARY_TABLES)}"


def login_statements(name: str, password: str, role: DatabaseRole, *, exists: bool) -> list[str]:
    """Return what makes a login role, or gives it a new password; the password is not in them."""
    verb = "ALTER" if exists else "CREATE"
    return [
        f"{verb} ROLE {quote_name(name)} LOGIN PASSWORD '{scram_verifier(password)}'",
        f"GRANT {role} TO {quote_name(name)}",
    ]


def scram_verifier(password: str) -> str:
    """Return the password as PostgreSQL stores it (RFC 5803): so it is in no log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, client, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(_SCRAM_ITERATIONS, *encoded)


def quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
