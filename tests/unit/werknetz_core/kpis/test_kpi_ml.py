"""KPI-ML: elements, their order and their words are those of the schema KPI-ML-V01.xsd."""

from datetime import UTC, datetime

import pytest
from defusedxml import ElementTree

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.own_kpis.definition import load_definition
from werknetz_core.kpis.definitions.kpi_ml import NAMESPACE, to_kpi_ml

AT = datetime(2026, 11, 20, tzinfo=UTC)
# The sequence of KPIDefinitionType in the schema of MESA.
SEQUENCE = [
    "ID", "Description", "Name", "Scope", "Formula", "UnitOfMeasure", "Range", "Trend", "Timing",
    "TimeRange", "Audience", "ProductionMethodology", "EffectModel", "Notes",
    "UsesKPIDefinitionID", "KPIInstanceID", "Property",
]  # fmt: skip
ONCE = ("ID", "Formula", "UnitOfMeasure", "Trend")
WORDS = {
    "Trend": {"Higher-is-better", "Lower-is-better"},
    "Timing": {"Real-time", "Periodically", "On-demand"},
    "ProductionMethodology": {"Batch", "Continuous", "Discrete"},
}
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
OWN = {
    "id": "own", "names": {"de": "Größe <&>", "en": "Size"}, "description": 'a "b" \x0b c',
    "unit": "x", "formula": "pbt_s > 1.0 && pbt_s < 2.0 ? 1.0 : 0.0", "better": "lower",
    "range": {"upper": 1e-7}, "tests": [{"elements": {"pbt_s": 1.5}, "expected": 1}],
}  # fmt: skip


def _name(tag: str) -> str:
    assert tag.startswith(f"{{{NAMESPACE}}}")
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def test_a_document_follows_the_schema() -> None:
    kpis = [*CATALOGUE.values(), load_definition(OWN, file="own").kpi]
    root = ElementTree.fromstring(to_kpi_ml(kpis, created_at=AT))
    assert _name(root.tag) == "ShowKPIDefinition"
    assert root.attrib == {"releaseID": "V01"}
    area, data = root
    assert [_name(child.tag) for child in area] == ["Sender", "CreationDateTime"]
    assert area[1].text == "2026-11-20T00:00:00+00:00"
    show, *definitions = data
    assert (_name(show.tag), len(show)) == ("Show", 0)
    assert [d[0].text for d in definitions] == [kpi.name for kpi in kpis]
    for definition in definitions:
        assert _name(definition.tag) == "KPIDefinition"
        names = [_name(child.tag) for child in definition]
        assert names == sorted(names, key=SEQUENCE.index)
        assert all(names.count(name) == 1 for name in ONCE)
        for child in definition:
            words = WORDS.get(_name(child.tag))
            assert words is None or child.text in words
        [limits] = [child for child in definition if _name(child.tag) == "Range"]
        assert [_name(child.tag) for child in limits] == ["ID", "LowerLimit", "UpperLimit"]
        for limit in limits[1:]:
            assert limit.get(NIL) == "true" or "e" not in (limit.text or "e")  # an xsd:decimal


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("Name", ["Size", "Größe <&>"]),
        ("Description", ['a "b"  c']),  # a vertical tab is no character of XML
        ("Trend", ["Lower-is-better"]),
        ("Formula", ["pbt_s > 1.0 && pbt_s < 2.0 ? 1.0 : 0.0"]),
        ("UpperLimit", ["0.0000001"]),
        ("LowerLimit", [None]),
        ("UsesKPIDefinitionID", []),
    ],
)
def test_an_own_kpi(name: str, texts: list[str]) -> None:
    content = to_kpi_ml([load_definition(OWN, file="own").kpi], created_at=AT)
    nodes = ElementTree.fromstring(content).iter(f"{{{NAMESPACE}}}{name}")
    assert [node.text for node in nodes] == texts


def test_what_a_kpi_is_built_from() -> None:
    content = to_kpi_ml([CATALOGUE["oee"]], created_at=AT)
    nodes = ElementTree.fromstring(content).iter(f"{{{NAMESPACE}}}UsesKPIDefinitionID")
    assert [(node.text, node.get("schemeVersionID")) for node in nodes] == [
        (name, str(CATALOGUE[name].version))
        for name in ("availability", "effectiveness", "quality_ratio")
    ]
