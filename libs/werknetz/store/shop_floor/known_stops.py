"""Reads what stops were made of as it was known at an instant; $4 of the pieces, $2 of the last."""

from typing import Final

from werknetz.store.shop_floor.known import known_pieces
from werknetz.store.shop_floor.stops import LOOK_AROUND_DAYS, PIECES_MAX

_AROUND: Final = f"interval '{LOOK_AROUND_DAYS} days'"
_RUNNING: Final = "s.equipment_id = m.id AND s.state IN (0, 1)"
_BEFORE: Final = known_pieces(
    f"{_RUNNING} AND s.start_at < $2 AND s.start_at > $2 - {_AROUND}",
    f"s.bucket_at < $2 AND s.bucket_at > $2 - {_AROUND}",
    "$4",
    order="ORDER BY s.start_at DESC LIMIT 1",
)
_AFTER: Final = known_pieces(
    f"{_RUNNING} AND s.start_at >= $3 AND s.start_at < $3 + {_AROUND}",
    f"s.bucket_at > $3 - interval '15 minutes' AND s.bucket_at < $3 + {_AROUND}",
    "$4",
    order="ORDER BY s.start_at LIMIT 1",
)
_PIECES: Final = known_pieces(
    "s.equipment_id = m.id AND s.state NOT IN (0, 1)"
    " AND s.start_at >= around.start_at AND s.start_at < around.end_at",
    "s.bucket_at > around.start_at - interval '15 minutes' AND s.bucket_at < around.end_at",
    "$4",
)

# Like STOP_PIECES; $4: as of.
STOP_PIECES_AS_OF: Final = f"""
SELECT m.id, p.start_at, p.end_at, p.state, p.category, p.code, p.order_number
FROM unnest($1::int[]) AS m (id)
CROSS JOIN LATERAL (SELECT
    coalesce((SELECT max(b.end_at) FROM ({_BEFORE}) AS b), $2::timestamptz - {_AROUND})
        AS start_at,
    coalesce((SELECT min(b.start_at) FROM ({_AFTER}) AS b), $3::timestamptz + {_AROUND})
        AS end_at) AS around
CROSS JOIN LATERAL ({_PIECES}) AS p
ORDER BY m.id, p.start_at LIMIT {PIECES_MAX + 1}"""  # noqa: S608 - made of constants

_LAST: Final = known_pieces(
    "s.equipment_id = m.id AND s.start_at < $2", "s.bucket_at < $2", "$2",
    order="ORDER BY s.start_at DESC LIMIT 1",
)  # fmt: skip

# Like LAST_PIECES; $2: as of.
LAST_PIECES_AS_OF: Final = f"""
SELECT m.id, (SELECT max(b.end_at) FROM ({_LAST}) AS b) AS end_at
FROM unnest($1::int[]) AS m (id)"""  # noqa: S608 - made of constants
