"""What events of jobs leave: the reason of their scrap, and the watermark of products."""

from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest
import pytest_asyncio

from plumbing.business import Business
from plumbing.machines import Plant
from werknetz_worker.projection.projector import PRODUCTS_WATERMARK, project
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
PATH = "nordwerk/emden-1/body/line-2/press-3"


class RecordingPublisher(WatermarkPublisher):
    def __init__(self) -> None:
        super().__init__(None)
        self.names: list[str] = []

    async def increment_names(self, names: Iterable[str]) -> None:
        self.names += names


@pytest_asyncio.fixture
async def mes(database_url: str) -> AsyncIterator[Business]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60)
    business = Business(pool)
    await business.begin()
    await Plant(pool).machine(PATH, ())
    yield business
    await pool.close()


async def names_of(mes: Business) -> list[str]:
    publisher = RecordingPublisher()
    await project(mes.pool, publisher)
    return publisher.names


async def test_a_job_keeps_the_code_of_its_scrap(mes: Business) -> None:
    job = {"equipment": PATH, "order_number": "A1"}
    await mes.add("start", "job_started", "2026-11-02 06:00", **job, material="bracket")
    assert await names_of(mes) == [PRODUCTS_WATERMARK]
    end = {**job, "scrap_quantity": 5, "defect": "burr"}
    await mes.add("end", "job_finished", "2026-11-02 07:00", **end)
    await mes.project()
    runs = "SELECT scrap_quantity, defect FROM job_runs"
    assert await mes.fetch(runs) == [(5, "burr")]
    await mes.revise("end", "2026-11-02 07:00", **job, scrap_quantity=5)
    assert await names_of(mes) == [PRODUCTS_WATERMARK]
    assert await mes.fetch(runs) == [(5, None)]
    await mes.delete("start")
    assert await names_of(mes) == [PRODUCTS_WATERMARK]


async def test_other_events_change_no_product(mes: Business) -> None:
    await mes.add(
        "q", "quality_inspected", "2026-11-02 06:00", equipment=PATH, scrap_quantity=2,
        defect="burr", order_number="A1",
    )  # fmt: skip
    assert await names_of(mes) == []
    assert await mes.current_rows("inspections", "defect") == [("burr",)]


async def test_a_job_may_name_its_material_by_another_of_our_numbers(mes: Business) -> None:
    await mes.fetch(
        "WITH made AS (INSERT INTO materials (number) VALUES ('bracket') RETURNING id)"
        " INSERT INTO material_numbers (material_id, kind, number)"
        " SELECT id, 'own', 'B-7' FROM made"
    )
    job = {"equipment": PATH, "order_number": "A1", "material": "B-7"}
    await mes.add("start", "job_started", "2026-11-02 06:00", **job)
    await mes.project()
    products = "SELECT m.number FROM operations o LEFT JOIN materials m ON m.id = o.material_id"
    assert await mes.fetch(products) == [("bracket",)]
