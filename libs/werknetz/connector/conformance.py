"""The promises of `Connector`, as checks that every connector passes. Needs no test framework.

An author gives a `Stand`: a source that can be told to give values and to cut the session.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from werknetz.connector.contract import ConnectionLost, Connector, Delivery, Redeliverable
from werknetz.events.batch import GapOpened

CLOSE_S: Final = 5.0
READ_S: Final = 20.0
BURST: Final = 5_000
DELIVERY_MAX: Final = 200_000  # values at once: more would be a queue without an end


class NotConformant(AssertionError):
    """A promise is broken; the text says which and what the pump would suffer."""


class Stand(Protocol):
    """A source under the control of the checks."""

    def connector(self) -> Connector:
        """A fresh connector for the same source: what a restarted edge would make."""

    async def give(self, first: int, count: int) -> None:
        """Let the source give the numbers first … first+count-1, each once."""

    async def cut(self) -> None:
        """End every session from the source's side; connecting again works at once."""

    async def hide(self) -> None:
        """Make the source unreachable, until `show`."""

    async def show(self) -> None: ...


async def closes_at_any_time(stand: Stand) -> None:
    connector = stand.connector()
    await _close(connector)
    await connector.connect()
    await _close(connector)
    await _close(connector)


async def reads_only_after_connect(stand: Stand) -> None:
    connector = stand.connector()
    await _expect_lost(connector, "read() before connect() must raise ConnectionLost")
    await connector.connect()
    await _close(connector)
    await _expect_lost(connector, "read() after close() must raise ConnectionLost")


async def gives_what_the_source_gave(stand: Stand) -> None:
    connector = stand.connector()
    await connector.connect()
    try:
        await stand.give(0, 50)
        values, _ = await _read(connector, 50)
        _hold(set(range(50)) <= values, "a value of the source never came")
        _hold(connector.status.state == "running", "status.state must say running")
        _hold(connector.status.last_good_us is not None, "status.last_good_us must be set")
    finally:
        await _close(connector)


async def gives_unacknowledged_again_or_says_so(stand: Stand) -> None:
    """The edge is killed between reading and the spool's commit."""
    connector = stand.connector()
    await connector.connect()
    await stand.give(1000, 30)
    await _read(connector, 30, acknowledge=False)
    await _close(connector)
    again = stand.connector()
    if isinstance(again, Redeliverable):
        again.seen([])
    await again.connect()
    try:
        await stand.give(2000, 1)
        values, gaps = await _read(again, 31, or_gap=True)
        whole = set(range(1000, 1030)) <= values
        _hold(whole or gaps > 0, "unacknowledged values are neither given again nor a gap")
    finally:
        await _close(again)


async def says_when_the_session_ends(stand: Stand) -> None:
    connector = stand.connector()
    await connector.connect()
    try:
        await stand.cut()
        await _expect_lost(connector, "read() must raise ConnectionLost when the session ends")
        await connector.connect()
        await stand.give(3000, 10)
        values, _ = await _read(connector, 10)
        _hold(set(range(3000, 3010)) <= values, "after connecting again values must come")
    finally:
        await _close(connector)


async def refuses_to_connect_to_nothing(stand: Stand) -> None:
    connector = stand.connector()
    await stand.hide()
    try:
        async with asyncio.timeout(READ_S):
            await connector.connect()
    except (ConnectionLost, OSError):
        return
    except TimeoutError as error:
        raise NotConformant("connect() must end by itself when nobody answers") from error
    finally:
        await stand.show()
        await _close(connector)
    raise NotConformant("connect() returned although nobody answered")


async def stays_bounded(stand: Stand) -> None:
    connector = stand.connector()
    await connector.connect()
    try:
        await stand.give(10_000, BURST)
        values: set[int] = set()
        async with asyncio.timeout(3 * READ_S):
            while len(values & set(range(10_000, 10_000 + BURST))) < BURST:
                delivery = await connector.read()
                found = _numbers(delivery)
                _hold(len(found) <= DELIVERY_MAX, "a delivery must be bounded")
                values |= set(found)
                await delivery.acknowledge()
    finally:
        await _close(connector)


CHECKS: Final[tuple[Callable[[Stand], Awaitable[None]], ...]] = (
    closes_at_any_time,
    reads_only_after_connect,
    gives_what_the_source_gave,
    gives_unacknowledged_again_or_says_so,
    says_when_the_session_ends,
    refuses_to_connect_to_nothing,
    stays_bounded,
)


def _hold(condition: bool, promise: str) -> None:
    if not condition:
        raise NotConformant(promise)


async def _close(connector: Connector) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await connector.close()
    except TimeoutError as error:
        raise NotConformant(f"close() must end within {CLOSE_S:g} s") from error


async def _expect_lost(connector: Connector, promise: str) -> None:
    try:
        async with asyncio.timeout(READ_S):
            while True:
                await (await connector.read()).acknowledge()
    except ConnectionLost:
        return
    except TimeoutError as error:
        raise NotConformant(promise) from error


async def _read(
    connector: Connector, wanted: int, *, acknowledge: bool = True, or_gap: bool = False
) -> tuple[set[int], int]:
    """Read until so many different numbers are there, or a gap where that will do."""
    values: set[int] = set()
    gaps = 0
    try:
        async with asyncio.timeout(READ_S):
            while len(values) < wanted and not (or_gap and gaps and values):
                delivery = await connector.read()
                values |= set(_numbers(delivery))
                gaps += sum(isinstance(gap, GapOpened) for gap in delivery.gaps)
                if acknowledge:
                    await delivery.acknowledge()
    except TimeoutError as error:
        raise NotConformant(f"{len(values)} of {wanted} values came") from error
    return values, gaps


def _numbers(delivery: Delivery) -> list[int]:
    found = [int(r.value) for r in delivery.readings if isinstance(r.value, (int, float))]
    for block in delivery.blocks:
        found += block.value.astype(int).tolist()
    # A source of business records gives the numbers as quantities.
    return found + [int(r.fields["quantity"]) for r in delivery.records if "quantity" in r.fields]
