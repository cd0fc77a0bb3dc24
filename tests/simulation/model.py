"""The environment of the production code: a database with transactions, a bad link, a source."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from uuid import UUID

import msgspec

from werknetz.events.batch import GapClosed, GapOpened, Samples, Tally
from werknetz.events.codec import GENESIS, columns_of, decode
from werknetz.link.watermark import Watermark
from werknetz.link.wire import (
    FIELD,
    BatchEnvelope,
    Fields,
    decode_to_core,
    encode_message,
)

NO_INCARNATION = UUID(int=0)


class Violation(AssertionError):
    """An invariant does not hold."""


class Aborted(Exception):
    """The database or the link failed; how far the operation came is unknown."""


@dataclass
class Tables:
    """The committed data."""

    epochs: dict[str, int] = field(default_factory=dict)
    marks: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)
    rows: Counter[int] = field(default_factory=Counter)
    log: dict[UUID, list[tuple[int, bytes, bytes]]] = field(default_factory=dict)
    gaps: dict[UUID, tuple[str, int, int | None, str]] = field(default_factory=dict)
    books: dict[str, Counter[str]] = field(default_factory=dict)
    incarnation: UUID = NO_INCARNATION
    is_genuine: bool = False  # whether the row of the incarnation is as its server inserted it

    def copy(self) -> "Tables":
        return Tables(
            dict(self.epochs),
            dict(self.marks),
            Counter(self.rows),
            {spool: list(log) for spool, log in self.log.items()},
            dict(self.gaps),
            {connector: Counter(books) for connector, books in self.books.items()},
            self.incarnation,
            self.is_genuine,
        )


class Restore(Enum):
    """How an earlier state comes back, and by what the core can notice it."""

    RECOVERY = auto()  # another timeline, seen when a writer connects
    DUMP = auto()  # rows inserted by another transaction, seen in each transaction
    FILES = auto()  # nothing differs: only leases and watermarks show it


class Database:
    """Row locks per connector; a commit is atomic; sessions end in a crash, not by a dump."""

    def __init__(self, random: Random) -> None:
        self.tables = Tables()
        self.run = 0  # transactions of an earlier run have been rolled back
        self.session = 0  # connections of an earlier session are closed
        self.locks: dict[str, object] = {}
        self.restores = 0
        self.is_from_files = False
        self.durable: dict[tuple[UUID, UUID], int] = {}  # (incarnation, spool) → the highest
        self._random = random
        self.connect()

    @property
    def incarnation(self) -> UUID:
        return self.tables.incarnation

    def connect(self) -> UUID:
        """Return the incarnation, as a writer does that opens a connection."""
        if not self.tables.is_genuine:
            self.begin_incarnation()
        return self.incarnation

    def is_current(self, incarnation: UUID) -> bool:
        return self.tables.is_genuine and incarnation == self.incarnation

    def begin_incarnation(self) -> None:
        """Begin a new one; it waits for transactions, which is as if it ended them."""
        self._roll_back()
        self.tables.incarnation = UUID(int=self._random.getrandbits(128))
        self.tables.is_genuine = True
        for spool_id, (seq, _) in self.tables.marks.items():
            self.durable[self.incarnation, spool_id] = seq

    def lock(self, connector: str, owner: object) -> bool:
        return self.locks.setdefault(connector, owner) is owner

    def unlock(self, owner: object) -> None:
        for connector in [name for name, holder in self.locks.items() if holder is owner]:
            del self.locks[connector]

    def watermark(self, connector: str, spool_id: UUID) -> Watermark:
        seq, digest = self.tables.marks.get(spool_id, (0, GENESIS))
        return Watermark(spool_id, self.tables.epochs.get(connector, 0), seq, digest)

    def crash(self) -> None:
        self.session += 1
        self._roll_back()

    def _roll_back(self) -> None:
        self.run += 1
        self.locks.clear()

    def restore(self, tables: Tables, how: Restore) -> None:
        if how is Restore.DUMP:
            self._roll_back()
        else:
            self.crash()
        self.restores += 1
        self.is_from_files |= how is Restore.FILES
        self.tables = tables.copy()
        self.tables.is_genuine &= how is Restore.FILES

    def commit_epoch(self, run: int, connector: str, epoch: int) -> None:
        self._check_running(run)
        if epoch < self.tables.epochs.get(connector, 0):
            raise Violation("the epoch of a connector fell")
        self.tables.epochs[connector] = epoch

    def commit_rows(
        self, run: int, batches: tuple[BatchEnvelope, ...], *, overlap_as_live: bool
    ) -> None:
        self._check_running(run)
        for envelope in batches:
            if envelope.epoch < self.tables.epochs.get(envelope.connector, 0):
                raise Violation(f"batch {envelope.seq} applied with an old epoch")
            log = self.tables.log.setdefault(envelope.spool_id, [])
            log.append((envelope.seq, envelope.prev_hash, envelope.hash))
            self._apply(envelope, overlap=envelope.lane == "backfill" and not overlap_as_live)

    def commit_mark(self, run: int, row: Watermark) -> None:
        self._check_running(run)
        last = self.tables.marks.get(row.spool_id, (0, GENESIS))[0]
        if row.last_seq < last:
            raise Violation(f"the watermark fell from {last} to {row.last_seq}")
        self.tables.marks[row.spool_id] = (row.last_seq, row.last_hash)
        key = (self.incarnation, row.spool_id)
        self.durable[key] = max(row.last_seq, self.durable.get(key, 0))

    def _check_running(self, run: int) -> None:
        if run != self.run:
            raise Aborted("the transaction died with the server")

    def _apply(self, envelope: BatchEnvelope, *, overlap: bool) -> None:
        books = self.tables.books.setdefault(envelope.connector, Counter())
        for record in decode(envelope.payload).records:
            match record:
                case Samples():
                    for event in columns_of(record).time.tolist():
                        is_new = not (overlap and self.tables.rows[event])
                        self.tables.rows[event] += is_new
                        books["stored" if is_new else "duplicates"] += 1
                case Tally():
                    books["taken"] += record.taken
                case GapOpened():
                    self.tables.gaps[record.gap_id] = (
                        record.source,
                        record.from_us,
                        None,
                        record.cause,
                    )
                case GapClosed() if record.gap_id in self.tables.gaps:
                    source, from_us, _, cause = self.tables.gaps[record.gap_id]
                    self.tables.gaps[record.gap_id] = (source, from_us, record.to_us, cause)
                case _:
                    pass


@dataclass
class Faults:
    """Probabilities; all zero while the world settles."""

    lose: float = 0.0
    repeat: float = 0.0
    swap: float = 0.0
    cut: float = 0.0
    damage: float = 0.0


def with_other_payload(fields: Fields, other: Fields) -> Fields:
    """Return the entry of a batch with the payload of another; anything else unchanged."""
    if (
        FIELD not in fields
        or b"envelope.v1" not in fields[FIELD]
        or b"envelope.v1" not in other[FIELD]
    ):
        return fields
    batch, source = decode_to_core(fields), decode_to_core(other)
    if isinstance(batch, BatchEnvelope) and isinstance(source, BatchEnvelope):
        return encode_message(msgspec.structs.replace(batch, payload=source.payload))
    return fields


class BadLink:
    """Streams that lose, repeat, reorder, damage and drop entries, and return old ones."""

    def __init__(self, random: Random) -> None:
        self.faults = Faults()
        self.run_id = 1
        self.streams: dict[str, list[tuple[int, Fields]]] = {}
        self._next = 1
        self._random = random

    def add(self, key: str, fields: Fields) -> None:
        random, faults = self._random, self.faults
        if random.random() < faults.cut:
            raise Aborted("the link was cut")
        if random.random() < faults.lose:
            return
        stream = self.streams.setdefault(key, [])
        if stream and random.random() < faults.damage:
            damaged = with_other_payload(fields, random.choice(stream)[1])
            stream.append((self._next, damaged))
            self._next += 1
            if random.random() < 0.5:  # otherwise the intact copy follows
                return
        for _ in range(2 if random.random() < faults.repeat else 1):
            stream.append((self._next, fields))
            self._next += 1
        if len(stream) > 1 and random.random() < faults.swap:
            (a, first), (b, second) = stream[-2], stream[-1]
            stream[-2:] = [(a, second), (b, first)]
        if random.random() < faults.repeat / 4:  # an old entry once more
            stream.append((self._next, random.choice(stream)[1]))
            self._next += 1
        if random.random() < faults.cut:
            raise Aborted("the answer was lost")

    def read(self, key: str, position: int) -> list[tuple[int, Fields]]:
        return [entry for entry in self.streams.get(key, []) if entry[0] > position]

    def trim(self, key: str, position: int) -> None:
        self.streams[key] = self.read(key, position)

    def flush(self) -> None:
        self.streams.clear()
        self.run_id += self._random.random() < 0.5  # FLUSHALL keeps the id, a kill does not

    def snapshot(self) -> dict[str, list[tuple[int, Fields]]]:
        return {key: list(stream) for key, stream in self.streams.items()}

    def restore(self, streams: dict[str, list[tuple[int, Fields]]]) -> None:
        self.streams = {key: list(stream) for key, stream in streams.items()}
        self.run_id += 1


class Source:
    """Repeats what was not acknowledged; drops when its queue is full, and reports that."""

    QUEUE_MAX = 40

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.generated: set[int] = set()
        self.accepted: set[int] = set()
        self.dropped: dict[int, int] = {}  # event → µs
        self.overflow: tuple[int, int] | None = None

    def generate(self, event: int, now_us: int) -> None:
        self.generated.add(event)
        if len(self.waiting) < self.QUEUE_MAX:
            self.waiting.append(event)
            return
        self.dropped[event] = now_us
        self.overflow = (self.overflow[0] if self.overflow else now_us, now_us)

    def acknowledge(self, events: list[int], overflow: tuple[int, int] | None) -> None:
        self.accepted.update(events)
        acknowledged = set(events)
        self.waiting = [event for event in self.waiting if event not in acknowledged]
        if self.overflow == overflow:
            self.overflow = None
