"""The fast path: columns of readings to columns of samples by tables, without a step a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.contract import ReadingBlock
from werknetz.connector.points import PointTable
from werknetz.connector.quarantine import QuarantineLimiter
from werknetz.connector.values import Target, UnreadableValue, value_of
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import BAD, UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import SampleColumns, samples_of

CLOCK_FROM_US: Final = 946_684_800_000_000  # 2000: before it, a controller's clock was not set
CLOCK_AHEAD_US: Final = 86_400_000_000
_NO_POINT: Final = -1
_GROW: Final = 1024


@dataclass(slots=True)
class AddressTable:
    """Tables by address index, for one list of addresses that only grows."""

    addresses: Sequence[str]
    points: PointTable
    refusals: QuarantineLimiter
    known: int = 0
    targets: list[Target | None] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    number: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    factor: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    offset: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    special: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    computed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    all_plain: bool = True
    all_identity: bool = True
    all_mapped: bool = True
    any_computed: bool = False

    def extend(self) -> None:
        """Look up the addresses that are new."""
        wanted = len(self.addresses)
        if wanted == self.known:
            return
        if wanted > len(self.number):
            room = wanted + _GROW
            self.number = _wider(self.number, room)
            self.factor = _wider(self.factor, room)
            self.offset = _wider(self.offset, room)
            self.special = _wider(self.special, room)
            self.computed = _wider(self.computed, room)
        for index in range(self.known, wanted):
            self._add(index, self.points.resolve(self.addresses[index]))
        self.known = wanted

    def _add(self, index: int, found: Any) -> None:
        target = found if isinstance(found, Target) else None
        self.targets.append(target)
        self.reasons.append("" if target is not None else found.reason)
        self.number[index] = _NO_POINT if target is None else target.number
        self.factor[index] = 1.0 if target is None else target.factor
        self.offset[index] = 0.0 if target is None else target.offset
        self.special[index] = target is not None and not target.is_plain
        self.all_mapped &= target is not None
        if target is not None:
            self.computed[index] = target.computation is not None
            self.any_computed |= target.computation is not None
            self.all_plain &= target.is_plain
            self.all_identity &= (target.factor, target.offset) == (1.0, 0.0)


def samples_of_block(
    lookup: AddressTable, block: ReadingBlock, arrival_us: int, refused: list[Unmapped]
) -> Samples | None:
    """Return the samples of a block, or None where no address has a rule."""
    columns = _mapped(lookup, block, arrival_us, refused)
    if not len(columns.address):
        return None
    address, value = columns.address, columns.value
    time, status = check_times(columns.source_time_us, columns.status, arrival_us)
    rows, texts = np.empty(0, np.int32), list[str]()
    raw = value
    if not lookup.all_identity:
        value = raw * lookup.factor[address] + lookup.offset[address]
    if not lookup.all_plain:
        special = lookup.special[address]
        if special.any():
            value, status = value.copy(), status.copy()
            rows, texts = _special(
                lookup, address, raw, value, status, special, arrival_us, refused
            )
    return samples_of(
        SampleColumns(
            point=lookup.number[address],
            time=time,
            value=value,
            status=status,
            server_time=columns.server_time_us,
            text_row=rows,
            text=texts,
        )
    )


def _mapped(
    lookup: AddressTable, block: ReadingBlock, arrival_us: int, refused: list[Unmapped]
) -> ReadingBlock:
    """Return the rows that have a point; count the others into quarantine."""
    if lookup.all_mapped:
        return block
    has_point = lookup.number[block.address] != _NO_POINT
    if has_point.all():
        return block
    without = block.address[~has_point]
    values = block.value[~has_point]
    found, last, counts = np.unique(without[::-1], return_index=True, return_counts=True)
    for index, back, count in zip(found, last, counts, strict=True):
        if reason := lookup.reasons[index]:
            raw = repr(float(values[len(values) - 1 - back])).encode()
            said = lookup.refusals.count_repeat(
                lookup.addresses[index], reason, raw, arrival_us, int(count)
            )
            if said is not None:
                refused.append(said)
    server = block.server_time_us
    return ReadingBlock(
        addresses=block.addresses,
        address=block.address[has_point],
        value=block.value[has_point],
        status=block.status[has_point],
        source_time_us=block.source_time_us[has_point],
        server_time_us=None if server is None else server[has_point],
    )


def check_times(
    time: NDArray[np.int64], status: NDArray[np.uint32], arrival_us: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Keep times as given; mark what no set clock would show, replace what no calendar holds."""
    latest = arrival_us + CLOCK_AHEAD_US
    if time.min() >= CLOCK_FROM_US and time.max() <= latest:
        return time, status
    doubtful = (time < CLOCK_FROM_US) | (time > latest)
    marked = np.where(doubtful & (status < UNCERTAIN), np.uint32(UNCERTAIN_TIME), status)
    impossible = (time < TIME_MIN_US) | (time > TIME_MAX_US)
    return np.where(impossible, np.int64(arrival_us), time), marked


def _special(
    lookup: AddressTable,
    address: NDArray[np.int32],
    raw: NDArray[np.float64],
    value: NDArray[np.float64],
    status: NDArray[np.uint32],
    special: NDArray[np.bool_],
    arrival_us: int,
    refused: list[Unmapped],
) -> tuple[NDArray[np.int32], list[str]]:
    """States and texts: one step for each different code of an address, not for each row."""
    all_rows: list[NDArray[np.intp]] = []
    texts: list[NDArray[np.object_]] = []
    for index in np.unique(address[special]):
        target = lookup.targets[index]
        rows = np.flatnonzero(address == index)
        rows = rows[~(np.isnan(raw[rows]) & (status[rows] >= BAD))]  # no value: it says no code
        codes, which = np.unique(raw[rows], return_inverse=True)
        meant = [_meaning(target, float(code)) for code in codes] if target else []
        value[rows] = np.array([number for number, _ in meant])[which]
        said = np.array([text for _, text in meant], object)
        all_rows.append(rows)
        texts.append(said[which])
        for n, (_, code) in enumerate(meant):
            if target is None or target.states is None or code in target.states:
                continue
            strange = rows[which == n]
            status[strange] = np.maximum(status[strange], UNCERTAIN)
            reason = f"state code {code!r} is not in table {target.table!r}"
            unmapped = lookup.refusals.count_repeat(
                lookup.addresses[index], reason, code.encode(), arrival_us, len(strange)
            )
            if unmapped is not None:
                refused.append(unmapped)
    order = np.concatenate([*all_rows, np.empty(0, np.intp)])
    ranks = np.argsort(order, kind="stable")
    said_all = np.concatenate([*texts, np.empty(0, np.object_)])
    return order[ranks].astype(np.int32), said_all[ranks].tolist()


def _meaning(target: Target, code: float) -> tuple[float, str]:
    try:
        number, text = value_of(target, code)
    except UnreadableValue as error:
        return 0.0, str(error)
    return number, text or ""


def _wider(column: NDArray[Any], room: int) -> NDArray[Any]:
    wide = np.zeros(room, column.dtype)
    wide[: len(column)] = column
    return wide
