"""The audit log: every change by a person, who made it, when, from what to what, and why."""

from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request

from werknetz.store.tables import audit_log
from werknetz_core.access.equipment_scope import EquipmentFilter, path_within
from werknetz_core.access.keys import Principal
from werknetz_core.access.permissions import Permission
from werknetz_core.access.require import MayRead
from werknetz_core.audit.schemas import AuditView
from werknetz_core.context.app_context import ContextDep, ReadSessionDep
from werknetz_core.context.collection import query_page, time_condition
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType

router = APIRouter(tags=["audit"])
_A: Final = audit_log.c
_SORTING: Final = Sorting(
    "-id",
    tie=SortKey(_A.id, SortType.NUMBER),
    keys={"id": SortKey(_A.id, SortType.NUMBER), "at": SortKey(_A.at, SortType.TIME)},
)


@router.get("/audit", dependencies=[Depends(refuse_unknown_parameters)])
async def list_audit(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    subject: Annotated[list[str], Query(description="Kind. Repeated: any.")] = [],  # noqa: B006 - FastAPI copies
    subject_id: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    action: Annotated[list[str], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    by: Annotated[list[str], Query(description="Name of a key. Repeated: any.")] = [],  # noqa: B006 - as above
    under: EquipmentFilter = [],  # noqa: B006 - as above
    start: Annotated[str | None, Query(description="RFC 3339, -8h, …; default: all.")] = None,
    end: str | None = None,
) -> pagination.Page[AuditView]:
    """List changes by people, newest first. Sort: id, at.

    Changes that concern no equipment need the permission audit:read and a key for all plants.
    `under` also finds what was changed under former paths of equipment that was renamed or moved.
    """
    tree = await context.tree.current()
    query = sa.select(audit_log).where(
        _visible(principal, tree), time_condition(context, _A.at, start, end)
    )
    for column, values in (
        (_A.subject, subject), (_A.subject_id, subject_id), (_A.action, action), (_A.by, by),
    ):  # fmt: skip
        if values:
            query = query.where(column.in_(values))
    if under:
        for path in under:
            principal.require_equipment(path)
        roots = [name for path in under for name in tree.paths_over_time(path)]
        query = query.where(path_within(_A.equipment, roots))
    return await query_page(request, session, params, query, _SORTING, AuditView)


def _visible(principal: Principal, tree: EquipmentTree) -> sa.ColumnElement[bool]:
    if principal.plants is None:
        may_read_all = principal.may(Permission.AUDIT_READ)
        return sa.true() if may_read_all else _A.equipment.is_not(None)
    # A plant that was renamed has changes under its former path; what moved stays where it was.
    plants = [p for plant in principal.plants for p in tree.paths_over_time(plant, moved=False)]
    return sa.and_(_A.equipment.is_not(None), path_within(_A.equipment, plants))
