"""Statements that rename, move and retire equipment and signals. `:path` with all below it.

A rename keeps the equipment; a move gives it a new row at its new place, so that every roll-up has
it for the time in which it was there. Signals belong to the new row.
"""

from typing import Final

import sqlalchemy as sa

from werknetz.store.dirty import mark_buckets
from werknetz.store.equipment.followers import FOLLOWERS

_PATH: Final = "CAST(:path AS text)"
_SUBTREE: Final = f"(e.path = {_PATH} OR starts_with(e.path, {_PATH} || '/'))"
_NEW_PATH: Final = f"CAST(:new AS text) || substr(e.path, length({_PATH}) + 1)"
_AT: Final = "CAST(:at AS timestamptz)"
_BUCKET: Final = "date_bin('15 minutes', {}, timestamptz 'epoch')"

FIND_FOR_CHANGE: Final = sa.text("SELECT * FROM equipment WHERE path = :path FOR UPDATE")

SUBTREE: Final = sa.text(
    f"SELECT e.id, e.path, e.level, e.valid_to FROM equipment e WHERE {_SUBTREE} ORDER BY e.path"  # noqa: S608 - made of constants
)

SET_LANGUAGE: Final = sa.text("UPDATE equipment SET language = :value WHERE id = :id")
SET_CLOCK: Final = sa.text("UPDATE equipment SET clock = :value WHERE id = :id")

SET_NAME: Final = sa.text("UPDATE equipment SET name = :name WHERE id = :id")

DELETE_ALIASES_OF_NEW: Final = sa.text(
    f"DELETE FROM former_paths USING equipment e WHERE {_SUBTREE} "  # noqa: S608 - made of constants
    f"AND former_paths.path = {_NEW_PATH}"
)

ADD_ALIASES: Final = sa.text(f"""
INSERT INTO former_paths (path, equipment_id, valid_to)
SELECT e.path, e.id, clock_timestamp() FROM equipment e WHERE {_SUBTREE}
ON CONFLICT (path) DO UPDATE SET equipment_id = excluded.equipment_id,
    valid_to = excluded.valid_to""")  # noqa: S608 - made of constants

RENAME: Final = sa.text(f"UPDATE equipment e SET path = {_NEW_PATH} WHERE {_SUBTREE}")  # noqa: S608 - made of constants

# One statement a level, from the top, so that the parent exists.
ADD_MOVED: Final = sa.text(f"""
INSERT INTO equipment
    (path, level, name, parent_id, time_zone, language, clock, valid_from, moved_from)
SELECT {_NEW_PATH}, e.level, e.name, p.id, e.time_zone, e.language, e.clock, {_AT}, e.id
FROM equipment e JOIN equipment p ON p.path = regexp_replace({_NEW_PATH}, '/[^/]*$', '')
WHERE {_SUBTREE} AND e.valid_to IS NULL AND e.level = :level""")  # noqa: S608 - made of constants

_MOVED: Final = f"""
FROM equipment e JOIN equipment n ON n.moved_from = e.id AND n.valid_from = {_AT}
WHERE {_SUBTREE} AND e.moved_to IS NULL"""

MOVE_ALONG: Final = tuple(
    sa.text(text.replace("{moved}", _MOVED).replace("{subtree}", _SUBTREE).replace(":at", _AT))
    for text in FOLLOWERS
)

# Keys name their plants by path.
RENAME_IN_KEYS: Final = sa.text(
    "UPDATE api_keys SET plants = array_replace(plants, CAST(:path AS text), CAST(:new AS text))"
    " WHERE CAST(:path AS text) = ANY(plants)"
)

RETIRE: Final = sa.text(
    f"UPDATE equipment e SET valid_to = :at WHERE {_SUBTREE} AND e.moved_to IS NULL "  # noqa: S608 - made of constants
    "AND e.valid_to IS NOT DISTINCT FROM CAST(:before AS timestamptz)"
)

# What is computed already, from an instant on; `:until` null: without end.
MARK_COMPUTED: Final = sa.text(
    mark_buckets(f"""
SELECT b.equipment_id, b.bucket_at FROM elements b JOIN equipment e ON e.id = b.equipment_id
WHERE {_SUBTREE} AND b.bucket_at >= {_BUCKET.format(_AT)}""")  # noqa: S608 - made of constants
)

# Every bucket up to now of what delivers or is reported.
MARK_SINCE: Final = sa.text(
    mark_buckets(f"""
SELECT e.id, b.at FROM equipment e
CROSS JOIN generate_series({_BUCKET.format(_AT)}, clock_timestamp(),
    interval '15 minutes') AS b (at)
WHERE {_SUBTREE} AND (EXISTS (SELECT FROM signals s WHERE s.equipment_id = e.id)
    OR EXISTS (SELECT FROM job_runs r WHERE r.equipment_id = e.id)
    OR EXISTS (SELECT FROM machine_reports r WHERE r.equipment_id = e.id))""")  # noqa: S608 - made of constants
)

FORMER_PATHS: Final = """
SELECT f.path, e.path AS current FROM former_paths f JOIN equipment e ON e.id = f.equipment_id"""

FIND_SIGNAL_FOR_CHANGE: Final = sa.text("""
SELECT s.id, s.key, s.equipment_id, s.valid_from, s.valid_to, e.path AS equipment
FROM signals s LEFT JOIN equipment e ON e.id = s.equipment_id WHERE s.id = :id FOR UPDATE OF s""")

SET_LIFETIME: Final = sa.text(
    "UPDATE signals SET valid_from = :valid_from, valid_to = :valid_to WHERE id = :id"
)

MARK_MACHINE_SINCE: Final = sa.text(
    mark_buckets(f"""
SELECT b.equipment_id, b.bucket_at FROM elements b WHERE b.equipment_id = :id
    AND b.bucket_at >= {_BUCKET.format(_AT)}""")  # noqa: S608 - made of constants
)
