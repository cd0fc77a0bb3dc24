"""Puts the correction of a page into the tables: in the transaction of whoever replays.

Samples are found by what they say, so a replay that is done twice finds nothing to remove and
nothing to add. What changes marks its buckets, and workers compute them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.events.batch import BusinessEvent
from werknetz.events.codec import SampleColumns
from werknetz.store import mappings as statements
from werknetz.store.dirty import MARK_BUCKETS
from werknetz.store.ingest import records as fact
from werknetz.store.ingest import samples_copy as copy
from werknetz_core.ingest.records import points as point_numbers
from werknetz_core.ingest.records.event_rows import (
    bounded_instant,
    columns_of_events,
    json_of_fact,
)
from werknetz_core.ingest.records.points import PointMap
from werknetz_core.ingest.records.sample_rows import TranslatedSamples, translate_samples, unpack_dirty
from werknetz_core.mappings.correction import Correction
from werknetz_core.mappings.replay_namer import Said

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@dataclass(slots=True)
class Counts:
    removed: int = 0
    added: int = 0
    events: int = 0
    cleared: int = 0


async def apply(
    connection: "Connection", connector_id: str, mapping: Mapping, correction: Correction
) -> Counts:
    counts = Counts()
    await connection.execute(statements.LOCK_CONNECTOR_FOR_REPLAY, connector_id)
    dirty: list[NDArray[np.int64]] = []
    counts.removed = await _remove(connection, correction, dirty)
    counts.added = await _add(connection, connector_id, correction, dirty)
    if dirty:
        marks = np.unique(np.concatenate(dirty))
        await connection.execute(MARK_BUCKETS, *unpack_dirty(marks))
    counts.events = await _events(connection, connector_id, correction)
    await _quarantine(connection, connector_id, correction)
    counts.cleared = await _clear(connection, connector_id, mapping, correction)
    await connection.execute(
        statements.RAW_NAMED,
        mapping.label,
        [kept.place[0] for kept in correction.inputs],
        [kept.place[1] for kept in correction.inputs],
        [kept.place[2] for kept in correction.inputs],
    )
    return counts


async def _remove(
    connection: "Connection", correction: Correction, dirty: list[NDArray[np.int64]]
) -> int:
    if not correction.remove:
        return 0
    keys = sorted({key for key, _ in correction.remove})
    rows = await connection.fetch(statements.SIGNALS_BY_KEY, keys)
    known = {row["key"]: row for row in rows}
    numbers = {key: n for n, key in enumerate(known, start=1)}
    points = PointMap().with_points(
        (numbers[key], row["id"], row["equipment_id"], row["role"], None)
        for key, row in known.items()
    )
    removed = 0
    for key, said in correction.remove:
        if key not in known:
            continue
        found = translate_samples(columns_of_said(said, numbers[key]), points)
        dirty.append(found.dirty)
        removed += await _remove_rows(connection, found, said)
    return removed


async def _remove_rows(connection: "Connection", found: TranslatedSamples, said: Said) -> int:
    rows = found.rows
    texts = said.text.tolist()
    # As `copy` keeps it: NaN beside a text is NULL.
    values = [
        None if text is not None and value != value else value  # noqa: PLR0124  NaN is no value
        for value, text in zip(rows.value.tolist(), texts, strict=True)
    ]
    tag = await connection.execute(
        statements.REMOVE_SAMPLES,
        int(rows.signal_id[0]),
        [instant_of(at) for at in rows.at_us.tolist()],
        values,
        texts,
        instant_of(int(rows.at_us.min())),
        instant_of(int(rows.at_us.max())),
    )
    return int(tag.rpartition(" ")[2])


async def _add(
    connection: "Connection",
    connector_id: str,
    correction: Correction,
    dirty: list[NDArray[np.int64]],
) -> int:
    if not correction.add:
        return 0
    definitions = {point.key: point for point, _ in correction.add}
    numbered = dict(enumerate(definitions.values(), start=1))
    points = PointMap().with_points(
        await point_numbers.resolve_points(connection, connector_id, numbered)
    )
    numbers = {point.key: number for number, point in numbered.items()}
    parts: list[bytes] = []
    first_us, last_us = TIME_MAX_US, TIME_MIN_US
    for point, said in correction.add:
        found = translate_samples(columns_of_said(said, numbers[point.key]), points)
        dirty.append(found.dirty)
        parts.append(copy.copy_bytes(found.rows))
        first_us = min(first_us, int(found.rows.at_us.min()))
        last_us = max(last_us, int(found.rows.at_us.max()))
    await connection.execute(fact.MAKE_STAGE)
    await connection.copy_to_table(
        fact.STAGE, source=copy.copy_source(*parts), columns=copy.COLUMNS, format="binary"
    )
    tag = await connection.execute(statements.ADD_STAGED, instant_of(first_us), instant_of(last_us))
    await connection.execute(fact.CLEAR_STAGE)
    return int(tag.rpartition(" ")[2])


def columns_of_said(said: Said, number: int) -> SampleColumns:
    rows = np.flatnonzero(said.text != None)  # noqa: E711  numpy compares each
    return SampleColumns(
        point=np.full(len(said), number, np.int32),
        time=said.at_us,
        value=said.value,
        status=said.status,
        server_time=said.server_us,
        text_row=rows.astype(np.int32),
        text=said.text[rows].tolist(),
    )


async def _events(connection: "Connection", connector_id: str, correction: Correction) -> int:
    changed = 0
    for kept, event in correction.new_events:
        tag = await connection.execute(
            fact.ADD_EVENTS,
            connector_id,
            kept.place[1],
            *columns_of_events([(kept.place[2], event)]),
        )
        changed += int(tag.rpartition(" ")[2])
    if correction.changed_events:
        changed += await _rewrite(connection, correction.changed_events)
    if correction.gone_events:
        ids = [event.event_id for event in correction.gone_events]
        await connection.execute(statements.KEEP_REVISIONS, ids)
        tag = await connection.execute(statements.REMOVE_EVENTS, ids)
        changed += int(tag.rpartition(" ")[2])
    return changed


async def _rewrite(connection: "Connection", events: Sequence[BusinessEvent]) -> int:
    ids = [event.event_id for event in events]
    await connection.execute(statements.KEEP_REVISIONS, ids)
    tag = await connection.execute(
        statements.REWRITE_EVENTS,
        ids,
        [bounded_instant(event.at_us) for event in events],
        [event.mapping for event in events],
        [json_of_fact(event) for event in events],
    )
    return int(tag.rpartition(" ")[2])


async def _quarantine(connection: "Connection", connector_id: str, correction: Correction) -> None:
    """What only the new mapping refuses comes to the desk, too."""
    for kept, each in correction.refused:
        await connection.execute(
            fact.QUARANTINE, connector_id, kept.place[1], kept.place[2], each.source, each.reason,
            each.raw, each.size or len(each.raw), each.mapping, bounded_instant(each.at_us),
            each.item, each.raw_hash, each.count,
        )  # fmt: skip


async def _clear(
    connection: "Connection", connector_id: str, mapping: Mapping, correction: Correction
) -> int:
    """Entries of these very inputs whose source is there and is no longer refused."""
    places = list(correction.seen)
    rows = await connection.fetch(
        statements.OPEN_AT,
        connector_id,
        [spool for spool, _ in places],
        [seq for _, seq in places],
    )
    cleared = [
        row["id"]
        for row in rows
        for place in [(row["spool_id"], row["seq"])]
        if row["source"] in correction.seen[place]
        and not _is_refused(correction.still[place], row["source"], row["place"])
    ]
    if cleared:
        await connection.execute(statements.CLEAR, cleared, mapping.label)
    return len(cleared)


def _is_refused(still: set[tuple[str, str]], source: str, place: str) -> bool:
    """An entry without a place stands for all of its source."""
    if place:
        return (source, place) in still
    return any(refused == source for refused, _ in still)


def sources_still_refused(correction: Correction) -> dict[str, bool]:
    """Every source that was seen, and whether it is still refused somewhere."""
    found: dict[str, bool] = {}
    for place, sources in correction.seen.items():
        refused = {source for source, _ in correction.still[place]}
        for source in sources:
            found[source] = found.get(source, False) or source in refused
    return found
