"""The batches of one spool that one read of its stream gave, decoded once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import microseconds_of
from werknetz.events import codec
from werknetz.events.batch import Batch, LaneName, Raw, Samples, Tally, Unmapped
from werknetz.link.receiver import Receiver
from werknetz.link.wire import BatchEnvelope, connector_of
from werknetz_core.ingest.records.pending import PendingRows
from werknetz_core.ingest.records.record_writer import RecordWriter
from werknetz_core.ingest.records.rejects import QuarantineRow, RecordUnit, units_of

_PLAIN = (Samples, Raw, Tally, Unmapped)


@dataclass(frozen=True, slots=True)
class SpoolBatches:
    """`opened`: what each envelope holds, by the `id` of the envelope."""

    receiver: Receiver
    envelopes: Sequence[BatchEnvelope]
    opened: dict[int, Batch | QuarantineRow]

    @classmethod
    def open(cls, receiver: Receiver, envelopes: Sequence[BatchEnvelope]) -> "SpoolBatches":
        return cls(receiver, envelopes, {id(e): _decode(e) for e in envelopes})

    @property
    def is_plain(self) -> bool:
        """Return whether its records are stored without a statement of their own.

        Then it needs no locks but those of its connector and spool, and marks.
        """
        return connector_of(self.receiver.connector)[1] == "live" and all(
            envelope.lane == "live" and _is_plain(self.opened[id(envelope)])
            for envelope in self.envelopes
        )


def times_of(deliveries: Iterable[SpoolBatches]) -> NDArray[np.int64]:
    """Return the times of all samples, in microseconds since 1970."""
    times = [
        record.time
        for delivery in deliveries
        for batch in delivery.opened.values()
        if isinstance(batch, Batch)
        for record in batch.records
        if isinstance(record, Samples)
    ]
    return np.frombuffer(b"".join(times), "<i8")


async def write_alone(
    writer: RecordWriter, delivery: SpoolBatches, run: Sequence[BatchEnvelope]
) -> None:
    """Write the records in order; what cannot be decoded goes to quarantine."""
    units, unreadable = _split(delivery, run)
    for row in unreadable:
        await writer.quarantine_batch(row)
    await writer.write(units)


async def collect(
    writer: RecordWriter, delivery: SpoolBatches, run: Sequence[BatchEnvelope]
) -> PendingRows:
    """Return what the records come to, for `store_together`."""
    units, unreadable = _split(delivery, run)
    pending = await writer.collect(units)
    for row in unreadable:
        pending.reject_batch(row)
    return pending


def _split(
    delivery: SpoolBatches, run: Sequence[BatchEnvelope]
) -> tuple[list[RecordUnit], list[QuarantineRow]]:
    units: list[RecordUnit] = []
    unreadable: list[QuarantineRow] = []
    for envelope in run:
        batch = delivery.opened[id(envelope)]
        if isinstance(batch, QuarantineRow):
            unreadable.append(batch)
            continue
        history = "backfill" in {batch.lane, envelope.lane}
        lane: LaneName = "backfill" if history else "live"
        units += units_of(envelope.seq, lane, batch.records)
    return units, unreadable


def _is_plain(batch: Batch | QuarantineRow) -> bool:
    return isinstance(batch, QuarantineRow) or (
        batch.lane == "live" and all(isinstance(record, _PLAIN) for record in batch.records)
    )


def _decode(envelope: BatchEnvelope) -> Batch | QuarantineRow:
    try:
        return codec.decode(envelope.payload)
    except codec.UnreadableBatch as error:
        source, at_us = f"spool {envelope.spool_id}", microseconds_of(datetime.now(UTC))
        size = len(envelope.payload)
        return QuarantineRow(envelope.seq, source, str(error), envelope.payload, at_us, size)
