"""Batches of many connectors in one transaction come to what each of them comes to alone."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from plumbing.delivery import NOW_US, FakeSpool, point, samples
from plumbing.ingesting import books_of
from plumbing.rounds import Rounds, open_rounds, receive, send
from werknetz.events.batch import GapOpened, Raw, Record, Tally, Unmapped
from werknetz.link.wire import Ack, BatchEnvelope, Fenced, Forked, ResendRequest, Welcome
from werknetz_core.ingest import metrics, streams, writer
from werknetz_core.ingest.records.books import taken_of
from werknetz_core.ingest.streams import SET_ASIDE_S

pytestmark = pytest.mark.asyncio
CONNECTORS = 5
ROUNDS = 6
MACHINE = "nordwerk/emden-1/body/line-2/{}"


@pytest_asyncio.fixture
async def rounds(database_url: str, redis_url: str) -> AsyncIterator[Rounds]:
    async with open_rounds(database_url, redis_url) as rounds:
        yield rounds


class Line:
    """A connector whose spool is made of drawn records; another with its seed has the same."""

    def __init__(self, name: str, seed: int) -> None:
        self.random = Random(seed)
        self.spool = FakeSpool(name)
        self.at_us = NOW_US
        self.spool.add(*(self.point(number) for number in (1, 2)))

    def point(self, number: int) -> Any:
        role = "total_count" if number == 1 else "process_value"
        return point(number, role, equipment=MACHINE.format(self.spool.connector))

    def draw_records(self) -> list[Record]:
        records: list[Record] = []
        for _ in range(self.random.randint(1, 3)):
            self.at_us += self.random.choice([0, 0, -2_000_000, 1_000_000, 900_000_000])
            records.append(
                samples(
                    [self.random.random() for _ in range(self.random.randint(0, 4))],
                    number=self.random.choice([1, 2, 2, 7]),  # 7: never introduced
                    at_us=self.at_us,
                    step_us=self.random.choice([0, 500_000]),
                )
            )
        hashes = [bytes([n]) * 16 for n in range(self.random.randint(0, 2))]
        records.append(Raw(self.at_us, self.at_us, self.at_us, 1, "test@1", "zlib", b"x", hashes))
        if self.random.random() < 0.2:
            records.append(Unmapped("ns=2;s=x", "no rule", b"raw", self.at_us, count=2))
        if self.random.random() < 0.3:
            records.append(Tally(taken=sum(map(taken_of, records)) + 3, ignored=2, duplicates=1))
        return records

    def draw_batches(self) -> list[BatchEnvelope]:
        """Return what the link brings: most of it in order, and all that can be wrong with it."""
        spool, before = self.spool, len(self.spool.batches)
        for _ in range(self.random.randint(1, 3)):
            if self.random.random() < 0.1:
                spool.add_payload(b"\xc1 no batch")
            elif self.random.random() < 0.1:
                spool.add(samples([1.0], number=2, at_us=self.at_us, texts={0: "a\0b"}))  # poison
            else:
                spool.add(*self.draw_records())
        batches = spool.batches[before:]
        first, last = batches[0], spool.batches[before - 1]
        replace = msgspec.structs.replace
        ways = [
            [*spool.batches[-4:], *batches],  # repeated
            batches[1:],  # lost on the way, and sent again later
            [replace(first, hash=b"other" * 3 + b"!"), *batches],  # damaged
            [*(replace(batch, epoch=9) for batch in batches), *batches],
            [replace(spool.batches[0], incarnation=UUID(int=1)), *batches],
            [replace(last, hash=b"f" * 16), *batches],  # a copy that went on by itself
        ]
        return self.random.choice([*ways, *[batches] * 4])


async def answers_of(redis_url: str, spool: FakeSpool) -> list[tuple[object, ...]]:
    """Return what was replied, with its numbers; acks that are repeated are left out."""
    answers: list[tuple[object, ...]] = []
    for answer in await receive(redis_url, spool):
        match answer:
            case Ack(last_seq=number) | ResendRequest(from_seq=number) | Fenced(epoch=number):
                line: tuple[object, ...] = (type(answer).__name__, number)
            case Forked(last_seq=number):
                line = ("Forked", number)
            case _:
                line = (type(answer).__name__,)
        if answers[-1:] != [line]:
            answers.append(line)
    return answers


async def load_stored(connection: Any, name: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows that come from a connector, without names and times of storing."""
    queries = {
        # Whether a sample has a sequence may differ, but never the order of one instant.
        "samples": """SELECT p.number, x.at, x.value, x.status, x.text
            FROM samples x JOIN points p USING (signal_id) JOIN spools s ON s.id = p.spool
            WHERE s.connector_id = $1 ORDER BY 1, 2, x.sequence NULLS FIRST, 3""",
        "unordered": """SELECT p.number, x.at
            FROM samples x JOIN points p USING (signal_id) JOIN spools s ON s.id = p.spool
            WHERE s.connector_id = $1 GROUP BY 1, 2
            HAVING count(DISTINCT x.sequence) < count(*) - 1""",
        "spools": """SELECT last_seq, sample_count, quarantine_count FROM spools
            WHERE connector_id = $1""",
        "quarantine": """SELECT seq, reason, raw, size, count,
            CASE WHEN source NOT LIKE 'spool %' THEN (source, at)::text END AS of_source
            FROM quarantine WHERE connector_id = $1 ORDER BY 1, 2, 3""",
        "raw": """SELECT seq, arrival_at, count, payload, hashes FROM raw_inputs
            WHERE connector_id = $1 ORDER BY 1""",
        "marks": """SELECT bucket_at FROM dirty_buckets JOIN equipment e ON e.id = equipment_id
            WHERE e.name = $1 ORDER BY 1""",
        "alarm": "SELECT alarm, last_applied_at IS NULL FROM connectors WHERE id = $1",
    }
    rows = {key: await connection.fetch(query, name) for key, query in queries.items()}
    return {key: [tuple(row) for row in part] for key, part in rows.items()}


