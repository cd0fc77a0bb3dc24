"""Conditions of what was known when: rows that were in force at an instant."""


def known_at(table: str, parameter: str) -> str:
    """Return the condition that a row was in force at an instant; null: that it is now."""
    return (
        f"CASE WHEN {parameter}::timestamptz IS NULL THEN {table}.known_to IS NULL "
        f"ELSE {table}.known_from <= {parameter} "
        f"AND coalesce({table}.known_to, 'infinity') > {parameter} END"
    )
