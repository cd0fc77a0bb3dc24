"""Installations from before product families: materials, codes and jobs stay as they are."""

import asyncpg
import pytest

from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
ROWS_AT_0018 = """
INSERT INTO equipment (id, path, level, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'n/a', 'machine', 'a');
INSERT INTO materials (number, unit) VALUES ('4711', 'PCE');
INSERT INTO reason_codes (equipment_id, state_code, reason) VALUES (1, 'E17', 'jam');
INSERT INTO job_runs (equipment_id, order_number, scrap_quantity) VALUES (1, 'A1', 3);
"""
SCRAP_CODE = """
INSERT INTO reason_codes (equipment_id, kind, state_code, reason)
VALUES (1, 'scrap', 'E17', 'crack')"""


async def test_rows_of_0018_have_no_family_and_codes_of_stops(
    database: asyncpg.Connection,  # noqa: F811 - the fixture
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="0018")
    await database.execute(ROWS_AT_0018)
    await migrate(database_url, upgrade_to="head")
    material = await database.fetchrow("SELECT number, unit, product_family FROM materials")
    assert tuple(material or ()) == ("4711", "PCE", None)
    assert await database.fetchval("SELECT defect FROM job_runs WHERE scrap_quantity = 3") is None
    await database.execute(SCRAP_CODE)  # the same code may stand for a stop and for scrap
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.execute(SCRAP_CODE)
    codes = await database.fetch("SELECT kind, state_code, reason FROM reason_codes ORDER BY 1")
    assert [tuple(row) for row in codes] == [("scrap", "E17", "crack"), ("stop", "E17", "jam")]
    await migrate(database_url, downgrade_to="0018")
    codes = await database.fetch("SELECT state_code, reason FROM reason_codes")
    assert [tuple(row) for row in codes] == [("E17", "jam")]
    assert await database.fetchval("SELECT number FROM materials") == "4711"
