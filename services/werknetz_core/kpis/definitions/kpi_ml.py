"""KPI definitions as KPI-ML V01, the XML of MESA International for ISO 22400.

Names and order of the elements are those of its schema, KPI-ML-V01.xsd: a document of type
ShowKPIDefinition. Its `EffectModel` is a picture in base64, which we have not: ours is a note.
"The KPI Markup Language (KPI-ML) is used courtesy of MESA International."
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final
from xml.etree import ElementTree as ET

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Kpi, Timing, Trend
from werknetz.kpi.records.record import record_of

MEDIA_TYPE: Final = "application/xml"
NAMESPACE: Final = "http://www.mesa.org/xml/KPI-ML-V01"
RELEASE: Final = "V01"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TIMINGS: Final = {
    Timing.REAL_TIME: "Real-time", Timing.PERIODIC: "Periodically", Timing.ON_DEMAND: "On-demand",
}  # fmt: skip
_TRENDS: Final = {Trend.UP: "Higher-is-better", Trend.DOWN: "Lower-is-better"}
_BUILT_FROM: Final = {
    "oee": ("availability", "effectiveness", "quality_ratio"),
    "nee": ("effectiveness", "quality_ratio"),
    "ooe": ("oee",),
    "teep": ("oee",),
    "otif": ("on_time_delivery", "in_full"),
}
"""KPIs that a KPI is built from: UsesKPIDefinitionID."""


def to_kpi_ml(kpis: Iterable[Kpi], *, created_at: datetime) -> bytes:
    """Return a KPI-ML document of the definitions, in UTF-8."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("ShowKPIDefinition"), {"releaseID": RELEASE})
    area = ET.SubElement(root, _tag("ApplicationArea"))
    _add(_child(area, "Sender"), "LogicalID", "Werknetz")
    _add(area, "CreationDateTime", created_at.isoformat())
    data = ET.SubElement(root, _tag("DataArea"))
    ET.SubElement(data, _tag("Show"))
    for kpi in kpis:
        _add_definition(data, kpi)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _add_definition(data: ET.Element, kpi: Kpi) -> None:
    record = record_of(kpi)
    node = _child(data, "KPIDefinition")
    _add(node, "ID", kpi.name, schemeVersionID=str(kpi.version))
    _add(node, "Description", kpi.description, languageID="en")
    for name in dict.fromkeys((record.name_en, record.name_de)):
        _add(node, "Name", name)
    for scope in kpi.scope:
        _add(node, "Scope", scope)
    _add(node, "Formula", kpi.formula)
    _add(node, "UnitOfMeasure", kpi.unit)
    limits = _child(node, "Range")
    _add(limits, "ID", "usual")
    _add_limit(limits, "LowerLimit", kpi.lower)
    _add_limit(limits, "UpperLimit", kpi.upper)
    _add(node, "Trend", _TRENDS[kpi.trend])
    for timing in kpi.timing:
        _add(node, "Timing", _TIMINGS[timing])
    for audience in kpi.audience:
        _add(node, "Audience", audience.capitalize())
    for methodology in record.methodology:
        _add(node, "ProductionMethodology", methodology.capitalize())
    if record.effect_model:
        _add(node, "Notes", f"Effect model: {record.effect_model}")
    if record.notes:
        _add(node, "Notes", record.notes)
    if kpi.number is not None:
        _add(node, "Notes", f"KPI {kpi.number} after ISO 22400-2")
    for name in _BUILT_FROM.get(kpi.name, ()):
        _add(node, "UsesKPIDefinitionID", name, schemeVersionID=str(CATALOGUE[name].version))


def _add_limit(limits: ET.Element, name: str, limit: float | None) -> None:
    if limit is None:
        _add(limits, name, "", **{_NIL: "true"})
    else:
        _add(limits, name, f"{Decimal(str(limit)):f}")


def _child(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, _tag(name))


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    element = ET.SubElement(parent, _tag(name), attributes)
    element.text = "".join(c for c in text if c.isprintable() or c in "\n\t") or None


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
