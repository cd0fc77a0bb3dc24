"""Energy from meters to KPI 23: carriers by REST, several meters, meters of lines and plants."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
DAY = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
SPAN = "start=2026-11-20T07:00:00Z&end=2026-11-20T09:00:00Z"
KPI = "comprehensive_energy_consumption"
COMPRESSOR = f"{PLANT}/utilities/air/compressor-1"


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


async def add_signal(
    world: World, path: str, role: str, samples: Mapping[str, float], *, carrier: str | None = None,
    unit: str | None = None,
) -> int:  # fmt: skip
    """Add a signal with samples, and mark their buckets as the ingest writer does."""
    number: int = await world.database.fetchval(
        "INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source,"
        " mapping, counter_reset, carrier, unit)"
        " VALUES ($1, $2, 'emden-opcua', $3, $4, 'float', 's', 'm@1', 'to_zero', $5, $6)"
        " RETURNING id",
        f"{path}:{role}-{carrier or unit}", world.ids[path], f"{role}-{carrier or unit}", role,
        carrier, unit,
    )  # fmt: skip
    await add_samples(world, path, number, samples)
    return number


async def add_samples(world: World, path: str, number: int, samples: Mapping[str, float]) -> None:
    await world.database.executemany(
        "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, $3, 0)",
        [(number, at(clock), value) for clock, value in samples.items()],
    )
    await world.database.execute(
        "INSERT INTO dirty_buckets AS old (equipment_id, bucket_at) SELECT DISTINCT $1::int,"
        " date_bin('15 minutes', at - interval '1 second', timestamptz 'epoch')"
        " FROM samples WHERE signal_id = $2 ON CONFLICT (equipment_id, bucket_at)"
        " DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()",
        world.ids[path], number,
    )  # fmt: skip


async def add_equipment(world: World, path: str) -> None:
    levels = ("enterprise", "plant", "area", "line", "machine")
    parts = path.split("/")
    for depth, level in enumerate(levels, start=1):
        part = "/".join(parts[:depth])
        if part not in world.ids:
            world.ids[part] = await world.database.fetchval(
                "INSERT INTO equipment (path, level, name, parent_id) VALUES ($1, $2, $3, $4)"
                " RETURNING id",
                part, level, parts[depth - 1], world.ids[part.rpartition("/")[0]],
            )  # fmt: skip


async def add_machine(world: World, path: str, produced: Mapping[str, float]) -> None:
    await add_signal(world, path, "state", {"07:00": 1.0})
    await add_signal(world, path, "total_count", produced)


async def work(world: World) -> None:
    """Compute as workers do, until nothing is left."""
    url = world.url
    async with asyncpg.create_pool(url, min_size=1, max_size=2, timeout=60) as pool:
        now_us = microseconds_of(world.now[0])
        while await compute_dirty_buckets(
            pool, WatermarkPublisher(None), now_us=now_us, quiet_s=0.0
        ):
            pass
        await roll_up(pool)


async def put_carrier(
    world: World, carrier: str, *, key: str = "engineer", **body: object
) -> httpx2.Response:
    document = {
        "equipment": PLANT, "valid_from": "2026-01-01T00:00:00Z", "unit": "kWh",
        "energy_per_unit": 1.0, **body,
    }  # fmt: skip
    return await world.client.put(
        f"/api/v1/energy_carriers/{carrier}", json=document,
        headers={"X-API-Key": world.keys[key]},
    )  # fmt: skip


async def value(world: World, path: str, kpi: str = KPI, span: str = SPAN) -> dict[str, Any]:
    answer = await world.get(f"/kpi_values?equipment={path}&kpi={kpi}&{span}")
    assert answer.status_code == 200, answer.text
    item: dict[str, Any] = answer.json()["items"][0]
    return item


async def test_carriers_of_a_machine_add_up_by_their_factors(world: World) -> None:
    await add_machine(world, PRESS, {"07:00": 0, "08:00": 40, "09:00": 90})
    await add_signal(
        world, PRESS, "energy", {"07:00": 1000, "08:00": 1050, "09:00": 1120}, unit="kWh"
    )
    # The meter counts litres, the factor is for a cubic metre, and states megajoules.
    gas = {"07:00": 50_000.0, "09:00": 58_000.0}
    await add_signal(world, PRESS, "energy", gas, carrier="natural-gas", unit="l")
    await work(world)
    item = await value(world, PRESS)
    assert (item["value"], item["reason"]) == (
        None, "nobody measures energy, or a carrier has no factor",
    )  # fmt: skip
    assert item["inputs"]["energy_kwh"] is None
    findings = (await world.get("/findings?kind=energy_factor_missing")).json()["items"]
    assert ["natural-gas" in finding["detail"] for finding in findings] == [True]

    set_gas = await put_carrier(
        world, "natural-gas", unit="m^3", energy_per_unit=37.08, energy_unit="MJ",
        co2_kg_per_unit=2.0, name="Natural gas H",
    )  # fmt: skip
    assert set_gas.status_code == 200, set_gas.text
    assert set_gas.json()["kwh_per_unit"] == pytest.approx(10.3)
    heat = {"07:00": 3.0, "08:30": 25.0}
    await add_signal(world, PRESS, "energy", heat, carrier="heat", unit="kWh")
    assert (await put_carrier(world, "heat", delivered=True, co2_kg_per_unit=0)).status_code == 200
    assert (await put_carrier(world, "electricity", co2_kg_per_unit=0.38)).status_code == 200
    await work(world)
    item = await value(world, PRESS)
    energy_kwh = 120 + 8 * 10.3 - 22
    assert item["value"] == pytest.approx(energy_kwh / 90)
    assert (item["unit"], item["quantity_share"]) == ("kWh/item", 1)
    assert item["inputs"]["energy_kwh"] == pytest.approx(energy_kwh)
    assert item["inputs"]["energy_exchange_kwh"] == -22
    co2 = await value(world, PRESS, "co2_per_item")
    assert co2["value"] == pytest.approx((120 * 0.38 + 8 * 2) / 90)
    for path in (LINE, PLANT, "nordwerk"):
        assert (await value(world, path))["value"] == pytest.approx(energy_kwh / 90)
    cleared = (await world.get("/findings?kind=energy_factor_missing")).json()["items"]
    assert [row for row in cleared if row["cleared_at"] is None] == []

    explained = (await world.get(f"/kpi_values/explain?equipment={LINE}&kpi={KPI}&{SPAN}")).json()
    assert [
        (row["carrier"], row["unit"], row["delivered"]) for row in explained["energy_carriers"]
    ] == [("electricity", "kWh", False), ("heat", "kWh", True), ("natural-gas", "m^3", False)]
    text = " ".join(explained["text"])
    assert "a m^3 of natural-gas counts 10.3 kWh and 2 kg of CO2 at nordwerk/emden-1" in text
    signals = [s for m in explained["machines"] for s in m["signals"] if s["role"] == "energy"]
    assert {(signal["carrier"], signal["unit"]) for signal in signals} == {
        (None, "kWh"), ("natural-gas", "l"), ("heat", "kWh"),
    }  # fmt: skip


async def test_a_factor_of_another_time_changes_only_its_time_and_the_audit_log_has_it(
    world: World,
) -> None:
    await add_machine(world, PRESS, {"07:00": 0, "09:00": 10})
    await add_signal(
        world, PRESS, "energy", {"07:00": 0, "07:45": 1, "08:15": 2, "09:00": 3},
        carrier="gas", unit="m^3",
    )  # fmt: skip
    await put_carrier(world, "gas", unit="m^3", energy_per_unit=10)
    await work(world)
    assert (await value(world, PRESS))["value"] == pytest.approx(30 / 10)
    before = await world.database.fetchval("SELECT max(computed_at) FROM elements")
    changed = await put_carrier(
        world, "gas", unit="m^3", energy_per_unit=12, valid_from="2026-11-20T08:00:00Z",
        reason="new supplier",
    )  # fmt: skip
    assert changed.status_code == 200
    await work(world)
    assert (await value(world, PRESS))["value"] == pytest.approx((10 + 12 + 12) / 10)
    known_then = f"{SPAN}&as_of={before.isoformat().replace('+', '%2B')}"
    assert (await value(world, PRESS, span=known_then))["value"] == pytest.approx(3)
    revised = await world.database.fetch("SELECT bucket_at FROM element_revisions ORDER BY 1")
    assert [row["bucket_at"] for row in revised] == [at("08:00"), at("08:45")]
    listed = (await world.get(f"/energy_carriers?under={PLANT}&carrier=gas")).json()["items"]
    assert [(row["kwh_per_unit"], row["entered_by"]) for row in listed] == [
        (10, "engineer"), (12, "engineer"),
    ]  # fmt: skip
    assert (await world.get(f"/energy_carriers?under={PLANT}&carrier=oil")).json()["items"] == []

    gone = await world.client.delete(
        "/api/v1/energy_carriers/gas",
        params={"equipment": PLANT, "valid_from": "2026-11-20T08:00:00Z"},
        headers={"X-API-Key": world.keys["engineer"]},
    )
    assert gone.status_code == 204
    await work(world)
    assert (await value(world, PRESS))["value"] == pytest.approx(3)
    log = (await world.get("/audit?subject=energy_carrier&sort=at", key="engineer")).json()["items"]
    assert [(row["action"], row["reason"]) for row in log] == [
        ("created", None), ("created", "new supplier"), ("deleted", None),
    ]  # fmt: skip
    assert log[1]["after"]["kwh_per_unit"] == 12
    assert log[2]["before"]["kwh_per_unit"] == 12


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"unit": "furlongs per"}, 422, "furlongs"),
        ({"unit": "qubit3"}, 422, "not known"),
        ({"energy_unit": "m^3"}, 422, "use two units of one kind"),
        ({"energy_per_unit": -1}, 422, "greater than or equal to 0"),
        ({"energy_per_unit": "NaN"}, 422, "valid number"),
        ({"co2_kg_per_unit": -0.1}, 422, "greater than or equal to 0"),
        ({"valid_from": "2026-11-20T08:00:00"}, 422, "timezone"),
        ({"equipment": "nordwerk/emden-9"}, 404, "emden-9"),
        ({"factor": 3}, 422, "factor"),
    ],
)
async def test_a_carrier_that_cannot_be_used_is_refused(
    world: World, body: dict[str, object], status: int, words: str
) -> None:
    answer = await put_carrier(world, "gas", **body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert (await world.get("/energy_carriers")).json()["items"] == []


async def test_a_word_that_is_no_carrier_and_an_entry_that_is_not_there(world: World) -> None:
    assert (await put_carrier(world, "Natural Gas")).status_code == 422
    missing = await world.client.delete(
        "/api/v1/energy_carriers/gas",
        params={"equipment": PLANT, "valid_from": "2026-11-20T08:00:00Z"},
        headers={"X-API-Key": world.keys["engineer"]},
    )
    assert (missing.status_code, "unknown_energy_carrier" in missing.text) == (404, True)


async def test_kilograms_of_coal_equivalent_are_an_energy(world: World) -> None:
    answer = await put_carrier(world, "coal", unit="t", energy_per_unit=714.3, energy_unit="kgce")
    assert answer.json()["kwh_per_unit"] == pytest.approx(714.3 * 29.3076 / 3.6)


async def test_a_meter_of_a_line_counts_nothing_twice(world: World) -> None:
    """The line's meter measures 30 kWh; the press 12 of them, the robot has no meter."""
    await add_machine(world, PRESS, {"07:00": 0, "08:00": 4, "09:00": 10})
    await add_machine(world, ROBOT, {"07:00": 0, "09:00": 20})
    press = await add_signal(
        world, PRESS, "energy", {"07:00": 0, "08:00": 5, "09:00": 12}, unit="kWh"
    )
    await add_signal(world, LINE, "energy", {"07:00": 100, "08:00": 112, "09:00": 130}, unit="kWh")
    await work(world)
    line = await value(world, LINE)
    assert line["value"] == pytest.approx(30 / 30)
    assert line["inputs"]["energy_kwh"] == pytest.approx(30)
    assert line["inputs"]["energy_unallocated_kwh"] == pytest.approx(18)
    assert line["quantity_share"] == pytest.approx(1)
    assert (await value(world, PRESS))["value"] == pytest.approx(12 / 10)
    assert (await value(world, ROBOT))["value"] is None
    assert (await value(world, PLANT))["value"] == pytest.approx(1)
    by_hour = await world.get(f"/kpi_values?equipment={LINE}&kpi={KPI}&{SPAN}&granularity=hour")
    assert [row["inputs"]["energy_kwh"] for row in by_hour.json()["items"]] == [12, 18]
    # Its times are those of its machines: the meter is no third machine.
    oee = await value(world, LINE, "availability")
    assert oee["inputs"]["pbt_s"] == 2 * 2 * 3600
    # What changes at the press later changes what the line's meter has to explain.
    await add_samples(world, PRESS, press, {"07:30": 3, "08:30": 10})
    await work(world)
    again = await value(world, LINE)
    assert again["inputs"]["energy_kwh"] == pytest.approx(30)
    assert again["inputs"]["energy_unallocated_kwh"] == pytest.approx(18)
    first = "start=2026-11-20T08:00:00Z&end=2026-11-20T08:45:00Z"
    part = await value(world, LINE, span=first)
    assert part["inputs"]["energy_unallocated_kwh"] == pytest.approx(-5)
    explained = (await world.get(f"/kpi_values/explain?equipment={LINE}&kpi={KPI}&{SPAN}")).json()
    assert "18 kWh were measured by meters above machines only." in explained["text"]


