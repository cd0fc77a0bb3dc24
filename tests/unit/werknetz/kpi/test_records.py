"""Definition records: every KPI of the catalogue has one, and a history of its formulas."""

from dataclasses import replace

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import OwnRecord
from werknetz.kpi.records.history import HISTORY
from werknetz.kpi.records.record import ALL_METHODOLOGIES, KpiRecord, record_of
from werknetz.kpi.records.texts import TEXTS


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_kpi_has_a_record(name: str) -> None:
    assert name in TEXTS, "add its names, effect model and notes to kpi/records/texts.py"
    kpi = CATALOGUE[name]
    record = record_of(kpi)
    assert record.name_de
    assert record.name_en
    assert "→" in record.effect_model, "causes → element → KPI"
    assert set(record.methodology) <= set(ALL_METHODOLOGIES)
    assert record.origin == ("werknetz" if kpi.number is None else "iso_22400")
    versions = [former.version for former in record.former]
    assert [*versions, kpi.version] == list(range(1, kpi.version + 1)), (
        "a new version needs the former formula in kpi/records/history.py"
    )
    for former in record.former:
        assert former.formula
        assert former.why
        assert former.last_release


def test_an_own_kpi_has_the_record_of_its_document() -> None:
    own = OwnRecord("Rüstanteil", "Set-up share", "e", "n", 0)
    kpi = replace(CATALOGUE["oee"], name="setup_share", own=own)
    assert record_of(kpi) == KpiRecord(
        "Rüstanteil", "Set-up share", "e", "n", ("discrete", "batch"), "own", ()
    )


def test_texts_and_history_are_of_known_kpis() -> None:
    assert set(TEXTS) <= set(CATALOGUE)
    assert set(HISTORY) <= set(CATALOGUE)


def test_names_are_distinct() -> None:
    for number in (0, 1):
        names = [text[number] for text in TEXTS.values()]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "methodology"),
    [
        ("oee", ("discrete", "batch")),
        ("fall_off_ratio", ("discrete", "batch")),
        ("machine_capability", ALL_METHODOLOGIES),
        ("corrective_maintenance_ratio", ALL_METHODOLOGIES),
        ("teep", ("discrete", "batch")),
    ],
)
def test_methodologies(name: str, methodology: tuple[str, ...]) -> None:
    assert tuple(record_of(CATALOGUE[name]).methodology) == methodology
