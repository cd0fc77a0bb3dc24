"""The whole way from a source into rows of PostgreSQL, alone or beside what else a user might pick.

Each chain carries the same in turns, alone on the machine: rows per CPU second of all its
processes. Broker, publisher and OPC UA server belong to none of them.
"""

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import Measure
from bench.rivals.chain import Chain, ChainFailedError, Sent
from bench.rivals.feeds import Feed, MqttFeed, OpcuaFeed, PacedMqttFeed
from bench.rivals.gateway import GatewayChain
from bench.rivals.node_red import NodeRedChain
from bench.rivals.werknetz_chain import WerknetzChain

ROUNDS = 2
SHORT = 0.4  # of the time
WARM = 0.25  # of the time, before it
READY_S = 120  # Node-RED installs packages at its first start
STALLED_S = 8.0


@dataclass(frozen=True)
class Case:
    name: str
    feed: type[Feed]
    seconds: float
    unit: str
    units: str  # of `Sent`
    bars: dict[type[Chain], float | None]
    budget_us: float | None = None  # CPU time of a unit


CASES = (
    Case("MQTT QoS 1, 3 values a message", MqttFeed, 5, "message", "messages",
         {NodeRedChain: 4, GatewayChain: 10}, 25),
    Case("MQTT QoS 1, 2,000 messages/s", PacedMqttFeed, 12, "message", "messages",
         {NodeRedChain: None, GatewayChain: None}),
    Case("OPC UA, 500 nodes, 100 ms", OpcuaFeed, 15, "row", "values",
         {NodeRedChain: 5, GatewayChain: 8}),
)  # fmt: skip


@dataclass
class Carried:
    """What a chain has carried over all its turns."""

    messages: int = 0
    values: int = 0
    lost: int = 0
    doubled: int = 0
    used_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    rates: list[float] = field(default_factory=list)

    def add(self, sent: Sent, rows: int, distinct: int, used_s: dict[str, float]) -> None:
        self.messages += sent.messages
        self.values += sent.values
        self.lost += sent.values - distinct
        self.doubled += rows - distinct
        for name, seconds in used_s.items():
            self.used_s[name] += seconds
        self.rates.append(distinct / sum(used_s.values()))

    @property
    def rate(self) -> float:
        return (self.values - self.lost) / sum(self.used_s.values())

    @property
    def figure(self) -> str:
        spread = f" ({min(self.rates):,.0f}-{max(self.rates):,.0f})" if len(self.rates) > 1 else ""
        return f"{self.rate:,.0f} rows/CPU s{spread}"


def measures(short: bool, *, rivals: bool = False) -> list[Measure]:
    return [line for case in CASES for line in asyncio.run(_lines(case, short, rivals))]


async def _lines(case: Case, short: bool, rivals: bool) -> list[Measure]:
    chains: list[type[Chain]] = [WerknetzChain, *(case.bars if rivals else ())]
    carried = {chain: Carried() for chain in chains}
    missing: dict[type[Chain], str] = {}
    share = SHORT if short else 1
    for _ in range(1 if short else ROUNDS):
        for chain in chains:
            if chain not in missing:
                try:
                    await _take_turn(case, chain, case.seconds * share, carried[chain])
                except ChainFailedError as error:
                    if chain is WerknetzChain:
                        raise
                    missing[chain], _, logs = str(error).partition("\n")
                    print(logs, file=sys.stderr)
    ours = carried[WerknetzChain]
    lines = [Measure(f"whole way, {case.name}", ours.figure)]
    for chain in chains[1:]:
        name, bar = f"  beside {chain.name}", case.bars[chain]
        if chain in missing:
            lines.append(Measure(name, f"not measured: {missing[chain]}"))
        else:
            theirs = carried[chain]
            lines.append(Measure(name, theirs.figure, ours.rate / theirs.rate, bar))
    measured = [chain for chain in chains if chain not in missing]
    lines += [_parts(case, chain, carried[chain]) for chain in measured]
    return [*lines, *(_loss(chain, carried[chain]) for chain in measured)]


def _parts(case: Case, chain: type[Chain], carried: Carried) -> Measure:
    units = carried.messages if case.units == "messages" else carried.values
    parts = {name: seconds / units * 1e6 for name, seconds in carried.used_s.items()}
    figure = " + ".join(f"{name} {us:.1f}" for name, us in parts.items())
    total = sum(parts.values())
    has_bar = case.budget_us is not None and chain is WerknetzChain
    return Measure(
        f"  CPU a {case.unit}, {chain.name}",
        f"{total:.1f} µs: {figure}",
        total / case.budget_us if has_bar and case.budget_us else None,
        1.0 if has_bar else None,
        at_most=True,
    )


def _loss(chain: type[Chain], carried: Carried) -> Measure:
    wrong = carried.lost + carried.doubled
    return Measure(
        f"  rows of {chain.name}",
        f"{carried.lost:,} lost, {carried.doubled:,} doubled of {carried.values:,}",
        float(wrong) if chain is WerknetzChain else None,
        0.0 if chain is WerknetzChain else None,
        at_most=True,
    )


async def _take_turn(case: Case, chain: type[Chain], seconds: float, carried: Carried) -> None:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as temporary:
        folder = Path(temporary)
        async with case.feed(folder) as feed, chain(folder, feed.origin) as running:
            await _until_ready(running, feed)
            await _drain(running, await feed.send(seconds * WARM))
            before_s = running.used_s()
            sent = await feed.send(seconds)
            after_s = await _drain(running, sent)
            rows = await running.count_rows(sent)
            distinct = await running.count_rows(sent, distinct=True)
    carried.add(sent, rows, distinct, {name: after_s[name] - before_s[name] for name in before_s})


async def _until_ready(chain: Chain, feed: Feed) -> None:
    """Send until every tag has a row."""
    deadline = time.monotonic() + READY_S
    while await chain.count_tags() < feed.tags:
        if time.monotonic() > deadline or not chain.is_alive:
            raise ChainFailedError(f"it does not carry every tag\n{chain.log_tails()}")
        await feed.send(0)
        await asyncio.sleep(0.5)


async def _drain(chain: Chain, sent: Sent) -> dict[str, float]:
    """Wait for all rows, or until no more come; return the CPU seconds at the last ones."""
    best, used_s, grown_at = -1, chain.used_s(), time.monotonic()
    while best < sent.values and time.monotonic() - grown_at < STALLED_S:
        await asyncio.sleep(0.25)
        if (rows := await chain.count_rows(sent)) > best:
            await asyncio.sleep(0.25)  # what follows a commit belongs to it
            best, used_s, grown_at = rows, chain.used_s(), time.monotonic()
    return used_s
