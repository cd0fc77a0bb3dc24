"""Statements that show whether PostgreSQL may lose what it has committed."""

from typing import Final

DURABILITY_SETTINGS: Final = """
SELECT name, setting FROM pg_settings
WHERE name = ANY($1::text[]) OR name = 'synchronous_standby_names'"""

UNLOGGED_TABLES: Final = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relpersistence = 'u' ORDER BY 1"""

HAS_TABLES: Final = """
SELECT to_regclass('samples') IS NOT NULL, to_regclass('samples_catch_all') IS NOT NULL"""
