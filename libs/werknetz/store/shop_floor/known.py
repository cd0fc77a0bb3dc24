"""Conditions of what was known when: rows that were in force at an instant."""


def known_at(table: str, parameter: str) -> str:
    """Return the condition that a row was in force at an instant; null: that it is now."""
    return (
        f"CASE WHEN {parameter}::timestamptz IS NULL THEN {table}.known_to IS NULL "
        f"ELSE {table}.known_from <= {parameter} "
        f"AND coalesce({table}.known_to, 'infinity') > {parameter} END"
    )


_BUCKET = "date_bin('15 minutes', s.start_at, timestamptz 'epoch')"
_PIECE = "s.equipment_id, s.start_at, s.end_at, s.state, s.category, s.code, s.order_number"


def known_pieces(where: str, where_bucket: str, as_of: str, *, order: str = "") -> str:
    """Return the query of state pieces as they were known at an instant.

    `where` is over a piece `s`, `where_bucket` over `bucket_at` of former ones, by which they are
    found. A bucket that was first computed later was not known. `order`: with limit, of each part.
    """
    is_known = f"""NOT EXISTS (
        SELECT FROM elements e WHERE e.equipment_id = s.equipment_id
            AND e.bucket_at = {_BUCKET} AND e.computed_at > {as_of} AND NOT EXISTS (
                SELECT FROM element_revisions r WHERE r.equipment_id = e.equipment_id
                    AND r.bucket_at = e.bucket_at AND r.known_from <= {as_of}))"""  # noqa: S608 - made of constants
    later = (
        "FROM state_piece_revisions r WHERE r.equipment_id = s.equipment_id"
        f" AND r.bucket_at = {{bucket}} AND r.known_to > {as_of}"
    )
    return f"""
(SELECT {_PIECE} FROM state_pieces s WHERE {where} AND {is_known}
    AND NOT EXISTS (SELECT {later.format(bucket=_BUCKET)}) {order})
UNION ALL
(SELECT {_PIECE} FROM state_piece_revisions s WHERE {where} AND {where_bucket} AND {is_known}
    AND s.known_to = (SELECT min(r.known_to) {later.format(bucket="s.bucket_at")}) {order})"""  # noqa: S608 - made of constants
