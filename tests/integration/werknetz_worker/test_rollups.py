"""Roll-ups equal the sums of the buckets, rolled up or not, whatever changes meanwhile."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.domain.shift import local_us
from werknetz.domain.window import Period, Window, windows_between
from werknetz.store.session import Database, PoolOptions
from werknetz_core.kpis.polled_sums import LastStates, load_polled_sums
from werknetz_core.kpis.window_sums import SumQuery, load_window_sums
from werknetz_worker.failures import Retries
from werknetz_worker.rollups.failed_marks import FailedMarks
from werknetz_worker.rollups.roll_up import roll_up

pytestmark = pytest.mark.asyncio
START = microseconds_of(datetime(2026, 3, 26, tzinfo=UTC))  # Berlin's clock changes on the 29th
DAYS = 6
NAMES = frozenset({"pbt_s", "apt_s", "pq"})
ZONES = {"w/berlin": "Europe/Berlin", "w/india": "Asia/Kolkata"}
MACHINES = ("w/berlin/a/l/m1", "w/berlin/a/l/m2", "w/berlin/a/k/m3", "w/india/a/l/m4")


Sums = tuple[float, float, float]  # pbt_s, apt_s, pq


class Tree:
    """Equipment with buckets of its own, and the sums that are right for it."""

    def __init__(self, pool: asyncpg.Pool, database: Database) -> None:
        self.pool = pool
        self.database = database
        self.last_states = LastStates()  # of before the changes: what polls assume
        self.ids: dict[str, int] = {}

    async def add(self, path: str) -> None:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            if name not in self.ids:
                self.ids[name] = await self.pool.fetchval(
                    "INSERT INTO equipment (path, level, name, parent_id, time_zone)"
                    " VALUES ($1, 'line', $1, $2, $3) RETURNING id",
                    name, self.ids.get(name.rpartition("/")[0]), ZONES.get(name),
                )  # fmt: skip

    async def write(self, path: str, buckets: Sequence[int], rng: random.Random) -> None:
        await self.pool.execute(
            "INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pbt_s, apt_s, pq)"
            " SELECT $1, n.at, '{}', false, 900, n.apt, n.pq"
            " FROM unnest($2::timestamptz[], $3::float8[], $4::float8[]) AS n (at, apt, pq)"
            " ON CONFLICT (equipment_id, bucket_at) DO UPDATE SET apt_s = excluded.apt_s,"
            " pq = excluded.pq",
            self.ids[path], [instant_of(START + n * BUCKET_US) for n in buckets],
            [float(rng.randrange(900)) for _ in buckets],
            [float(rng.randrange(50)) for _ in buckets],
        )  # fmt: skip

    async def below(self, path: str) -> list[int]:
        rows = await self.pool.fetch(
            "WITH RECURSIVE t AS (SELECT id FROM equipment WHERE id = $1 UNION ALL"
            " SELECT e.id FROM equipment e JOIN t ON e.parent_id = t.id) SELECT id FROM t",
            self.ids[path],
        )
        return [row[0] for row in rows]

    async def load(self, path: str, windows: Sequence[Window]) -> dict[int, Sums]:
        ids = await self.below(path)
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            [sums] = await load_window_sums(
                connection, [SumQuery(self.ids[path], ids, windows)], NAMES
            )
        [polled] = await load_polled_sums(
            self.database, [SumQuery(self.ids[path], ids, windows)], NAMES, self.last_states
        )
        assert numbers_of(polled) == numbers_of(sums)
        return numbers_of(sums)

    async def check(self) -> None:
        """Compare every equipment and kind of window with the sums of the machines' buckets."""
        rows = await self.pool.fetch(
            "SELECT equipment_id, bucket_at, pbt_s, apt_s, pq FROM elements"
        )
        for path in self.ids:
            ids = await self.below(path)
            buckets: dict[int, Sums] = {}
            for row in rows:
                if row[0] in ids:
                    n = (microseconds_of(row[1]) - START) // BUCKET_US
                    buckets[n] = add(buckets.get(n), tuple(row)[2:])
            for windows in windows_of_every_kind():
                assert await self.load(path, windows) == sums_of(buckets, windows), path


def numbers_of(rows: dict[int, asyncpg.Record]) -> dict[int, Sums]:
    return {n: (row["pbt_s"], row["apt_s"], row["pq"]) for n, row in rows.items()}


def add(first: Sums | None, second: Sums) -> Sums:
    a, b, c = first or (0, 0, 0)
    return a + second[0], b + second[1], c + second[2]


