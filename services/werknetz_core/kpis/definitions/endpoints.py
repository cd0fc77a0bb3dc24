"""KPI definitions: formula, unit and version of each KPI."""

from fastapi import APIRouter

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Kpi
from werknetz_core.context.app_context import Viewer
from werknetz_core.kpis.definitions.schemas import KpiView
from werknetz_core.kpis.query import find_kpi

router = APIRouter(tags=["kpis"])


@router.get("/kpis")
async def list_kpis(_: Viewer) -> list[KpiView]:
    """List the definitions, with the numbers of ISO 22400-2."""
    return [_view(kpi) for kpi in CATALOGUE.values()]


@router.get("/kpis/{name}")
async def show_kpi(name: str, _: Viewer) -> KpiView:
    """Show one definition."""
    return _view(find_kpi(name))


def _view(kpi: Kpi) -> KpiView:
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
    )
