"""Equipment production capacity: the denominator of the equipment load ratio (KPI 30)."""

from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.store.tables import equipment, equipment_capacities
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayChangeEquipment, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.equipment_capacities.schemas import CapacityView, NewCapacity
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["equipment"])
_C: Final = equipment_capacities.c
_TIE: Final = SortKey(equipment.c.path + " " + sa.cast(_C.valid_from, sa.Text))
_SORTING: Final = Sorting(
    "equipment",
    tie=_TIE,
    keys={
        "equipment": SortKey(equipment.c.path),
        "valid_from": SortKey(_C.valid_from, SortType.TIME),
    },
)


@router.get("/equipment_capacities")
async def list_capacities(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    params: ListParamsDep,
) -> pagination.Page[CapacityView]:
    """List what machines can produce in an hour of planned time. Sort: equipment, valid_from."""
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = _query().where(condition)
    return await query_page(request, session, params, query, _SORTING, CapacityView)


@router.put("/equipment_capacities/{path:path}")
async def set_capacity(
    path: str,
    new: NewCapacity,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
) -> CapacityView:
    """Set what a machine can produce in an hour of planned time, from `valid_from` on."""
    node = await context.tree.find_node(path, principal)
    if node.level != "machine":
        raise Problem(
            422,
            "no_machine",
            Sentence("equipment.no_capacity_of_its_own", path=path, level=node.level),
            Sentence("equipment.set_capacity_of_machines"),
        )
    selected = _C.equipment_id == node.id, _C.valid_from == new.valid_from
    before = await session.scalar(sa.select(_C.items_per_hour).where(*selected))
    await session.execute(sa.delete(equipment_capacities).where(*selected))
    await session.execute(
        sa.insert(equipment_capacities).values(
            equipment_id=node.id, valid_from=new.valid_from, items_per_hour=new.items_per_hour,
            entered_by=principal.name,
        )
    )  # fmt: skip
    subject = ("equipment_capacity", f"{path} {new.valid_from.isoformat()}")
    await record_change(
        session,
        principal,
        "created" if before is None else "changed",
        subject,
        before=None if before is None else {"items_per_hour": before},
        after={"items_per_hour": new.items_per_hour},
        equipment=path,
        reason=new.reason,
    )
    row = (await session.execute(_query().where(*selected))).mappings().one()
    return CapacityView.model_validate(dict(row))


@router.delete("/equipment_capacities/{path:path}", status_code=204)
async def delete_capacity(
    path: str,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeEquipment,
    valid_from: Annotated[datetime, Query(description="Of the entry, with its time zone.")],
) -> None:
    """Delete an entry; the one before it holds on."""
    node = await context.tree.find_node(path, principal)
    selected = _C.equipment_id == node.id, _C.valid_from == _with_zone(valid_from)
    before = await session.scalar(sa.select(_C.items_per_hour).where(*selected))
    if before is None:
        raise Problem(
            404,
            "unknown_capacity",
            Sentence("equipment.unknown_capacity", path=path, valid_from=valid_from.isoformat()),
            Sentence("equipment.list_capacities", path=path),
        )
    await session.execute(sa.delete(equipment_capacities).where(*selected))
    subject = ("equipment_capacity", f"{path} {valid_from.isoformat()}")
    await record_change(
        session, principal, "deleted", subject, before={"items_per_hour": before}, equipment=path
    )


def _with_zone(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Problem(
            422,
            "no_time_zone",
            Sentence("requests.time_without_zone", at=at.isoformat()),
            Sentence("requests.add_zone"),
        )
    return at


def _query() -> sa.Select[Any]:
    return sa.select(
        _C.valid_from, _C.items_per_hour, _C.entered_by, _C.entered_at,
        equipment.c.path.label("equipment"),
    ).select_from(
        equipment_capacities.join(equipment, equipment.c.id == _C.equipment_id)
    )  # fmt: skip
