"""A KPI value explained: each level agrees with the one above, and every link answers."""

from datetime import datetime

import pytest

from werknetz.texts.sentence import Sentence
from werknetz.texts.stored import stored_sentence
from werknetz_core.kpis.explanation import trace

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
SPAN = "start=2026-11-20T05:00:00Z&end=2026-11-20T06:00:00Z"
FIVE = datetime.fromisoformat("2026-11-20T05:00:00+00:00")


async def some_history(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    await add_bucket(world, ROBOT, "2026-11-20T05:15Z", pq=36)
    await world.database.execute("UPDATE elements SET unknown_s = 90 WHERE pq = 72")
    for state, category, start, end in (
        (1, "apt", "05:00", "05:10"),
        (4, "adet", "05:10", "05:13"),
        (0, "unknown", "05:13", "05:15"),
        (1, "apt", "04:00", "05:00"),
    ):
        await world.database.execute(
            "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)"
            " VALUES ($1, $2, $3, $4, $5)",
            world.ids[PRESS],
            datetime.fromisoformat(f"2026-11-20T{start}+00:00"),
            datetime.fromisoformat(f"2026-11-20T{end}+00:00"),
            state,
            category,
        )
    signal = await world.database.fetchval(
        "INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source,"
        " mapping) VALUES ('p:state', $1, 'emden-opcua', 'state', 'state', 'integer', 'ns=2;s=S',"
        " 'emden@3') RETURNING id",
        world.ids[PRESS],
    )
    await world.database.execute(
        "INSERT INTO samples (signal_id, at, value, status)"
        " SELECT $1, $2::timestamptz + n * interval '1 minute', 1, 0"
        " FROM generate_series(-5, 14) n",
        signal,
        FIVE,
    )
    await world.database.execute(
        "INSERT INTO outages (connector_id, start_at, end_at) VALUES ('emden-opcua', $1, $2)",
        FIVE,
        datetime.fromisoformat("2026-11-20T05:01:30+00:00"),
    )
    await world.database.execute(
        "UPDATE gaps SET start_at = $1, end_at = $1::timestamptz + interval '1 minute'"
        " WHERE connector_id = 'emden-opcua'",
        FIVE,
    )
    await world.database.execute("UPDATE quarantine SET at = $1", FIVE)


async def test_a_value_is_followed_down_to_its_samples(world: World) -> None:
    await some_history(world)
    answer = await world.get(f"/kpi_values/explain?equipment={LINE}&kpi=oee&{SPAN}")
    assert answer.status_code == 200, answer.text
    explanation = answer.json()
    [same] = (await world.get(f"/kpi_values?equipment={LINE}&kpi=oee&{SPAN}")).json()["items"]
    for name in ("value", "unit", "coverage", "late_share", "provisional", "start", "end"):
        assert explanation[name] == same[name], name
    assert explanation["value"] == pytest.approx(1080 / 1800)
    assert explanation["definition"]["version"] == same["definition_version"]
    assert explanation["elements"]["pbt_s"] == 1800
    press, robot = explanation["machines"]
    assert (press["equipment"], robot["equipment"]) == (PRESS, ROBOT)
    for name, value in explanation["elements"].items():
        assert press["elements"][name] + robot["elements"][name] == pytest.approx(value), name
    assert (press["value"], press["coverage"]) == (pytest.approx(0.8), 0.9)
    assert {(s["category"], s["minutes"]) for s in press["states"]} == {
        ("apt", 10), ("adet", 3), ("unknown", 2),
    }  # fmt: skip
    assert press["counts"] == {"produced": 72, "good": 72, "scrap": 0, "rework": None}
    [signal] = press["signals"]
    assert (signal["sample_count"], signal["mapping"]) == (15, "emden@3")
    assert signal["first_at"] == "2026-11-20T05:00:00Z"
    assert explanation["mappings"] == ["emden@3"]
    assert [gap["cause"] for gap in explanation["gaps"]] == ["spool full"]
    assert [outage["backfilled"] for outage in explanation["outages"]] == [False]
    assert [entry["reason"] for entry in explanation["quarantine"]] == ["not a number"]
    text = " ".join(explanation["text"])
    assert "number 6 of ISO 22400-2" in text
    assert "95.0% are known; 1.5 minutes are not" in text
    for href in (
        press["states_href"], press["counts_href"], signal["href"], explanation["gaps_href"],
        explanation["values_href"], explanation["definition"]["href"],
    ):  # fmt: skip
        linked = await world.get(href.removeprefix("/api/v1"))
        assert linked.status_code == 200, href


async def test_it_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await some_history(world)
    monkeypatch.setattr("werknetz_core.kpis.explanation.parts.MACHINES_MAX", 1)
    monkeypatch.setattr(trace, "SAMPLES_MAX", 10)
    explanation = (await world.get(f"/kpi_values/explain?equipment={PLANT}&kpi=oee&{SPAN}")).json()
    assert (explanation["machine_count"], len(explanation["machines"])) == (2, 1)
    [signal] = explanation["machines"][0]["signals"]
    assert (signal["sample_count"], signal["sample_count_is_complete"]) == (10, False)


async def test_nothing_there_is_explained_too(world: World) -> None:
    explanation = (
        await world.get(f"/kpi_values/explain?equipment={PLANT}&kpi=mttr&start=-8h")
    ).json()
    assert (explanation["value"], explanation["reason"], explanation["machines"]) == (
        None,
        "no data",
        [],
    )
    assert "has no value: no data" in explanation["text"][0]


async def test_a_key_for_one_plant_sees_no_foreign_losses(world: World) -> None:
    await some_history(world)
    address = f"/kpi_values/explain?equipment={PLANT}&kpi=oee&{SPAN}"
    assert len((await world.get(address, key="emden")).json()["gaps"]) == 1
    # The connector serves another plant as well: its gaps name foreign signals.
    await world.database.execute(
        "UPDATE signals SET connector_id = 'emden-opcua' WHERE equipment_id = $1", world.ids[OTHER]
    )
    explanation = (await world.get(address, key="emden")).json()
    assert (explanation["gaps"], explanation["quarantine"], explanation["outages"]) == ([], [], [])
    assert (await world.get(address, key="zwick")).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"equipment={PLANT}&kpi=oe", 422),
        (f"equipment={PLANT}&kpi=oee&start=rubbish", 422),
        ("equipment=nordwerk/nowhere&kpi=oee", 404),
        (f"equipment={PLANT}", 422),
    ],
)
async def test_wrong_questions(world: World, query: str, status: int) -> None:
    answer = await world.get(f"/kpi_values/explain?{query}")
    assert (answer.status_code, bool(answer.json()["hint"])) == (status, True)


