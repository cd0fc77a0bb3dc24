"""Writes the correction of a page to the tables, in the transaction of the replay.

Samples are identified by their values, so a repeated replay removes and adds nothing. Changed
buckets are marked, and workers compute them again.

A replay leaves the books of the connector as they are: they count what became of each record when
it was delivered, so they stay balanced. What a replay changes is counted in its row of `replays`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.events.codec import SampleColumns
from werknetz.store import mappings as statements
from werknetz.store.dirty import MARK_BUCKETS
from werknetz.store.ingest import records as fact
from werknetz.store.ingest import samples_copy as copy
from werknetz_core.ingest.records import points as point_numbers
from werknetz_core.ingest.records.event_rows import bounded_instant
from werknetz_core.ingest.records.points import PointMap
from werknetz_core.ingest.records.sample_rows import (
    TranslatedSamples,
    sequence_of_batch,
    translate_samples,
    unpack_dirty,
)
from werknetz_core.mappings.replay_normalizer import PointSamples
from werknetz_core.mappings.replays.correction import Correction
from werknetz_core.mappings.replays.event_correction import correct_events

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@dataclass(slots=True)
class ReplayCounts:
    removed: int = 0
    added: int = 0
    events: int = 0
    cleared: int = 0


async def apply_correction(
    connection: "Connection", connector_id: str, mapping: Mapping, correction: Correction
) -> ReplayCounts:
    counts = ReplayCounts()
    await connection.execute(statements.LOCK_CONNECTOR_FOR_REPLAY, connector_id)
    dirty: list[NDArray[np.int64]] = []
    counts.removed = await _remove_samples(connection, correction, dirty)
    counts.added = await _add_samples(connection, connector_id, correction, dirty)
    if dirty:
        marks = np.unique(np.concatenate(dirty))
        await connection.execute(MARK_BUCKETS, *unpack_dirty(marks))
    for events in correction.events:
        counts.events += await correct_events(connection, connector_id, mapping.label, events)
    await _quarantine_refused(connection, connector_id, correction)
    counts.cleared = await _clear_quarantine(connection, connector_id, mapping, correction)
    await connection.execute(
        statements.RAW_NAMED,
        mapping.label,
        [raw_input.position[0] for raw_input in correction.inputs],
        [raw_input.position[1] for raw_input in correction.inputs],
        [raw_input.position[2] for raw_input in correction.inputs],
    )
    return counts


async def _remove_samples(
    connection: "Connection", correction: Correction, dirty: list[NDArray[np.int64]]
) -> int:
    if not correction.removals:
        return 0
    keys = sorted({key for key, _ in correction.removals})
    rows = await connection.fetch(statements.SIGNALS_BY_KEY, keys)
    signals = {row["key"]: row for row in rows}
    numbers = {key: number for number, key in enumerate(signals, start=1)}
    points = PointMap().with_points(
        (numbers[key], row["id"], row["equipment_id"], row["role"], None)
        for key, row in signals.items()
    )
    removed = 0
    for key, samples in correction.removals:
        if key not in signals:
            continue
        translated = translate_samples(sample_columns_of(samples, numbers[key]), points)
        dirty.append(translated.dirty)
        removed += await _remove_rows(connection, translated, samples)
    return removed


async def _remove_rows(
    connection: "Connection", translated: TranslatedSamples, samples: PointSamples
) -> int:
    rows = translated.rows
    texts = samples.text.tolist()
    # As `copy` stores it: NaN beside a text is NULL.
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


async def _add_samples(
    connection: "Connection",
    connector_id: str,
    correction: Correction,
    dirty: list[NDArray[np.int64]],
) -> int:
    if not correction.additions:
        return 0
    definitions = {point.key: point for point, *_ in correction.additions}
    by_number = dict(enumerate(definitions.values(), start=1))
    points = PointMap().with_points(
        await point_numbers.resolve_points(connection, connector_id, by_number)
    )
    numbers = {point.key: number for number, point in by_number.items()}
    parts: list[bytes] = []
    first_us, last_us = TIME_MAX_US, TIME_MIN_US
    for point, samples, seq in correction.additions:
        columns = sample_columns_of(samples, numbers[point.key])
        translated = translate_samples(
            columns, points, first_sequence=sequence_of_batch(seq, 0), is_staged=True
        )
        dirty.append(translated.dirty)
        parts.append(copy.encode_rows(translated.rows))
        first_us = min(first_us, int(translated.rows.at_us.min()))
        last_us = max(last_us, int(translated.rows.at_us.max()))
    await connection.execute(fact.CREATE_STAGING_TABLE)
    await connection.copy_to_table(
        fact.STAGING_TABLE, source=copy.stream_copy(parts), columns=copy.COLUMNS, format="binary"
    )
    tag = await connection.execute(statements.ADD_STAGED, instant_of(first_us), instant_of(last_us))
    await connection.execute(fact.CLEAR_STAGING_TABLE)
    return int(tag.rpartition(" ")[2])


def sample_columns_of(samples: PointSamples, number: int) -> SampleColumns:
    rows = np.flatnonzero(samples.text != None)  # noqa: E711  numpy compares each
    return SampleColumns(
        point=np.full(len(samples), number, np.int32),
        time=samples.at_us,
        value=samples.value,
        status=samples.status,
        server_time=samples.server_us,
        text_row=rows.astype(np.int32),
        text=samples.text[rows].tolist(),
    )


async def _quarantine_refused(
    connection: "Connection", connector_id: str, correction: Correction
) -> None:
    """Quarantine what only the new mapping refuses."""
    for raw_input, entry in correction.newly_refused:
        await connection.execute(
            fact.ADD_TO_QUARANTINE, connector_id, raw_input.position[1], raw_input.position[2],
            entry.source, entry.reason,
            entry.raw, entry.size or len(entry.raw), entry.mapping, bounded_instant(entry.at_us),
            entry.item, entry.raw_hash, entry.count,
        )  # fmt: skip


async def _clear_quarantine(
    connection: "Connection", connector_id: str, mapping: Mapping, correction: Correction
) -> int:
    """Close entries of these inputs whose source is no longer refused."""
    batches = list(correction.sources)
    rows = await connection.fetch(
        statements.OPEN_AT,
        connector_id,
        [spool_id for spool_id, _ in batches],
        [seq for _, seq in batches],
    )
    cleared = [
        row["id"]
        for row in rows
        for batch in [(row["spool_id"], row["seq"])]
        if row["source"] in correction.sources[batch]
        and not _is_refused(correction.refused_now[batch], row["source"], row["position"])
    ]
    if cleared:
        await connection.execute(statements.CLEAR, cleared, mapping.label)
    return len(cleared)


def _is_refused(refused: set[tuple[str, str]], source: str, item: str) -> bool:
    """Whether an entry is still refused; one without an item stands for its whole source."""
    if item:
        return (source, item) in refused
    return any(refused_source == source for refused_source, _ in refused)


def refusal_by_source(correction: Correction) -> dict[str, bool]:
    """Return for each source of the page whether it is still refused somewhere."""
    refusals: dict[str, bool] = {}
    for batch, sources in correction.sources.items():
        refused = {source for source, _ in correction.refused_now[batch]}
        for source in sources:
            refusals[source] = refusals.get(source, False) or source in refused
    return refusals
