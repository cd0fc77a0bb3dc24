"""Loads the stops of machines in a span, whole, with thresholds, reasons and state codes."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
import sqlalchemy as sa

from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of, microseconds_of
from werknetz.kpi.stops.reasons import Reason, ReasonTree
from werknetz.kpi.stops.thresholds import MinorStops, StopThreshold
from werknetz.kpi.stops.timeline import StateEntry, StatePiece, Stop, stops_of
from werknetz.store.session import ReadConnection
from werknetz.store.shop_floor import stops as statements
from werknetz.store.shop_floor.known_stops import LAST_PIECES_AS_OF, STOP_PIECES_AS_OF
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.http.problem import Problem
from werknetz_core.reasons.loading import load_reasons, plant_of

_ROWS_PER_TURN: Final = 500  # about a millisecond; then other requests have a turn


@dataclass(frozen=True, slots=True)
class MachineStop:
    """A stop with its machine and its reason."""

    equipment_id: int
    path: str
    stop: Stop
    is_open: bool
    reason: Reason | None
    reason_code: str | None  # also where the reason does not exist any more
    reason_source: str | None

    @property
    def id(self) -> str:
        return f"{self.equipment_id}-{self.stop.start_us}"


@dataclass(frozen=True, slots=True)
class Classifier:
    """Finds the reason of a stop: what a person entered, else that of the machine's code."""

    tree: EquipmentTree
    reasons: ReasonTree
    codes: Mapping[tuple[str, str], str]  # path and code of the machine → reason

    def reason_of(self, path: str, stop: Stop) -> tuple[str | None, str | None]:
        """Return the code of the reason and its source."""
        if stop.entry is not None and stop.entry.reason is not None:
            return stop.entry.reason, "entered"
        ancestor = path
        while ancestor and stop.code is not None:
            if mapped := self.codes.get((ancestor, stop.code)):
                return mapped, "code"
            ancestor = ancestor.rpartition("/")[0]
        return None, None


async def load_stops(
    context: AppContext,
    ids: Sequence[int],
    start_us: int,
    end_us: int,
    as_of_us: int | None = None,
    transaction: ReadConnection | None = None,
) -> list[MachineStop]:
    """Return the whole stops that overlap the span, by machine and start.

    `as_of_us`: as they were known then; None: as they are known now. `transaction`: its
    changes count, too; None: one state of the database.
    """
    as_of = None if as_of_us is None else instant_of(as_of_us)
    tree = await context.tree.current()
    paths = {node.id: node.path for node in tree.nodes.values()}
    opened = context.database.snapshot() if transaction is None else nullcontext(transaction)
    async with opened as connection:
        pieces = await _load_pieces(connection, ids, (start_us, end_us), as_of)
        entries = await _load_entries(connection, ids, pieces, (start_us, end_us), as_of)
        thresholds = await load_thresholds(connection, as_of)
        codes = {
            (row[0], row[1]): row[2]
            for row in await connection.fetch(statements.REASON_CODES, as_of)
        }
        last = await _load_last(connection, ids, as_of)
    classifier = Classifier(tree, await load_reasons(context.database), codes)
    now_us = context.now_us() if as_of_us is None else as_of_us
    open_from = instant_of(open_from_us(now_us))
    machine_stops: list[MachineStop] = []
    for number in ids:
        path = paths.get(number)
        if path is None or (number not in pieces and number not in entries):
            continue
        await asyncio.sleep(0)
        own = stops_of(pieces[number], entries[number], MinorStops.of(path, thresholds).below_us_at)
        machine_stops += [
            _machine_stop(number, path, stop, last.get(number), open_from, classifier)
            for stop in own
            if stop.overlap_us(start_us, end_us)
        ]
    return machine_stops


def open_from_us(now_us: int) -> int:
    """Return from when on the end of a machine's pieces means that its last stop goes on.

    The current bucket ends where it was last computed, which is behind the clock.
    """
    return bucket_of(now_us) - BUCKET_US


