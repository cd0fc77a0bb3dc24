"""Energy carriers with their factors: what KPI 23 adds up by, as data with valid-from."""

from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime

from werknetz.connector.mapping.units import UnitRejected, conversion_factors
from werknetz.store.elements.energy import MARK_METERS_OF_CARRIER
from werknetz.store.session import WriteSession
from werknetz.store.tables import energy_carriers, equipment
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeEquipment, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.energy_carriers.schemas import EnergyCarrierView, NewEnergyCarrier
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["equipment"])
CarrierPath = Annotated[
    str,
    Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$", description="As `carrier` of the meter's rule."),
]
_C: Final = energy_carriers.c
_FACTORS: Final = ("name", "unit", "kwh_per_unit", "co2_kg_per_unit", "delivered")
_SORTING: Final = Sorting(
    "equipment",
    tie=SortKey(equipment.c.path + " " + _C.carrier + " " + sa.cast(_C.valid_from, sa.Text)),
    keys={
        "equipment": SortKey(equipment.c.path),
        "carrier": SortKey(_C.carrier),
        "valid_from": SortKey(_C.valid_from, SortType.TIME),
    },
)


@router.get("/energy_carriers", dependencies=[Depends(refuse_unknown_parameters)])
async def list_energy_carriers(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    carrier: Annotated[list[str], Query(description="Only these.")] = [],  # noqa: B006 - as above
) -> pagination.Page[EnergyCarrierView]:
    """List what a unit of each carrier counts. Sort: equipment, carrier, valid_from.

    An entry holds for its equipment and all below it; the nearest one counts, and of it the newest.
    """
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = _query().where(condition)
    if carrier:
        query = query.where(_C.carrier.in_(carrier))
    return await query_page(request, session, params, query, _SORTING, EnergyCarrierView)


@router.put("/energy_carriers/{carrier}")
async def set_energy_carrier(
    carrier: CarrierPath,
    new: NewEnergyCarrier,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
) -> EnergyCarrierView:
    """Set what a unit of a carrier counts from `valid_from` on; what it changes is computed again.

    Time whose samples were dropped keeps what was computed for it.
    """
    node = await context.tree.find_node(new.equipment, principal)
    selected = (
        _C.equipment_id == node.id, _C.carrier == carrier, _C.valid_from == new.valid_from,
    )  # fmt: skip
    before = await _find_factors(session, selected)
    after = {
        "name": new.name, "unit": new.unit, "kwh_per_unit": _kwh_per_unit(new),
        "co2_kg_per_unit": new.co2_kg_per_unit, "delivered": new.delivered,
    }  # fmt: skip
    await session.execute(sa.delete(energy_carriers).where(*selected))
    await session.execute(
        sa.insert(energy_carriers).values(
            equipment_id=node.id, carrier=carrier, valid_from=new.valid_from,
            entered_by=principal.name, **after,
        )
    )  # fmt: skip
    await _mark(session, node.id, node.path, carrier, new.valid_from)
    await record_change(
        session,
        principal,
        "created" if before is None else "changed",
        _subject(node.path, carrier, new.valid_from),
        before=before,
        after=after,
        equipment=node.path,
        reason=new.reason,
    )
    row = (await session.execute(_query().where(*selected))).mappings().one()
    return EnergyCarrierView.model_validate(dict(row))


@router.delete("/energy_carriers/{carrier}", status_code=204)
async def delete_energy_carrier(
    carrier: CarrierPath,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
    path: Annotated[str, Query(alias="equipment", description="Of the entry.")],
    valid_from: Annotated[AwareDatetime, Query(description="Of the entry, with its time zone.")],
    reason: Annotated[str | None, Query(max_length=1000, description="For the audit log.")] = None,
) -> None:
    """Delete an entry; the one before it holds on, or that of the equipment above."""
    node = await context.tree.find_node(path, principal)
    selected = _C.equipment_id == node.id, _C.carrier == carrier, _C.valid_from == valid_from
    before = await _find_factors(session, selected)
    if before is None:
        raise Problem(
            404,
            "unknown_energy_carrier",
            Sentence(
                "equipment.unknown_energy_carrier",
                path=node.path,
                carrier=carrier,
                valid_from=valid_from.isoformat(),
            ),
            Sentence("equipment.list_energy_carriers", path=node.path),
        )
    await session.execute(sa.delete(energy_carriers).where(*selected))
    await _mark(session, node.id, node.path, carrier, valid_from)
    await record_change(
        session,
        principal,
        "deleted",
        _subject(node.path, carrier, valid_from),
        before=before,
        equipment=node.path,
        reason=reason,
    )


def _kwh_per_unit(new: NewEnergyCarrier) -> float:
    """Return the factor in kWh; raise a Problem for units that do not fit."""
    try:
        conversion_factors(new.unit, new.unit)
        factor, _ = conversion_factors(new.energy_unit, "kWh")  # no energy has an offset
    except UnitRejected as error:
        raise Problem(
            422,
            "unit_rejected",
            str(error),
            Sentence("equipment.units_of_carrier"),
        ) from error
    return new.energy_per_unit * factor


async def _find_factors(session: WriteSession, selected: Any) -> dict[str, Any] | None:
    columns = [_C[name] for name in _FACTORS]
    row = (await session.execute(sa.select(*columns).where(*selected))).mappings().first()
    return None if row is None else dict(row)


async def _mark(
    session: WriteSession, equipment_id: int, path: str, carrier: str, valid_from: datetime
) -> None:
    """Mark the buckets in which an entry holds: up to the next one of the same equipment."""
    until = await session.scalar(
        sa.select(sa.func.min(_C.valid_from)).where(
            _C.equipment_id == equipment_id, _C.carrier == carrier, _C.valid_from > valid_from
        )
    )
    await session.execute(
        sa.text(MARK_METERS_OF_CARRIER),
        {"path": path, "carrier": carrier, "since": valid_from, "until": until},
    )


def _subject(path: str, carrier: str, valid_from: datetime) -> tuple[str, str]:
    return "energy_carrier", f"{path} {carrier} {valid_from.isoformat()}"


def _query() -> sa.Select[Any]:
    return sa.select(
        _C.carrier, _C.valid_from, *(_C[name] for name in _FACTORS), _C.entered_by, _C.entered_at,
        equipment.c.path.label("equipment"),
    ).select_from(
        energy_carriers.join(equipment, equipment.c.id == _C.equipment_id)
    )  # fmt: skip