def sums_of(buckets: dict[int, Sums], windows: Sequence[Window]) -> dict[int, Sums]:
    sums: dict[int, Sums] = {}
    for number, window in enumerate(windows, start=1):
        first, last = ((at - START) // BUCKET_US for at in (window.start_us, window.end_us))
        for n in range(max(first, 0), min(last, DAYS * 96)):
            if n in buckets:
                sums[number] = add(sums.get(number), buckets[n])
    return sums


def windows_of_every_kind() -> list[list[Window]]:
    end = START + DAYS * 96 * BUCKET_US
    kinds = [
        windows_between(period, START, end, zone=ZoneInfo(zone))
        for period, zone in (
            (Period.HOUR, "Europe/Berlin"), (Period.DAY, "Europe/Berlin"),
            (Period.DAY, "Asia/Kolkata"), (Period.DAY, "UTC"), (Period.YEAR, "Europe/Berlin"),
        )
    ]  # fmt: skip
    free = [(3, 4), (0, 96), (5, 200), (1, 575), (90, 400), (383, 385)]
    kinds.append(
        [Window(START + a * BUCKET_US, START + b * BUCKET_US, date(2026, 3, 26)) for a, b in free]
    )
    return kinds


@pytest_asyncio.fixture
async def tree(database_url: str) -> AsyncIterator[Tree]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=3)
    database = Database(database_url, PoolOptions("test", 2, 60))
    world = Tree(pool, database)
    for path in MACHINES:
        await world.add(path)
    rng = random.Random(4)
    for path in (*MACHINES, "w/berlin/a/l"):  # a line with sums of its own
        await world.write(path, [n for n in range(DAYS * 96) if rng.random() < 0.9], rng)
    yield world
    await database.close()
    await pool.close()


async def test_before_and_after_rolling_up(tree: Tree) -> None:
    await tree.check()
    assert await roll_up(tree.pool) > 0
    assert await tree.pool.fetchval("SELECT count(*) FROM rollup_marks") == 0
    await tree.check()


async def test_a_group_is_read_from_its_own_days(tree: Tree) -> None:
    await roll_up(tree.pool)
    # Days of the plant, hours of the group: the buckets of machines are not read.
    await tree.pool.execute("ALTER TABLE elements DISABLE TRIGGER USER")
    await tree.pool.execute("DELETE FROM elements")
    end = START + DAYS * 96 * BUCKET_US
    days = windows_between(Period.DAY, START, end, zone=ZoneInfo("Europe/Berlin"))
    for path, part in (("w/berlin", 0.9), ("w", 0.9)):
        sums = await tree.load(path, days)
        assert len(sums) == len(days)
        assert sums[3][0] > part * 0.8 * 86_400


@pytest.mark.parametrize("seed", range(4))
async def test_late_data_moves_and_corrections_in_any_order(tree: Tree, seed: int) -> None:
    rng = random.Random(seed)
    await roll_up(tree.pool)
    for step in range(6):
        match (step + seed) % 4:
            case 0:  # late data of one machine
                await tree.write(rng.choice(MACHINES), rng.sample(range(DAYS * 96), 7), rng)
            case 1:  # a machine moves
                await tree.pool.execute(
                    "UPDATE equipment SET parent_id = $2 WHERE id = $1",
                    tree.ids["w/berlin/a/l/m2"],
                    tree.ids[rng.choice(["w/berlin/a/k", "w/india/a/l", "w/berlin/a/l"])],
                )
            case 2:  # buckets go away
                await tree.pool.execute(
                    "DELETE FROM elements WHERE equipment_id = $1 AND bucket_at < $2",
                    tree.ids[rng.choice(MACHINES)],
                    instant_of(START + rng.randrange(60) * BUCKET_US),
                )
            case _:  # a machine that had sums of its own gets a part
                await tree.add(f"{MACHINES[0]}/part-{step}")
        if rng.random() < 0.6:
            await tree.check()
        if rng.random() < 0.6:
            await roll_up(tree.pool)
    await tree.check()
    await roll_up(tree.pool)
    await tree.check()


async def test_another_zone_cuts_other_days(tree: Tree) -> None:
    await roll_up(tree.pool)
    await tree.pool.execute(
        "UPDATE equipment SET time_zone = 'America/St_Johns' WHERE path = 'w/berlin'"
    )
    await tree.check()
    await roll_up(tree.pool)
    await tree.check()
    zone = ZoneInfo("America/St_Johns")
    days = await tree.pool.fetch(
        "SELECT start_at FROM element_sums WHERE equipment_id = $1 AND grain = 5 ORDER BY 1",
        tree.ids["w/berlin"],
    )
    first = date(2026, 3, 25)
    assert [row[0] for row in days] == [
        instant_of(local_us(first + timedelta(days=n), 0, zone)) for n in range(len(days))
    ]
    assert len(days) == DAYS + 1
    await tree.pool.execute("TRUNCATE elements")
    await tree.check()
    assert await tree.pool.fetchval("SELECT count(*) FROM element_sums") == 0