async def load_thresholds(
    connection: ReadConnection, as_of: datetime | None = None
) -> list[StopThreshold]:
    """Return the thresholds of minor stops of all equipment; `as_of`: as they were known then."""
    rows = await connection.fetch(statements.STOP_THRESHOLDS, as_of)
    return [StopThreshold(path, microseconds_of(at), seconds) for path, at, seconds in rows]


def _machine_stop(
    equipment_id: int,
    path: str,
    stop: Stop,
    last_at: datetime | None,
    open_from: datetime,
    classifier: Classifier,
) -> MachineStop:
    ends_at = instant_of(stop.end_us)
    is_open = last_at is not None and ends_at == last_at and last_at >= open_from
    code, source = classifier.reason_of(path, stop)
    plant = plant_of(classifier.tree, path)
    reason = None if code is None else classifier.reasons.find(code, plant)
    return MachineStop(equipment_id, path, stop, is_open, reason, code, source)


async def _load_pieces(
    connection: ReadConnection, ids: Sequence[int], span: tuple[int, int], as_of: datetime | None
) -> dict[int, list[StatePiece]]:
    arguments = [list(ids), instant_of(span[0]), instant_of(span[1])]
    rows = (
        await connection.fetch(statements.STOP_PIECES, *arguments)
        if as_of is None
        else await connection.fetch(STOP_PIECES_AS_OF, *arguments, as_of)
    )
    if len(rows) > statements.PIECES_MAX:
        raise Problem(
            422, "query_too_large",
            Sentence("shop_floor.too_many_pieces", pieces_max=statements.PIECES_MAX),
            Sentence("shop_floor.shorter_or_less"),
        )  # fmt: skip
    pieces: dict[int, list[StatePiece]] = defaultdict(list)
    for n, (number, start_at, end_at, *rest) in enumerate(rows):
        if n % _ROWS_PER_TURN == 0:
            await asyncio.sleep(0)
        pieces[number].append(StatePiece(microseconds_of(start_at), microseconds_of(end_at), *rest))
    return pieces


async def _load_last(
    connection: ReadConnection, ids: Sequence[int], as_of: datetime | None
) -> dict[int, datetime]:
    """Return when the last piece of each machine ends."""
    rows = (
        await connection.fetch(statements.LAST_PIECES, list(ids))
        if as_of is None
        else await connection.fetch(LAST_PIECES_AS_OF, list(ids), as_of)
    )
    return {row[0]: row[1] for row in rows}


async def load_pieces_between(
    connection: ReadConnection, equipment_id: int, start_us: int, end_us: int
) -> list[StatePiece]:
    """Return the pieces of a machine that touch [start_us, end_us], of all states."""
    rows = await connection.fetch(
        statements.PIECES_BETWEEN, equipment_id, instant_of(start_us), instant_of(end_us)
    )
    return [
        StatePiece(microseconds_of(start_at), microseconds_of(end_at), *rest)
        for start_at, end_at, *rest in rows
    ]


async def _load_entries(
    connection: ReadConnection,
    ids: Sequence[int],
    pieces: Mapping[int, Sequence[StatePiece]],
    span: tuple[int, int],
    as_of: datetime | None,
) -> dict[int, list[StateEntry]]:
    """Return the entries in force that touch the span or the stops around it."""
    start_us, end_us = span
    starts = [min([start_us, *(p.start_us for p in pieces.get(n, ())[:1])]) for n in ids]
    ends = [max([end_us, *(p.end_us for p in pieces.get(n, ())[-1:])]) for n in ids]
    rows = await connection.fetch(
        statements.ENTRIES_OF_MACHINES, list(ids), [instant_of(at) for at in starts],
        [instant_of(at) for at in ends], as_of,
    )  # fmt: skip
    entries: dict[int, list[StateEntry]] = defaultdict(list)
    for row in rows:
        entries[row["equipment_id"]].append(entry_of(row))
    return entries


def entry_of(row: asyncpg.Record | sa.RowMapping) -> StateEntry:
    return StateEntry(
        row["id"], microseconds_of(row["start_at"]), microseconds_of(row["end_at"]), row["state"],
        row["reason"], row["is_planned"], row["comment"], row["entered_by"], row["change_id"] or 0,
        row["follows_start"], row["follows_end"], row["reported_state"], row["reported_code"],
    )  # fmt: skip
