"""Runs a mapping again over kept raw input and corrects what it said before; page by page.

A page and its place are one transaction: killed at any point, another process goes on with the
next page. Done twice, it changes nothing the second time.
"""

import asyncio
import json
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.runtime.log import get_logger
from werknetz.store import mappings as statements
from werknetz.store.session import Database
from werknetz_core.mappings import raw_inputs
from werknetz_core.mappings.apply import Counts, apply, sources_still_refused
from werknetz_core.mappings.correction import Correction
from werknetz_core.mappings.raw_inputs import BEFORE_ALL, Kept, Place
from werknetz_core.mappings.replay_namer import Namer, mapping_of_document

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LOOK_EVERY_S: Final = 2.0
SEEN_MAX: Final = 10_000
_log: Final = get_logger("core.replay")


@dataclass(slots=True)
class Namers:
    """The mappings of one connector, by label; each is read once."""

    connector_id: str
    _known: dict[str, Namer | None] = field(default_factory=dict)

    async def load(self, connection: "Connection", labels: set[str]) -> None:
        new = sorted(labels - self._known.keys())
        if not new:
            return
        self._known |= dict.fromkeys(new)
        for row in await connection.fetch(statements.DOCUMENTS, new):
            try:
                mapping = mapping_of_document(row["document"], row["label"])
            except ConfigurationError as error:
                _log.warning("kept mapping cannot be read", mapping=row["label"], why=str(error))
                continue
            self._known[row["label"]] = Namer(mapping, self.connector_id)

    def add(self, mapping: Mapping) -> Namer:
        found = self._known[mapping.label] = Namer(mapping, self.connector_id)
        return found

    def get(self, label: str) -> Namer | None:
        return self._known.get(label)


async def run(pool: Database) -> None:
    """Take up replays one after another, for ever; survives what the world does."""
    namers: dict[int, Namers] = {}
    waits = False
    while True:
        try:
            worked, waits = await _page(pool, namers), False
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if not waits:  # once, not every two seconds of an outage
                _log.warning("replays wait", error=f"{type(error).__name__}: {error}")
            worked, waits = False, True
        if not worked:
            namers.clear()
            await asyncio.sleep(LOOK_EVERY_S)


async def _page(pool: Database, namers: dict[int, Namers]) -> bool:
    """Do one page of the oldest replay; tell whether there was one."""
    async with pool.acquire() as proxy, proxy.transaction():
        connection: Any = proxy
        job = await connection.fetchrow(statements.TAKE_REPLAY)
        if job is None:
            return False
        known = namers.setdefault(job["id"], Namers(job["connector_id"]))
        try:
            mapping = mapping_of_document(job["document"], f"{job['name']}@{job['version']}")
        except ConfigurationError as error:
            await connection.execute(statements.FINISH, job["id"], "failed", str(error), 0)
            return True
        place: Place = (
            job["place_at"] or job["start_at"],
            job["place_spool_id"] or BEFORE_ALL,
            -1 if job["place_seq"] is None else job["place_seq"],
        )
        page, last = await raw_inputs.after(connection, job["connector_id"], place, job["end_at"])
        if last is None:
            await _finish(connection, job, mapping)
            return True
        await known.load(connection, {each.mapping for each in page})
        correction = await asyncio.to_thread(_corrected, known, mapping, page)
        counts = await apply(connection, job["connector_id"], mapping, correction)
        await _progress(connection, job, last, correction, counts)
        return True


def _corrected(known: Namers, mapping: Mapping, page: list[Kept]) -> Correction:
    target = known.get(mapping.label)
    if target is None or target.mapping.digest != mapping.digest:
        target = known.add(mapping)
    correction = Correction()
    for each in page:
        before = known.get(each.mapping)
        if before is None:
            correction.skipped += 1
            continue
        correction.feed(each, before.name(each.opened), target.name(each.opened))
    return correction


async def _progress(
    connection: "Connection", job: Table[str, Any], last: Place, correction: Correction,
    counts: Counts,
) -> None:  # fmt: skip
    seen: dict[str, bool] = json.loads(job["seen"])
    open_sources = {
        row["source"]
        for row in await connection.fetch(statements.OPEN_SOURCES, job["connector_id"])
    }
    for source, refused in sources_still_refused(correction).items():
        if source in open_sources and (source in seen or len(seen) < SEEN_MAX):
            seen[source] = seen.get(source, False) or refused
    await connection.execute(
        statements.PROGRESS, job["id"], *last, len(correction.inputs), counts.removed,
        counts.added, counts.events, counts.cleared, correction.skipped, json.dumps(seen),
    )  # fmt: skip


async def _finish(connection: "Connection", job: Table[str, Any], mapping: Mapping) -> None:
    seen: dict[str, bool] = json.loads(job["seen"])
    readable = [source for source, refused in seen.items() if not refused]
    tag = await connection.execute(
        statements.CLEAR_SOURCES, job["connector_id"], readable, mapping.label, job["start_at"],
        job["end_at"],
    )  # fmt: skip
    cleared = int(tag.rpartition(" ")[2])
    await connection.execute(statements.FINISH, job["id"], "done", None, cleared)
    _log.info("replay done", id=job["id"], connector=job["connector_id"], mapping=mapping.label)