@pytest.mark.parametrize("seed", range(6))
async def test_together_and_alone_come_to_the_same(
    seed: int, rounds: Rounds, redis_url: str
) -> None:
    lines = {
        family: [Line(f"{family}-{n}", seed * 100 + n) for n in range(CONNECTORS)]
        for family in ("together", "alone")
    }
    for line in (*lines["together"], *lines["alone"]):
        await send(redis_url, line.spool, line.spool.hello(), *line.spool.batches)
    await rounds.run()
    for number in range(ROUNDS):
        rounds.writer._applier._now = lambda n=number: 10.0 * n  # for what is requested again
        for line in lines["together"]:
            await send(redis_url, line.spool, *line.draw_batches())
        await rounds.run()
        for line in lines["alone"]:
            await send(redis_url, line.spool, *line.draw_batches())
            await rounds.run()
    for line in (*lines["together"], *lines["alone"]):
        await send(redis_url, line.spool, *line.spool.batches)
    await rounds.run()
    for first, second in zip(*lines.values(), strict=True):
        names = (first.spool.connector, second.spool.connector)
        ours, theirs = [await load_stored(rounds.connection, name) for name in names]
        assert ours == theirs
        assert ours["unordered"] == []
        assert ours["spools"][0][0] == len(first.spool.batches)
        assert await answers_of(redis_url, first.spool) == await answers_of(redis_url, second.spool)
        books = [await books_of(rounds.connection, name) for name in names]
        assert books[0] == books[1]
        query = "SELECT last_hash FROM spools WHERE spool_id = $1"
        for line in (first, second):
            last = await rounds.connection.fetchval(query, line.spool.spool_id)
            assert last == line.spool.last_hash


async def welcome_spools(rounds: Rounds, redis_url: str, count: int) -> list[FakeSpool]:
    spools = [FakeSpool(f"plc-{n}") for n in range(count)]
    for spool in spools:
        spool.add(point(equipment=MACHINE.format(spool.connector)), samples([1.0]))
        await send(redis_url, spool, spool.hello(), *spool.batches)
    await rounds.run()
    return spools


async def read_acked(redis_url: str, spools: Sequence[FakeSpool]) -> list[int]:
    answers = [await receive(redis_url, spool) for spool in spools]
    assert all(isinstance(answer[0], Welcome) for answer in answers)
    return [max(a.last_seq for a in answer if isinstance(a, Ack)) for answer in answers]