async def test_days_that_were_cut_by_older_rules_of_the_zone(tree: Tree) -> None:
    """The rules of a zone may change after a day was rolled up: its row starts elsewhere."""
    await roll_up(tree.pool)
    end = START + DAYS * 96 * BUCKET_US
    days = windows_between(Period.DAY, START, end, zone=ZoneInfo("Europe/Berlin"))
    expected = await tree.load("w/berlin", days)
    await tree.pool.execute(
        "UPDATE element_sums SET start_at = start_at + interval '1 hour'"
        " WHERE equipment_id = $1 AND grain = 5 AND start_at = $2",
        tree.ids["w/berlin"], instant_of(days[2].start_us),
    )  # fmt: skip
    assert await tree.load("w/berlin", days) == expected


async def test_what_cannot_be_summed_stops_no_other_roll_up(tree: Tree) -> None:
    """Two hours are numbers, their day is beyond all numbers: it alone is not rolled up."""
    await roll_up(tree.pool)
    await tree.pool.execute(
        "INSERT INTO elements (equipment_id, bucket_at, carry, provisional, pq)"
        " SELECT $1, at, '{}', false, 1e308 FROM unnest($2::timestamptz[]) AS at"
        " ON CONFLICT (equipment_id, bucket_at) DO UPDATE SET pq = excluded.pq",
        tree.ids["w/berlin/a/l/m1"],
        [instant_of(START + (96 + hour * 4) * BUCKET_US) for hour in (8, 9)],
    )
    await tree.write("w/india/a/l/m4", range(4 * 96, 4 * 96 + 8), random.Random(1))
    assert await roll_up(tree.pool) > 0
    left = {row[0] for row in await tree.pool.fetch("SELECT equipment_id FROM rollup_marks")}
    assert left == {tree.ids["w/berlin/a/l/m1"]}


async def test_what_fails_in_one_machine_leaves_its_siblings_rolled_up(tree: Tree) -> None:
    """The day of a machine is beyond all numbers, and so is that of its line."""
    clock_s = [0.0]
    failed = FailedMarks(Retries(clock=lambda: clock_s[0]))
    await roll_up(tree.pool, failed=failed)
    await tree.pool.execute(
        "UPDATE elements SET pq = 1e308 WHERE equipment_id = $1 AND bucket_at = ANY($2)",
        tree.ids["w/berlin/a/l/m1"], await buckets_of_day(tree, "w/berlin/a/l/m1"),
    )  # fmt: skip
    rng = random.Random(3)
    for path in MACHINES[1:]:
        await tree.write(path, range(96, 192), rng)  # the same buckets, too
    await roll_up(tree.pool, failed=failed)
    broken = {"w/berlin/a/l/m1", "w/berlin/a/l"}
    assert await marked_paths(tree) == broken
    assert {row[0] for row in await open_failures(tree)} == {f"roll-up {path}" for path in broken}
    # They wait, others go on; they are due again, and no mark is added.
    await tree.write("w/berlin/a/l/m2", range(200, 204), rng)
    assert await roll_up(tree.pool, failed=failed) == 1
    assert await roll_up(tree.pool, failed=failed) == 0
    clock_s[0] += 3600
    assert await roll_up(tree.pool, failed=failed) == 0
    assert await tree.pool.fetchval("SELECT count(*) FROM rollup_marks") == len(broken)
    # Corrected, all is rolled up and no finding is left.
    await tree.write("w/berlin/a/l/m1", range(DAYS * 96), rng)
    clock_s[0] += 3600
    await roll_up(tree.pool, failed=failed)
    assert await marked_paths(tree) == set()
    assert await open_failures(tree) == []
    await tree.check()


async def buckets_of_day(tree: Tree, path: str) -> list[datetime]:
    """Return buckets of a machine in two hours of its second day: each hour is a number."""
    rows = await tree.pool.fetch(
        "SELECT min(bucket_at) FROM elements WHERE equipment_id = $1 AND bucket_at >= $2"
        " GROUP BY date_trunc('hour', bucket_at, 'UTC') ORDER BY 1 LIMIT 2",
        tree.ids[path], instant_of(START + (96 + 48) * BUCKET_US),
    )  # fmt: skip
    return [row[0] for row in rows]


async def marked_paths(tree: Tree) -> set[str]:
    rows = await tree.pool.fetch(
        "SELECT path FROM rollup_marks JOIN equipment e ON e.id = equipment_id"
    )
    return {row[0] for row in rows}


async def open_failures(tree: Tree) -> list[asyncpg.Record]:
    return await tree.pool.fetch(
        "SELECT subject || ' ' || path FROM findings f JOIN equipment e ON e.id = f.equipment_id"
        " WHERE f.kind = 'not_computed' AND f.cleared_at IS NULL"
    )
