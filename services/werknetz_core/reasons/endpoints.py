"""Reasons: the tree of the group and of plants, and the codes of machines that stand for them."""

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request

from werknetz.domain.state import MachineState
from werknetz.kpi.stops.reasons import Reason, ReasonRejected, check_parent
from werknetz.store.tables import equipment, reason_codes, reasons
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeReasons, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.collection import page_response, query_page
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.http import pagination
from werknetz_core.http.list_params import LargeListParamsDep, ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, sort_and_paginate
from werknetz_core.reasons.loading import load_reasons, plant_of, reason_problem, require_reason
from werknetz_core.reasons.marks import mark_stops_of_reason, mark_stops_with_code
from werknetz_core.reasons.order import set_order
from werknetz_core.reasons.schemas import (
    NewReasonCode,
    ReasonChange,
    ReasonCodeView,
    ReasonKind,
    ReasonOrder,
    ReasonView,
)

router = APIRouter(tags=["reasons"])
_STRICT: Final = [Depends(refuse_unknown_parameters)]
_CODES: Final = reason_codes.c
_CODE_SORTING: Final = Sorting(
    "equipment",
    tie=SortKey(equipment.c.path + " " + _CODES.state_code),
    keys={"equipment": SortKey(equipment.c.path), "state_code": SortKey(_CODES.state_code)},
)