async def count_transactions(connection: Any) -> int:
    return int(await connection.fetchval("SELECT count(DISTINCT xmin::text) FROM spools"))


async def test_ten_connectors_share_a_transaction_and_one_with_a_gap_has_its_own(
    rounds: Rounds, redis_url: str
) -> None:
    spools = await welcome_spools(rounds, redis_url, 10)
    assert await count_transactions(rounds.connection) == 10
    for spool in spools:
        await send(redis_url, spool, spool.add(samples([2.0], at_us=NOW_US + 1)))
    await rounds.run()
    assert await count_transactions(rounds.connection) == 1
    gap = GapOpened(UUID(int=1), "plc", [], NOW_US, "connection_lost")
    await send(redis_url, spools[0], spools[0].add(gap))
    for spool in spools[1:]:
        await send(redis_url, spool, spool.add(samples([3.0], at_us=NOW_US + 2)))
    await rounds.run()
    assert await count_transactions(rounds.connection) == 2
    assert await read_acked(redis_url, spools) == [3] * 10


async def test_a_transaction_has_a_limited_number_of_connectors(
    rounds: Rounds, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TOGETHER_MAX", 2)
    spools = await welcome_spools(rounds, redis_url, 5)
    for spool in spools:
        await send(redis_url, spool, spool.add(samples([2.0], at_us=NOW_US + 1)))
    await rounds.run()
    assert await count_transactions(rounds.connection) == 3
    assert await read_acked(redis_url, spools) == [2] * 5


async def test_a_poisoned_connector_beside_nine_good_ones(rounds: Rounds, redis_url: str) -> None:
    separations = metrics.SEPARATIONS._value.get()
    spools = await welcome_spools(rounds, redis_url, 10)
    for n, spool in enumerate(spools):
        texts = {1: "a\0b"} if n == 4 else {}
        await send(redis_url, spool, spool.add(samples([2.0, 3.0], at_us=NOW_US + 9, texts=texts)))
    await rounds.run()
    assert metrics.SEPARATIONS._value.get() == separations + 1
    assert await read_acked(redis_url, spools) == [2] * 10
    for n, spool in enumerate(spools):
        books = await books_of(rounds.connection, spool.connector)
        assert books == ({"stored": 2, "quarantined": 1} if n == 4 else {"stored": 3})


async def test_a_locked_connector_is_set_aside_and_the_others_go_on(
    rounds: Rounds, redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr(streams, "monotonic", lambda: now_s)
    spools = await welcome_spools(rounds, redis_url, 5)
    await rounds.connection.execute("SET lock_timeout = '100ms'")
    locker = await asyncpg.connect(database_url)
    for spool in spools:
        await send(redis_url, spool, spool.add(samples([2.0], at_us=NOW_US + 1)))
    async with locker.transaction():
        await locker.execute("SELECT FROM connectors WHERE id = 'plc-2' FOR UPDATE")
        await rounds.run()
        assert await read_acked(redis_url, spools) == [2, 2, 1, 2, 2]
        assert not rounds.connection.is_closed()
        await send(redis_url, spools[0], spools[0].add(samples([3.0], at_us=NOW_US + 2)))
        await rounds.run()
        assert await read_acked(redis_url, spools) == [3, 2, 1, 2, 2]
    await locker.close()
    now_s += SET_ASIDE_S - 0.01
    await rounds.run()
    assert await read_acked(redis_url, spools) == [3, 2, 1, 2, 2]
    now_s += 0.01
    await rounds.run()
    assert await read_acked(redis_url, spools) == [3, 2, 2, 2, 2]
    assert rounds.writer._streams.set_aside("plc-2") == SET_ASIDE_S  # no longer than at first


async def test_where_every_connector_fails_the_round_ends_with_its_connection(
    rounds: Rounds, redis_url: str
) -> None:
    spools = await welcome_spools(rounds, redis_url, 2)
    await rounds.connection.execute("ALTER TABLE samples RENAME TO samples_hidden")
    rounds.pauses.clear()
    for spool in spools:
        await send(redis_url, spool, spool.add(samples([2.0], at_us=NOW_US + 1)))
    await rounds.run()
    assert rounds.connection.is_closed()
    assert rounds.pauses[-1:] == [0.1]
