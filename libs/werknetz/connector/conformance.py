"""Checks of the `Connector` contract that every connector passes. Needs no test framework.

The author of a connector provides a `ControlledSource`: a source that emits values, drops its
sessions and goes offline on demand.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from werknetz.connector.contract import ConnectionLost, Connector, Delivery, Redeliverable
from werknetz.connector.mapping.mapping import STORE_AS_IS, Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    GapOpened,
    Record,
    Samples,
    Unmapped,
)
from werknetz.events.codec import columns_of

CLOSE_S: Final = 30.0  # long, as the machine may be slow
READ_S: Final = 60.0
BURST: Final = 5_000
_NOTHING: Final = Mapping(name="nothing", version=1)  # sends every value to quarantine
DELIVERY_MAX: Final = 200_000  # values in one delivery: more would be an unbounded queue


class NotConformant(AssertionError):
    """A rule of the contract is broken; the text names the rule."""


class ControlledSource(Protocol):
    """A source that the checks control."""

    def new_connector(self) -> Connector:
        """Return a new connector for the same source, as a restarted edge creates it."""

    async def emit(self, first: int, count: int) -> None:
        """Emit the numbers first … first+count-1, each once."""

    async def drop_sessions(self) -> None:
        """End every session from the side of the source; a new one succeeds within seconds."""

    async def go_offline(self) -> None:
        """Make the source unreachable until `go_online`."""

    async def go_online(self) -> None: ...


async def check_close_at_any_time(source: ControlledSource) -> None:
    connector = source.new_connector()
    await _close(connector)
    await connector.connect()
    await _close(connector)
    await _close(connector)


async def check_read_needs_connection(source: ControlledSource) -> None:
    connector = source.new_connector()
    await _expect_lost(connector, "read() before connect() must raise ConnectionLost")
    await connector.connect()
    await _close(connector)
    await _expect_lost(connector, "read() after close() must raise ConnectionLost")


async def check_every_value_is_delivered(source: ControlledSource) -> None:
    connector = source.new_connector()
    await connector.connect()
    try:
        await source.emit(0, 50)
        values, _ = await _read(connector, 50)
        _require(set(range(50)) <= values, "a value of the source was not delivered")
        _require(connector.status.state == "running", "status.state must be running")
        _require(connector.status.last_good_us is not None, "status.last_good_us must be set")
    finally:
        await _close(connector)


async def check_unacknowledged_is_redelivered_or_a_gap(source: ControlledSource) -> None:
    """The edge is killed between the read and the commit of the spool."""
    connector = source.new_connector()
    await connector.connect()
    await source.emit(1000, 30)
    await _read(connector, 30, acknowledge=False)
    await _close(connector)
    restarted = source.new_connector()
    if isinstance(restarted, Redeliverable):
        restarted.restore_checkpoints([])
    await restarted.connect()
    try:
        await source.emit(2000, 1)
        values, gaps = await _read(restarted, 31, or_gap=True)
        is_complete = set(range(1000, 1030)) <= values
        _require(
            is_complete or gaps > 0,
            "unacknowledged values are neither redelivered nor reported as a gap",
        )
    finally:
        await _close(restarted)


async def check_end_of_session_raises(source: ControlledSource) -> None:
    connector = source.new_connector()
    await connector.connect()
    try:
        await source.drop_sessions()
        await _expect_lost(connector, "read() must raise ConnectionLost when the session ends")
        await _connect_again(connector)
        await source.emit(3000, 10)
        values, _ = await _read(connector, 10)
        _require(set(range(3000, 3010)) <= values, "values must be delivered after a reconnect")
    finally:
        await _close(connector)


async def check_connect_fails_while_offline(source: ControlledSource) -> None:
    connector = source.new_connector()
    await source.go_offline()
    try:
        async with asyncio.timeout(READ_S):
            await connector.connect()
    except (ConnectionLost, OSError):
        return
    except TimeoutError as error:
        raise NotConformant("connect() must time out by itself without an answer") from error
    finally:
        await source.go_online()
        await _close(connector)
    raise NotConformant("connect() returned although the source is offline")


async def check_deliveries_are_bounded(source: ControlledSource) -> None:
    connector = source.new_connector()
    await connector.connect()
    try:
        await source.emit(10_000, BURST)
        values: set[int] = set()
        async with asyncio.timeout(3 * READ_S):
            while len(values & set(range(10_000, 10_000 + BURST))) < BURST:
                delivery = await connector.read()
                numbers = _numbers(delivery)
                _require(len(numbers) <= DELIVERY_MAX, "a delivery must be bounded")
                values |= set(numbers)
                await delivery.acknowledge()
    finally:
        await _close(connector)


async def check_books_balance(source: ControlledSource) -> None:
    """Everything that a connector delivers is stored, quarantined, ignored or a duplicate (M4)."""
    connector = source.new_connector()
    await connector.connect()
    normalizers = [Normalizer(mapping, "conformance") for mapping in (STORE_AS_IS, _NOTHING)]
    try:
        await source.emit(4000, 200)
        values: set[int] = set()
        async with asyncio.timeout(READ_S):
            while len(values & set(range(4000, 4200))) < 200:
                delivery = await connector.read()
                values |= set(_numbers(delivery))
                for normalizer in normalizers:
                    check_balance(
                        normalizer, normalizer.normalize(delivery, time.time_ns() // 1000)
                    )
                await delivery.acknowledge()
    except TimeoutError as error:
        raise NotConformant(f"{len(values)} of 200 values were delivered") from error
    finally:
        await _close(connector)


async def check_right_clocks_raise_no_finding(source: ControlledSource) -> None:
    """Values of the past are marked as such, so that they are no sign of a wrong clock (M6)."""
    connector = source.new_connector()
    await connector.connect()
    normalizer = Normalizer(STORE_AS_IS, "conformance")
    values: set[int] = set()
    try:
        await source.emit(5000, 50)
        async with asyncio.timeout(READ_S):
            while len(values & set(range(5000, 5050))) < 50:
                delivery = await connector.read()
                values |= set(_numbers(delivery))
                now_us = time.time_ns() // 1000
                normalizer.normalize(delivery, now_us)
                await delivery.acknowledge()
                findings = normalizer.clock.findings.texts(now_us)
                _require(
                    not findings,
                    "old values need `is_history`, `may_repeat` or `may_be_old`: "
                    + "; ".join(findings.values()),
                )
    except TimeoutError as error:
        raise NotConformant(f"{len(values)} of 50 values were delivered") from error
    finally:
        await _close(connector)


def check_balance(normalizer: Normalizer, records: Sequence[Record]) -> None:
    """Raise NotConformant where the records of a delivery do not add up to its tally."""
    tally = normalizer.take_tally()
    outcomes = sum(map(outcomes_of, records)) + tally.ignored + tally.duplicates
    _require(tally.taken == outcomes, f"the books do not balance: {tally}, {outcomes} outcomes")


def outcomes_of(record: Record) -> int:
    """Return how many entries of the books a record is, other than those of a tally."""
    match record:
        case Samples():
            return len(columns_of(record))
        case Unmapped():
            return record.count
        case BusinessEvent() | EventWithdrawn():
            return 1
        case _:
            return 0


CHECKS: Final[tuple[Callable[[ControlledSource], Awaitable[None]], ...]] = (
    check_close_at_any_time,
    check_read_needs_connection,
    check_every_value_is_delivered,
    check_unacknowledged_is_redelivered_or_a_gap,
    check_end_of_session_raises,
    check_connect_fails_while_offline,
    check_deliveries_are_bounded,
    check_books_balance,
    check_right_clocks_raise_no_finding,
)


def _require(condition: bool, rule: str) -> None:
    if not condition:
        raise NotConformant(rule)


async def _close(connector: Connector) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await connector.close()
    except TimeoutError as error:
        raise NotConformant(f"close() must end within {CLOSE_S:g} s") from error


async def _expect_lost(connector: Connector, rule: str) -> None:
    try:
        async with asyncio.timeout(READ_S):
            while True:
                await (await connector.read()).acknowledge()
    except ConnectionLost:
        return
    except TimeoutError as error:
        raise NotConformant(rule) from error


async def _connect_again(connector: Connector) -> None:
    """Connect as the pump does: an end of the session may be noticed by the first attempt only."""
    try:
        async with asyncio.timeout(READ_S):
            while True:
                try:
                    return await connector.connect()
                except (ConnectionLost, OSError):
                    await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise NotConformant("connect() must succeed after the end of a session") from error


async def _read(
    connector: Connector, count: int, *, acknowledge: bool = True, or_gap: bool = False
) -> tuple[set[int], int]:
    """Read until `count` different numbers have arrived, or (`or_gap`) one and a gap."""
    values: set[int] = set()
    gaps = 0
    try:
        async with asyncio.timeout(READ_S):
            while len(values) < count and not (or_gap and gaps and values):
                delivery = await connector.read()
                values |= set(_numbers(delivery))
                gaps += sum(isinstance(gap, GapOpened) for gap in delivery.gaps)
                if acknowledge:
                    await delivery.acknowledge()
    except TimeoutError as error:
        raise NotConformant(f"{len(values)} of {count} values were delivered") from error
    return values, gaps


def _numbers(delivery: Delivery) -> list[int]:
    numbers = [int(r.value) for r in delivery.all_readings() if isinstance(r.value, (int, float))]
    for block in delivery.blocks:
        numbers += block.value.astype(int).tolist()
    # A source of business records emits the numbers as quantities.
    return numbers + [int(r.fields["quantity"]) for r in delivery.records if "quantity" in r.fields]
