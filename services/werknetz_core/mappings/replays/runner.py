"""Runs replays: normalizes stored raw input again and corrects what was stored, page by page.

A page and the position after it are one transaction: after a crash, any process continues with the
next page. Repeating a replay changes nothing.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.runtime.log import get_logger
from werknetz.store import mappings as statements
from werknetz.store.replays import TAKE_REPLAY
from werknetz.store.session import Database
from werknetz_core.mappings import raw_inputs
from werknetz_core.mappings.normalizer_cache import NormalizerCache
from werknetz_core.mappings.raw_inputs import FIRST_SPOOL_ID, RawPosition, StoredRawInput
from werknetz_core.mappings.replay_normalizer import parse_mapping_document
from werknetz_core.mappings.replays.apply import ReplayCounts, apply_correction, refusal_by_source
from werknetz_core.mappings.replays.correction import Correction

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

POLL_INTERVAL_S: Final = 2.0
RETRY_FIRST_S: Final = 5.0
TRIES_MAX: Final = 4
UNAVAILABLE_CLASSES: Final = frozenset({"08", "25", "40", "53", "57", "58"})  # of SQLSTATE
SOURCES_MAX: Final = 10_000
_log: Final = get_logger("core.replay")


async def run(database: Database) -> None:
    """Run waiting replays one after another until cancelled; wait during a database outage.

    A replay that fails waits and is tried again; after TRIES_MAX it ends as failed. The others go
    on.
    """
    caches: dict[int, NormalizerCache] = {}
    waits = _Waits()
    unavailable = False
    while True:
        worked = False
        try:
            worked, unavailable = await _replay_page(database, caches, waits), False
        except Exception as error:  # noqa: BLE001 - one replay must not stop the others
            if waits.current is None or is_unavailable(error):
                if not unavailable:  # once per outage
                    reason = f"{type(error).__name__}: {error}"
                    _log.warning("replays paused, database unavailable", error=reason)
                unavailable = True
            else:
                worked = await _fail_replay(database, waits, waits.current, error)
        if not worked:
            caches.clear()
            await asyncio.sleep(POLL_INTERVAL_S)


def is_unavailable(error: Exception) -> bool:
    """Return whether an error concerns the database rather than one replay."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate)[:2] in UNAVAILABLE_CLASSES
    return isinstance(error, (OSError, TimeoutError, asyncpg.InterfaceError))


@dataclass(slots=True)
class _Waits:
    """The replays that failed in this process, how often, and until when each waits."""

    current: int | None = None  # the replay that is being processed
    tries: Counter[int] = field(default_factory=Counter)
    until_s: dict[int, float] = field(default_factory=dict)

    def list_waiting(self) -> list[int]:
        now_s = time.monotonic()
        return [replay_id for replay_id, until_s in self.until_s.items() if now_s < until_s]


async def _fail_replay(database: Database, waits: _Waits, replay_id: int, error: Exception) -> bool:
    """Let a failed replay wait, or end it; return whether another may go on at once."""
    waits.tries[replay_id] += 1
    tries = waits.tries[replay_id]
    waits.until_s[replay_id] = time.monotonic() + RETRY_FIRST_S * 2 ** (tries - 1)
    _log.error("replay failed", id=replay_id, tries=tries, exc_info=error)
    if tries < TRIES_MAX:
        return True
    reason = f"{type(error).__name__}: {error}. Correct the data or the mapping and replay again."
    try:
        async with database.acquire() as connection:
            await connection.execute(statements.FINISH, replay_id, "failed", reason, 0)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as unavailable:
        _log.warning("failed replay cannot be ended yet", id=replay_id, error=str(unavailable))
        return False
    del waits.tries[replay_id], waits.until_s[replay_id]
    return True


async def _replay_page(
    database: Database, caches: dict[int, NormalizerCache], waits: _Waits
) -> bool:
    """Process one page of the oldest replay that does not wait; return False if there is none."""
    waits.current = None
    async with database.acquire() as proxy, proxy.transaction():
        connection: Any = proxy
        job = await connection.fetchrow(TAKE_REPLAY, waits.list_waiting())
        if job is None:
            return False
        waits.current = job["id"]
        normalizers = caches.setdefault(job["id"], NormalizerCache(job["connector_id"]))
        try:
            mapping = parse_mapping_document(job["document"], f"{job['name']}@{job['version']}")
        except ConfigurationError as error:
            await connection.execute(statements.FINISH, job["id"], "failed", str(error), 0)
            return True
        position: RawPosition = (
            job["cursor_at"] or job["start_at"],
            job["cursor_spool_id"] or FIRST_SPOOL_ID,
            -1 if job["cursor_seq"] is None else job["cursor_seq"],
        )
        page, last = await raw_inputs.load_page_after(
            connection, job["connector_id"], position, job["end_at"]
        )
        if last is None:
            await _finish_replay(connection, job, mapping)
            return True
        await normalizers.load(connection, {raw_input.mapping for raw_input in page})
        correction = await asyncio.to_thread(_correct_page, normalizers, mapping, page)
        counts = await apply_correction(connection, job["connector_id"], mapping, correction)
        await _store_progress(connection, job, last, correction, counts)
        return True


def _correct_page(
    normalizers: NormalizerCache, mapping: Mapping, page: list[StoredRawInput]
) -> Correction:
    target = normalizers.get(mapping.label)
    if target is None or target.mapping.digest != mapping.digest:
        target = normalizers.add(mapping)
    correction = Correction()
    for raw_input in page:
        before = normalizers.get(raw_input.mapping)
        if before is None:
            correction.skipped += 1
            continue
        delivery = raw_input.raw_delivery
        correction.add_input(raw_input, before.normalize(delivery), target.normalize(delivery))
    return correction


async def _store_progress(
    connection: "Connection", job: Table[str, Any], last: RawPosition, correction: Correction,
    counts: ReplayCounts,
) -> None:  # fmt: skip
    refusals: dict[str, bool] = dict(job["refused_sources"])
    open_sources = {
        row["source"]
        for row in await connection.fetch(statements.OPEN_SOURCES, job["connector_id"])
    }
    for source, refused in refusal_by_source(correction).items():
        if source in open_sources and (source in refusals or len(refusals) < SOURCES_MAX):
            refusals[source] = refusals.get(source, False) or refused
    await connection.execute(
        statements.PROGRESS, job["id"], *last, len(correction.inputs), counts.removed,
        counts.added, counts.events, counts.cleared, correction.skipped, json.dumps(refusals),
    )  # fmt: skip


async def _finish_replay(connection: "Connection", job: Table[str, Any], mapping: Mapping) -> None:
    refusals: dict[str, bool] = dict(job["refused_sources"])
    readable = [source for source, refused in refusals.items() if not refused]
    tag = await connection.execute(
        statements.CLEAR_SOURCES, job["connector_id"], readable, mapping.label, job["start_at"],
        job["end_at"],
    )  # fmt: skip
    cleared = int(tag.rpartition(" ")[2])
    await connection.execute(statements.FINISH, job["id"], "done", None, cleared)
    _log.info("replay done", id=job["id"], connector=job["connector_id"], mapping=mapping.label)
