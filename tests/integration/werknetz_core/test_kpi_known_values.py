"""The worked cases of KPIs over what is known, through the database and the API."""

from urllib.parse import urlencode

import pytest

from plumbing.kpi_cases import BUCKETS, CASES, T0, KpiCase, compute_case
from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.kpi.states import ComputedBuckets
from werknetz.store.tables import ELEMENT_COLUMNS

from .conftest import LINE, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
DAY_US = 86_400_000_000
_SHARES = ("coverage", "state_share", "quantity_share", "plan_share")


async def store(world: World, path: str, start_us: int, computed: ComputedBuckets) -> None:
    names = ", ".join(ELEMENT_COLUMNS)
    places = ", ".join(f"${number}" for number in range(3, 3 + len(ELEMENT_COLUMNS)))
    rows = [
        (
            world.ids[path],
            instant_of(start_us + bucket * BUCKET_US),
            *(float(computed.columns[name][bucket]) for name in ELEMENT_COLUMNS),
        )
        for bucket in range(BUCKETS)
    ]
    await world.database.executemany(
        f"INSERT INTO elements (equipment_id, bucket_at, carry, provisional, {names})"
        f" VALUES ($1, $2, '{{}}', false, {places})",
        rows,
    )


async def test_values_are_over_what_is_known(world: World) -> None:
    for number, case in enumerate(CASES):
        start_us = T0 + number * DAY_US
        for path, computed in zip((PRESS, ROBOT), compute_case(case), strict=False):
            await store(world, path, start_us, computed)
        for equipment in (LINE, "nordwerk"):
            await _check_case(world, case, equipment, start_us)


async def _check_case(world: World, case: KpiCase, equipment: str, start_us: int) -> None:
    query = [
        ("equipment", equipment),
        ("start", instant_of(start_us).isoformat()),
        ("end", instant_of(start_us + BUCKETS * BUCKET_US).isoformat()),
        *(("kpi", name) for name in case.values),
    ]
    answer = await world.get(f"/kpi_values?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    items = {item["kpi"]: item for item in answer.json()["items"]}
    values = {name: items[name]["value"] for name in case.values}
    assert values == pytest.approx(case.values), case.name
    strict = {name: items[name]["strict_value"] for name in case.strict}
    assert strict == pytest.approx(case.strict), case.name
    for name, shares in case.shares.items():
        answered = {share: items[name][share] for share in shares}
        assert answered == pytest.approx(shares), (case.name, name)
        assert set(_SHARES) <= items[name].keys()
    for name, reason in case.reasons.items():
        assert reason in items[name]["reason"], (case.name, name)
    for name, inputs in case.inputs.items():
        shown = items[name]["inputs"]
        expected = {element: value for element, value in inputs.items() if element in shown}
        assert expected
        shown_values = {element: shown[element] for element in expected}
        assert shown_values == pytest.approx(expected), (case.name, name)


async def test_counts_that_nobody_reports_are_null_with_a_reason(world: World) -> None:
    case = next(case for case in CASES if case.name == "a group is over the machines that report")
    for path, computed in zip((PRESS, ROBOT), compute_case(case), strict=True):
        await store(world, path, T0, computed)
    span = urlencode(
        {
            "start": instant_of(T0).isoformat(),
            "end": instant_of(T0 + BUCKETS * BUCKET_US).isoformat(),
            "granularity": "none",
        }
    )
    answer = await world.get(f"/equipment/{LINE}/counts?{span}")
    [item] = answer.json()["items"]
    counted = {name: item[name] for name in ("produced", "good", "scrap", "rework")}
    assert counted == pytest.approx({"produced": 5760, "good": 2160, "scrap": 720, "rework": 288})
    assert item["reported_share"] == {"produced": 1, "good": 0.5, "scrap": 0.5, "rework": 0.5}
    assert item["reasons"] == {}
    answer = await world.get(f"/equipment/{ROBOT}/counts?{span}")
    [item] = answer.json()["items"]
    assert (item["produced"], item["good"], item["scrap"], item["rework"]) == (
        pytest.approx(2880), None, None, None,
    )  # fmt: skip
    assert item["reasons"].keys() == {"good", "scrap", "rework"}
    assert "nobody reports" in item["reasons"]["good"]


async def test_the_divisor_of_a_mean_time_is_shown(world: World) -> None:
    await world.database.execute(
        "INSERT INTO elements (equipment_id, bucket_at, pot_s, pbt_s, apt_s, fe, ttr_s, carry,"
        " provisional) VALUES ($1, '2026-11-20T05:00Z', 900, 900, 600, 2, 300, '{}', false)",
        world.ids[PRESS],
    )
    span = "start=2026-11-20T05:00:00Z&end=2026-11-20T06:00:00Z"
    for query, divisor in (("", 3), ("&divisor=fe", 2)):
        answer = await world.get(
            f"/kpi_values?equipment={PRESS}&kpi=mttr&kpi=availability&{span}{query}"
        )
        mttr, availability = answer.json()["items"]
        assert (mttr["divisor"], mttr["value"]) == (divisor, pytest.approx(300 / divisor))
        assert availability["divisor"] is None
