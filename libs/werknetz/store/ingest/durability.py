"""Statements that show whether PostgreSQL may lose what it has committed."""

from typing import Final

DURABILITY_SETTINGS: Final = """
SELECT name, setting FROM pg_settings
WHERE name = ANY($1::text[]) OR name = 'synchronous_standby_names'"""

UNLOGGED_TABLES: Final = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relpersistence = 'u' ORDER BY 1"""

# A restore from a dump adds the foreign keys last, after all rows.
HAS_TABLES: Final = """
SELECT to_regclass('samples') IS NOT NULL, to_regclass('samples_catch_all') IS NOT NULL,
    EXISTS (SELECT FROM pg_constraint WHERE contype = 'f'
        AND conrelid = to_regclass('points') AND confrelid = to_regclass('spools'))"""
