"""KPI definitions: formula, unit, version and record of each KPI, also as KPI-ML."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from werknetz.domain.bucket import instant_of
from werknetz.kpi.definition import Kpi
from werknetz.kpi.records.record import KpiRecord, record_of
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep
from werknetz_core.kpis.definitions.kpi_ml import MEDIA_TYPE, to_kpi_ml
from werknetz_core.kpis.definitions.schemas import FormulaVersionView, KpiView

router = APIRouter(tags=["kpis"])
_XML: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "KPI-ML V01 of MESA International",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.get("/kpis")
async def list_kpis(context: ContextDep, _: MayRead) -> list[KpiView]:
    """List the definitions, with the numbers of ISO 22400-2, and those of the customer."""
    return [_view(kpi) for kpi in (await context.kpis.current()).all()]


@router.get("/kpis.xml", response_class=Response, responses=_XML)
async def export_kpis(
    context: ContextDep,
    _: MayRead,
    kpi: Annotated[list[str], Query(description="Only these. Repeated: each of them.")] = [],  # noqa: B006 - FastAPI copies
) -> Response:
    """Export the definitions as KPI-ML V01, the XML of MESA for ISO 22400."""
    catalogue = await context.kpis.with_names(kpi)
    kpis = [catalogue.find(name) for name in kpi] or (await context.kpis.current()).all()
    document = to_kpi_ml(kpis, created_at=instant_of(context.now_us()))
    return Response(document, media_type=MEDIA_TYPE)


@router.get("/kpis/{name}")
async def show_kpi(name: str, context: ContextDep, _: MayRead) -> KpiView:
    """Show one definition with its earlier formulas."""
    return _view((await context.kpis.with_names([name])).find(name))


def _view(kpi: Kpi) -> KpiView:
    record = record_of(kpi)
    return KpiView(
        name=kpi.name,
        number=kpi.number,
        description=kpi.description,
        formula=kpi.formula,
        unit=str(kpi.unit),
        lower=kpi.lower,
        upper=kpi.upper,
        trend=kpi.trend.value,
        inputs=list(kpi.inputs),
        timing=[timing.value for timing in kpi.timing],
        audience=list(kpi.audience),
        scope=list(kpi.scope),
        version=kpi.version,
        name_de=record.name_de,
        name_en=record.name_en,
        methodology=list(record.methodology),
        effect_model=record.effect_model,
        notes=record.notes,
        origin=record.origin,
        valid_from=_valid_from(kpi),
        history=_history(kpi, record),
    )


def _history(kpi: Kpi, record: KpiRecord) -> list[FormulaVersionView]:
    own = [
        FormulaVersionView(
            version=version.version, formula=version.formula, valid_from=_valid_from(version),
            last_release=None, why=None,
        )
        for version in kpi.versions
        if version.version != kpi.version
    ]  # fmt: skip
    former = [
        FormulaVersionView(
            version=version.version, formula=version.formula, valid_from=None,
            last_release=version.last_release, why=version.why,
        )
        for version in record.former
    ]  # fmt: skip
    return own + former


def _valid_from(kpi: Kpi) -> datetime | None:
    return None if kpi.own is None else instant_of(kpi.own.valid_from_us)
