"""Statements that choose the next replay."""

from typing import Final

# The row is locked until the page is done: if the process dies, another one continues.
# $1: replays that failed just now and wait, so that the others go on.
TAKE_REPLAY: Final = """
SELECT r.*, v.name, v.version, v.document FROM replays r
JOIN mapping_versions v ON v.id = r.mapping_id
WHERE r.state IN ('waiting', 'running') AND r.id <> ALL($1::bigint[])
ORDER BY r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED"""