@router.get("/reasons", dependencies=_STRICT)
async def list_reasons(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: LargeListParamsDep,
    under: Annotated[
        str | None, Query(description="Equipment: the standard and the reasons of its plant.")
    ] = None,
    kind: Annotated[list[ReasonKind], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - FastAPI copies
    retired: Annotated[bool, Query(description="true: also those that are retired.")] = False,
) -> pagination.Page[ReasonView]:
    """List the reasons of stops and scrap, parents before children. Sort: tree, code."""
    plant = None
    if under is not None:
        node = await context.tree.find_node(under, principal)
        plant = plant_of(await context.tree.current(), node.path)
    available = (await load_reasons(context.database)).of_plant(plant)
    shown = {
        reason.code: reason
        for reason in available.values()
        if (not kind or reason.kind in kind) and (retired or not reason.is_retired)
    }
    rows = [{"code": code, "tree": _tree_key(reason, available)} for code, reason in shown.items()]
    page, next_cursor = sort_and_paginate(
        rows, params, default="tree", keys=("tree", "code"), tie="code"
    )
    items = [_to_view(shown[row["code"]], available) for row in page]
    return page_response(request, params, items, ReasonView, next_cursor=next_cursor)


@router.put("/reasons/{code}")
async def set_reason(
    code: str, change: ReasonChange, context: ContextDep, session: WriteSessionDep,
    principal: MayChangeReasons,
) -> ReasonView:  # fmt: skip
    """Create or change a reason of a plant, or of the group's standard (key for all plants).

    Codes stay with what was entered before; retire a reason instead of giving it another meaning.
    """
    _check_code(code)
    plant_id = await _find_owner(change.plant, context, principal)
    tree = await load_reasons(context.database)
    available = dict(tree.of_plant(change.plant))
    before = available.get(code)
    if before is not None and before.plant != change.plant:
        raise _invalid(
            "plant", Sentence("shop_floor.standard_reason", name=code),
            Sentence("shop_floor.other_code_or_standard"),
        )  # fmt: skip
    after = _apply_change(code, change, before)
    try:
        check_parent(after, {**available, code: after})
    except ReasonRejected as error:
        raise reason_problem(error, principal) from error
    await _store(session, after, plant_id, is_new=before is None)
    await mark_stops_of_reason(session, before, after)
    await record_change(
        session, principal, "created" if before is None else "changed", ("reason", code),
        before=None if before is None else _document_of(before), after=_document_of(after),
        equipment=change.plant, reason=change.why,
    )  # fmt: skip
    return _to_view(after, {**available, code: after})


@router.post("/reasons:order", status_code=204)
async def order_reasons(
    new: ReasonOrder, context: ContextDep, session: WriteSessionDep, principal: MayChangeReasons
) -> None:
    """Put reasons of a plant, or of the group's standard, into this order among their siblings.

    Reasons that are not named keep their `position`; the named ones get 10, 20, 30 …
    """
    plant_id = await _find_owner(new.plant, context, principal)
    former = await set_order(session, new.codes, plant_id)
    await record_change(
        session, principal, "changed", ("reason_order", new.plant or "standard"),
        before={"codes": former}, after={"codes": new.codes}, equipment=new.plant, reason=new.why,
    )  # fmt: skip


@router.get("/reason_codes", dependencies=_STRICT)
async def list_reason_codes(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[ReasonCodeView]:
    """List which code of a machine stands for which reason. Sort: equipment, state_code."""
    condition = await equipment_scope.equipment_condition(under, context, principal)
    query = (
        sa.select(
            equipment.c.path.label("equipment"), _CODES.state_code, _CODES.reason, _CODES.kind
        )
        .join(equipment, equipment.c.id == _CODES.equipment_id)
        .where(condition, _CODES.known_to.is_(None))
    )
    return await query_page(request, session, params, query, _CODE_SORTING, ReasonCodeView)


@router.put("/reason_codes/{path:path}")
async def set_reason_code(
    path: str, new: NewReasonCode, context: ContextDep, session: WriteSessionDep,
    principal: MayChangeReasons,
) -> ReasonCodeView | None:  # fmt: skip
    """Say what reason a code of the machines stands for, at the equipment and all below it.

    It classifies stops that no person has classified, also earlier ones: their time counts as the
    reason says (state, category, planned or not). What it changes is computed again. With kind
    `scrap` it names the reason of scrap that systems report with the code.
    """
    node = await context.tree.find_node(path, principal)
    if new.reason is not None:
        plant = plant_of(await context.tree.current(), node.path)
        require_reason(await load_reasons(context.database), new.reason, plant, new.kind, principal)
    is_same = [
        _CODES.equipment_id == node.id, _CODES.kind == new.kind,
        _CODES.state_code == new.state_code, _CODES.known_to.is_(None),
    ]  # fmt: skip
    former: str | None = await session.scalar(sa.select(_CODES.reason).where(*is_same))
    await session.execute(
        sa.update(reason_codes).where(*is_same).values(known_to=sa.func.clock_timestamp())
    )
    if new.reason is not None:
        await session.execute(
            sa.insert(reason_codes).values(
                equipment_id=node.id, kind=new.kind, state_code=new.state_code, reason=new.reason
            )
        )
    if new.reason != former and new.kind == "stop":
        await mark_stops_with_code(session, node.path, new.state_code)
    kind = {"kind": new.kind} if new.kind == "scrap" else {}
    await record_change(
        session, principal, "changed", ("reason_code", new.state_code),
        before=None if former is None else {"reason": former} | kind,
        after=None if new.reason is None else {"reason": new.reason} | kind,
        equipment=node.path, reason=new.why,
    )  # fmt: skip
    if new.reason is None:
        return None
    return ReasonCodeView(
        equipment=path, state_code=new.state_code, reason=new.reason, kind=new.kind
    )


async def _find_owner(plant: str | None, context: AppContext, principal: Principal) -> int | None:
    """Return the id of the plant whose reasons are changed; None: the group's standard."""
    if plant is None:
        principal.require_all_plants()
        return None
    node = await context.tree.find_node(plant, principal)
    if node.level != "plant":
        raise _invalid(
            "plant", Sentence("shop_floor.no_plant", plant=plant),
            Sentence("shop_floor.name_a_plant"),
        )  # fmt: skip
    return node.id


def _apply_change(code: str, change: ReasonChange, before: Reason | None) -> Reason:
    """Return the reason after the change."""
    fields = change.model_fields_set
    if before is None and (change.name_en is None or change.name_de is None):
        raise _invalid(
            "name_en", Sentence("shop_floor.reason_needs_names", name=code),
            Sentence("shop_floor.send_names"),
        )  # fmt: skip
    kind = change.kind or (before.kind if before is not None else "stop")
    if before is not None and kind != before.kind:
        raise _invalid(
            "kind",
            Sentence("shop_floor.reason_of_kind", name=code, kind=before.kind),
            Sentence("shop_floor.choose_code"),
        )
    base = before or Reason(
        code, change.plant, None, kind, "", "", "adet" if kind == "stop" else None, None,
        is_planned=False, counts_against_availability=kind == "stop",
    )  # fmt: skip
    state = None if change.state is None else int(MachineState[change.state.upper()])
    return Reason(
        code, change.plant, change.parent if "parent" in fields else base.parent, kind,
        change.name_en or base.name_en, change.name_de or base.name_de,
        change.category if "category" in fields else base.category,
        state if "state" in fields else base.state,
        base.is_planned if change.planned is None else change.planned,
        base.counts_against_availability
        if change.counts_against_availability is None
        else change.counts_against_availability,
        base.position if change.position is None else change.position,
        base.is_retired if change.retired is None else change.retired,
    )  # fmt: skip


async def _store(
    session: WriteSessionDep, reason: Reason, plant_id: int | None, *, is_new: bool
) -> None:
    values: dict[str, Any] = {
        name: getattr(reason, name)
        for name in (
            "parent", "kind", "name_en", "name_de", "category", "state", "is_planned",
            "counts_against_availability", "position",
        )
    }  # fmt: skip
    values["retired_at"] = sa.func.clock_timestamp() if reason.is_retired else None
    if is_new:
        key = {"code": reason.code, "equipment_id": plant_id}
        await session.execute(sa.insert(reasons).values(**key, **values))
    else:
        is_owner = reasons.c.equipment_id.is_not_distinct_from(plant_id)
        await session.execute(
            sa.update(reasons).where(reasons.c.code == reason.code, is_owner).values(**values)
        )


def _document_of(reason: Reason) -> dict[str, Any]:
    names = (
        "parent", "kind", "name_en", "name_de", "category", "is_planned",
        "counts_against_availability", "position", "is_retired",
    )  # fmt: skip
    return {name: getattr(reason, name) for name in names} | {"state": _label_of(reason)}


def _to_view(reason: Reason, available: dict[str, Reason] | Any) -> ReasonView:
    return ReasonView(
        code=reason.code, plant=reason.plant, parent=reason.parent,
        path=[above.code for above in _ancestors(reason, available)], kind=reason.kind,
        name_en=reason.name_en, name_de=reason.name_de, category=reason.category,
        state=_label_of(reason), planned=reason.is_planned,
        counts_against_availability=reason.counts_against_availability, position=reason.position,
        retired=reason.is_retired,
    )  # fmt: skip


def _label_of(reason: Reason) -> str | None:
    return None if reason.state is None else MachineState(reason.state).label


def _tree_key(reason: Reason, available: Any) -> str:
    places = (f"{above.position:06}{above.code}" for above in _ancestors(reason, available))
    return f"{reason.kind} {' '.join(places)}"


def _ancestors(reason: Reason, available: Any) -> list[Reason]:
    """Return the reason and those above it, the top first; a missing parent ends the list."""
    chain = [reason]
    while chain[0].parent is not None and len(chain) <= len(available):
        above = available.get(chain[0].parent)
        if above is None:
            break
        chain.insert(0, above)
    return chain


def _check_code(code: str) -> None:
    if (
        not code
        or len(code) > 63
        or not all((c.isalnum() and c.isascii()) or c in "_-" for c in code)
    ):
        raise _invalid(
            "code", Sentence("shop_floor.no_code", name=code),
            Sentence("shop_floor.code_form"),
        )  # fmt: skip


def _invalid(name: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/body/{name}", "code": "invalid", "detail": detail}]
    return Problem(422, "invalid_parameter", detail, hint, errors=errors)