async def test_doubts_are_named(world: World) -> None:
    await some_history(world)
    await world.database.execute(
        "UPDATE elements SET plan_known_s = 450, quantity_known_s = 300, judged_s = 300,"
        " good_samples = 8, late_samples = 0 WHERE pq = 72"
    )
    await world.database.execute("UPDATE samples SET status = $1 WHERE at = $2", 0x40BC_0000, FIVE)
    await world.database.execute(
        "INSERT INTO quantity_entries (equipment_id, at, role, quantity, entered_by)"
        " VALUES ($1, $2, 'scrap_count', 3, 'ada')",
        world.ids[PRESS], FIVE,
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO element_revisions (equipment_id, bucket_at, revision, elements, known_from,"
        " known_to) VALUES ($1, $2, 1, '{}', $2, $2)",
        world.ids[PRESS], FIVE,
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO findings (key, kind, subject, equipment_id, at, detail) VALUES"
        " ('k', 'cycle_too_easy', 'machine', $1, $2::timestamptz + interval '15 minutes', 'fast')",
        world.ids[PRESS], FIVE,
    )  # fmt: skip
    conflict = Sentence("finding_detail.slot_of_role", role="good_count")
    await world.database.execute(
        "INSERT INTO findings (key, kind, subject, equipment_id, at, detail, sentence) VALUES"
        " ('c', 'signal_conflict', 'machine', $1, $2::timestamptz + interval '1 minute', $3, $4)",
        world.ids[PRESS], FIVE, str(conflict), stored_sentence(conflict),
    )  # fmt: skip
    answer = await world.get(f"/kpi_values/explain?equipment={LINE}&kpi=oee&{SPAN}")
    assert answer.status_code == 200, answer.text
    doubts = {doubt["kind"]: doubt for doubt in answer.json()["doubts"]
              if doubt["equipment"] == PRESS}  # fmt: skip
    assert {kind: doubt["share"] or doubt["count"] for kind, doubt in doubts.items()} == {
        "unknown_state": pytest.approx(0.1), "run_time_not_known": pytest.approx(2 / 3),
        "no_shift_calendar": 0.5, "bad_samples": pytest.approx(0.2), "uncertain_clock": 1,
        "corrected_counts": 1, "computed_again": 1, "cycle_too_easy": 1,
        "signal_conflict": 1,
    }  # fmt: skip
    text = answer.json()["text"]
    assert f"Doubt: {PRESS}: the state is unknown in 10.0% of the planned busy time." in text
    assert f"Doubt: {PRESS}: people entered 1 quantities." in text
    url = f"/kpi_values/explain?equipment={LINE}&kpi=oee&{SPAN}"
    german = (await world.get(url, headers={"Accept-Language": "de"})).json()
    texts = {doubt["kind"]: doubt["text"] for doubt in german["doubts"]
             if doubt["equipment"] == PRESS}  # fmt: skip
    assert texts["unknown_state"] == (
        "der Zustand ist in 10,0 % der geplanten Belegungszeit unbekannt"
    )
    assert texts["cycle_too_easy"] == "Geplante Stückzeit ist länger als die tatsächliche"
    assert doubts["signal_conflict"]["text"] == "the role 'good_count'"
    assert texts["signal_conflict"] == "die Rolle 'good_count'"
    assert f"Zweifel: {PRESS}: von Hand eingetragene Mengen: 1." in german["text"]
    assert german["text"][1].startswith("Formel, Version ")