async def test_a_meter_of_a_line_replaces_only_meters_of_its_carrier(world: World) -> None:
    """Gas is measured at the press alone: it comes on top of the electricity of the line."""
    await add_machine(world, PRESS, {"07:00": 0, "09:00": 10})
    await add_signal(world, PRESS, "energy", {"07:00": 0, "09:00": 12}, unit="kWh")
    await add_signal(world, PRESS, "energy", {"07:00": 0, "09:00": 3}, carrier="gas", unit="m^3")
    await add_signal(world, LINE, "energy", {"07:00": 0, "09:00": 20}, unit="kWh")
    await put_carrier(world, "gas", unit="m^3", energy_per_unit=10)
    await work(world)
    line = await value(world, LINE)
    assert line["inputs"]["energy_kwh"] == pytest.approx(20 + 30)
    assert line["inputs"]["energy_unallocated_kwh"] == pytest.approx(8)
    assert line["value"] == pytest.approx(50 / 10)
    assert (await value(world, PRESS))["value"] == pytest.approx(42 / 10)


async def test_a_plant_meter_contains_its_lines_and_what_makes_nothing(world: World) -> None:
    await add_equipment(world, COMPRESSOR)
    await add_machine(world, PRESS, {"07:00": 0, "09:00": 10})
    await add_signal(world, PRESS, "energy", {"07:00": 0, "09:00": 12}, unit="kWh")
    await add_signal(world, COMPRESSOR, "energy", {"07:00": 0, "09:00": 8}, unit="kWh")
    await work(world)
    plant = await value(world, PLANT)
    # Without a meter of its own, the plant has what its meters measure, with the compressor.
    assert plant["value"] == pytest.approx(20 / 10)
    assert plant["inputs"]["energy_unallocated_kwh"] == 0
    compressor = await value(world, COMPRESSOR)
    assert (compressor["value"], compressor["reason"]) == (
        None, "nobody reports the produced quantity",
    )  # fmt: skip
    assert compressor["inputs"]["energy_kwh"] == 8
    availability = await value(world, PLANT, "availability")
    assert availability["inputs"]["pbt_s"] == 2 * 3600
    await add_signal(world, LINE, "energy", {"07:00": 0, "09:00": 15}, unit="kWh")
    await add_signal(world, PLANT, "energy", {"07:00": 0, "09:00": 26}, unit="MWh")
    await work(world)
    plant = await value(world, PLANT)
    assert plant["inputs"]["energy_kwh"] == pytest.approx(26_000)
    assert plant["inputs"]["energy_unallocated_kwh"] == pytest.approx(26_000 - 12 - 8)
    assert (await value(world, LINE))["inputs"]["energy_unallocated_kwh"] == pytest.approx(3)
    assert (await value(world, OTHER))["value"] is None


async def test_one_meter_of_a_carrier_counts_at_a_time(world: World) -> None:
    """The second one is a finding, unless its carrier is another one."""
    await add_machine(world, PRESS, {"07:00": 0, "09:00": 10})
    await add_signal(world, PRESS, "energy", {"07:00": 0, "09:00": 12}, unit="kWh")
    await add_signal(
        world, PRESS, "energy", {"08:00": 0, "09:00": 5}, carrier="electricity", unit="kWh"
    )
    await work(world)
    # The one that became valid last counts from then on.
    assert (await value(world, PRESS))["inputs"]["energy_kwh"] == pytest.approx(5)
    findings = (await world.get("/findings?kind=signal_conflict")).json()["items"]
    assert ["carrier 'electricity'" in finding["detail"] for finding in findings] == [True]
