"""Statements that clear the derived rows of relations."""

from typing import Final

DELETE_COMPUTED_ROWS: Final = tuple(
    f"DELETE FROM {table} WHERE relation_id = ANY($1)"  # noqa: S608 - made of constants
    for table in ("cumulatives", "supply_elements")
)

# Transit lines that belonged to another relation, which is dirty, too.
DELETE_MOVED_TRANSIT_LINES: Final = """
DELETE FROM transit_lines WHERE event_id = ANY($1::uuid[]) AND relation_id <> ALL($2::int[])"""
