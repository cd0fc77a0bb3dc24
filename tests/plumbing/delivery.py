"""The spool of a connector in memory: batches with their hash chain."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import numpy as np

from werknetz.events import codec
from werknetz.events.batch import Batch, LaneName, PointDefinition, Points, Record, Samples
from werknetz.link.wire import BatchEnvelope, Hello

NOW_US = 1_790_000_000_000_000
MACHINE = "nordwerk/emden-1/body/line-2/press-3"


class FakeSpool:
    """Numbers and chains batches, and retains all of them."""

    def __init__(self, connector: str = "plc", lane: LaneName = "live", epoch: int = 1) -> None:
        self.connector, self.lane, self.epoch = connector, lane, epoch
        self.spool_id: UUID = uuid4()
        self.batches: list[BatchEnvelope] = []

    @property
    def last_hash(self) -> bytes:
        return self.batches[-1].hash if self.batches else codec.GENESIS

    def add(self, *records: Record) -> BatchEnvelope:
        return self.add_payload(codec.encode(Batch(list(records), self.lane)))

    def add_payload(self, payload: bytes) -> BatchEnvelope:
        before = self.last_hash
        envelope = BatchEnvelope(
            connector=self.connector,
            spool_id=self.spool_id,
            epoch=self.epoch,
            seq=len(self.batches) + 1,
            prev_hash=before,
            hash=codec.chain_hash(before, payload),
            lane=self.lane,
            payload=payload,
        )
        self.batches.append(envelope)
        return envelope

    def hello(self) -> Hello:
        return Hello(
            connector=self.connector,
            spool_id=self.spool_id,
            epoch=self.epoch,
            base=max(self.epoch - 1, 0),
            last_seq=len(self.batches),
            last_hash=self.last_hash,
            nonce=uuid4(),
            lane=self.lane,
        )


def point(
    number: int = 1, role: str = "process_value", *, equipment: str | None = MACHINE
) -> Points:
    name = f"{role}-{number}"
    return Points(
        [
            PointDefinition(
                number=number,
                key=f"{equipment or 'connector:plc'}:{name}",
                equipment=equipment,
                signal=name,
                role=role,
                unit=None,
                source=f"ns=2;s={name}",
                mapping="test@1",
                time_zone="Europe/Berlin",
            )
        ]
    )


def samples(
    values: Sequence[float],
    *,
    number: int = 1,
    at_us: int = NOW_US,
    step_us: int = 1_000_000,
    texts: dict[int, str] | None = None,
) -> Samples:
    count = len(values)
    texts = texts or {}
    return Samples(
        point=np.full(count, number, "<i4").tobytes(),
        time=(at_us + step_us * np.arange(count, dtype="<i8")).astype("<i8").tobytes(),
        value=np.array(values, "<f8").tobytes(),
        status=np.zeros(count, "<u4").tobytes(),
        text_row=np.array(sorted(texts), "<i4").tobytes(),
        text=[texts[row] for row in sorted(texts)],
    )
