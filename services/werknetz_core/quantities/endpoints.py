"""Quantities by people: good parts, scrap with its reason, rework; entered, corrected, undone."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request

from werknetz.domain.bucket import microseconds_of
from werknetz.store.session import WriteSession
from werknetz.store.tables import equipment, quantity_entries
from werknetz.texts.sentence import Sentence
from werknetz_core.access import equipment_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayEnterQuantities, MayRead
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.collection import load_page, page_response, time_condition
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.quantities import entries
from werknetz_core.quantities.entries import KINDS, ROLES, ROOT, QuantitySpan
from werknetz_core.quantities.schemas import (
    NewQuantity,
    QuantityChange,
    QuantityKind,
    QuantityUndo,
    QuantityView,
)
from werknetz_core.reasons.loading import load_reasons, plant_of, require_reason
from werknetz_core.stops.entries import lock_machine
from werknetz_core.stops.refusals import check_span, require_machine

router = APIRouter(tags=["quantities"], route_class=OnceRoute)
SPAN_MAX_US: Final = 31 * 86_400_000_000
_DOCUMENTED: Final = ("reason", "order_number", "comment")
_Q: Final = quantity_entries.c


@router.get("/quantity_entries", dependencies=[Depends(refuse_unknown_parameters)])
async def list_quantity_entries(
    *,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
    kind: Annotated[list[QuantityKind], Query(description="Repeated: any of them.")] = [],  # noqa: B006 - as above
    start: str | None = None,
    end: str | None = None,
) -> pagination.Page[QuantityView]:
    """List the quantities that people entered, newest first. Sort: at, id."""
    condition = await equipment_scope.equipment_condition(under, context, principal)
    roots = _roots_query().where(condition, time_condition(context, _Q.at, start, end))
    if kind:
        roots = roots.where(_Q.role.in_([ROLES[name] for name in kind]))
    q = roots.subquery().c
    sorting = Sorting(
        "-at", tie=SortKey(q.id, SortType.NUMBER),
        keys={"at": SortKey(q.at, SortType.TIME), "id": SortKey(q.id, SortType.NUMBER)},
    )  # fmt: skip
    rows, next_cursor = await load_page(session, params, sa.select(*q), sorting)
    items = [_to_view(row) for row in rows]
    return page_response(request, params, items, QuantityView, next_cursor=next_cursor)


@router.post("/quantity_entries", status_code=201)
async def enter_quantity(
    new: NewQuantity, context: ContextDep, session: WriteSessionDep, principal: MayEnterQuantities
) -> QuantityView:
    """Enter parts that nobody counted, or take away what was counted too much (negative)."""
    node = await context.tree.find_node(new.equipment, principal)
    await require_machine(context, node)
    at_us = microseconds_of(new.at)
    since_us = at_us - 1 if new.since is None else microseconds_of(new.since)
    check_span(since_us, at_us, context.now_us(), SPAN_MAX_US, ("since", "at"))
    _check_amount(new.quantity)
    await _check_reason(context, node.path, new.kind, new.reason, principal)
    await lock_machine(session, node.id)
    span = QuantitySpan(node.id, since_us, at_us)
    parts = await entries.distribute(context, span, new.kind, new.quantity)
    change_id = await record_change(
        session, principal, "entered", ("quantity", "new"),
        after={
            "at": new.at.isoformat(), "kind": new.kind, "quantity": new.quantity,
            "reason": new.reason, "order_number": new.order_number, "comment": new.comment,
        },
        equipment=node.path, reason=new.why,
    )  # fmt: skip
    values = {
        "equipment_id": node.id, "role": ROLES[new.kind], "reason": new.reason,
        "order_number": new.order_number, "comment": new.comment, "entered_by": principal.name,
        "change_id": change_id,
    }  # fmt: skip
    root_id = await entries.add_rows(session, parts, values, None)
    return await _show(session, root_id)


@router.patch("/quantity_entries/{entry_id}")
async def correct_quantity(
    entry_id: int, change: QuantityChange, context: ContextDep, session: WriteSessionDep,
    principal: MayEnterQuantities,
) -> QuantityView:  # fmt: skip
    """Correct a quantity; the former value stays in its history."""
    rows = await _load_rows(session, entry_id, change.version, principal)
    in_force = [row for row in rows if row["known_to"] is None]
    if not in_force:
        raise _withdrawn(entry_id)
    first = in_force[0]
    kind = KINDS[first["role"]]
    values = {name: first[name] for name in ("equipment_id", "role")}
    for name in ("reason", "order_number", "comment"):
        values[name] = getattr(change, name) if name in change.model_fields_set else first[name]
    await _check_reason(context, first["path"], kind, values["reason"], principal)
    parts = [(microseconds_of(row["at"]), row["quantity"]) for row in in_force]
    former = sum(row["quantity"] for row in in_force)
    quantity = former if change.quantity is None else change.quantity
    _check_amount(quantity)
    if quantity != former:
        at = [microseconds_of(row["at"]) for row in in_force]
        span = QuantitySpan(first["equipment_id"], min(at) - 1, max(at))
        await lock_machine(session, first["equipment_id"])
        await _check_difference(context, span, kind, quantity - former, former)
        parts = _spread_over(parts, quantity)
    change_id = await record_change(
        session, principal, "corrected", ("quantity", str(entry_id)),
        before=_document_of(in_force),
        after={"quantity": quantity, **{name: values[name] for name in _DOCUMENTED}},
        equipment=first["path"], reason=change.why,
    )  # fmt: skip
    await entries.end_rows(session, in_force, change_id)
    values |= {"entered_by": principal.name, "change_id": change_id}
    await entries.add_rows(session, parts, values, entry_id)
    return await _show(session, entry_id)


@router.delete("/quantity_entries/{entry_id}", status_code=204)
async def withdraw_quantity(
    entry_id: int,
    session: WriteSessionDep,
    principal: MayEnterQuantities,
    version: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    why: Annotated[str | None, Query(max_length=2000)] = None,
) -> None:
    """Withdraw a quantity: it counts no more; `:undo` brings it back."""
    rows = await _load_rows(session, entry_id, version, principal)
    in_force = [row for row in rows if row["known_to"] is None]
    if not in_force:
        raise _withdrawn(entry_id)
    change_id = await record_change(
        session, principal, "withdrawn", ("quantity", str(entry_id)),
        before=_document_of(in_force), equipment=rows[0]["path"], reason=why,
    )  # fmt: skip
    await entries.end_rows(session, in_force, change_id)


@router.post("/quantity_entries/{entry_id}:undo")
async def undo_quantity(
    entry_id: int, undo: QuantityUndo, session: WriteSessionDep, principal: MayEnterQuantities
) -> QuantityView | None:
    """Undo the last change of a quantity; null: it was its entry, and it counts no more."""
    rows = await _load_rows(session, entry_id, undo.version, principal)
    last = entries.last_change_of(rows)
    in_force = [row for row in rows if row["known_to"] is None]
    ended = [row for row in rows if row["ended_by"] == last]
    change_id = await record_change(
        session, principal, "undone", ("quantity", str(entry_id)),
        before=_document_of(in_force) if in_force else None, after={"undone_change": last},
        equipment=rows[0]["path"], reason=undo.why,
    )  # fmt: skip
    await entries.end_rows(session, in_force, change_id)
    await entries.restore_rows(session, ended, entry_id)
    return await _show(session, entry_id) if ended else None


async def _load_rows(
    session: WriteSession, entry_id: int, version: int | None, principal: Principal
) -> Sequence[sa.RowMapping]:
    rows = await entries.load_rows(session, min(max(entry_id, 0), 2**31 - 1))
    # Of another plant: whether it exists is not for this key.
    if not rows or not principal.can_see(rows[0]["path"]):
        raise Problem(
            404, "unknown_quantity", Sentence("shop_floor.unknown_quantity", entry_id=entry_id),
            Sentence("shop_floor.list_quantities"),
        )  # fmt: skip
    current = entries.last_change_of(rows)
    if version is not None and version != current:
        raise Problem(
            409,
            "changed_meanwhile",
            Sentence(
                "shop_floor.quantity_changed", entry_id=entry_id, current=current, version=version
            ),
            Sentence("shop_floor.read_and_send_version"),
        )
    return rows


async def _check_reason(
    context: AppContext, path: str, kind: str, code: str | None, principal: Principal
) -> None:
    if code is None:
        return
    if kind != "scrap":
        raise _invalid(
            "reason",
            "reason_without_scrap",
            Sentence("shop_floor.quantity_without_reason", kind=kind),
            Sentence("shop_floor.send_scrap"),
        )
    plant = plant_of(await context.tree.current(), path)
    require_reason(await load_reasons(context.database), code, plant, "scrap", principal)


async def _check_difference(
    context: AppContext, span: QuantitySpan, kind: str, difference: float, former: float
) -> None:
    """Raise 422 if a correction downwards takes away more than was counted and entered."""
    if difference < 0 and former + difference < 0:
        await entries.distribute(context, span, kind, difference)


def _spread_over(parts: Sequence[tuple[int, float]], quantity: float) -> list[tuple[int, float]]:
    """Return the parts scaled to another sum; a single one where their sum is zero."""
    former = sum(amount for _, amount in parts)
    if former == 0 or (former < 0) != (quantity < 0):
        return [(parts[0][0], quantity)]
    return [(at_us, amount * quantity / former) for at_us, amount in parts]


def _check_amount(quantity: float) -> None:
    if quantity == 0:
        raise _invalid(
            "quantity", "zero_quantity", Sentence("shop_floor.zero_quantity"),
            Sentence("shop_floor.send_or_withdraw"),
        )  # fmt: skip


def _roots_query() -> sa.Select[Any]:
    """Select each quantity in force: its rows, summed."""
    return (
        sa.select(
            ROOT.label("id"), sa.func.min(equipment.c.path).label("equipment"),
            sa.func.max(_Q.at).label("at"), sa.func.min(_Q.role).label("role"),
            sa.func.sum(_Q.quantity).label("quantity"), sa.func.min(_Q.reason).label("reason"),
            sa.func.min(_Q.order_number).label("order_number"),
            sa.func.min(_Q.comment).label("comment"),
            sa.func.min(_Q.entered_by).label("entered_by"),
            sa.func.min(_Q.known_from).label("entered_at"),
            sa.func.coalesce(sa.func.max(_Q.change_id), 0).label("version"),
        )
        .join(equipment, equipment.c.id == _Q.equipment_id)
        .where(_Q.known_to.is_(None))
        .group_by(ROOT)
    )  # fmt: skip


async def _show(session: WriteSession, root_id: int) -> QuantityView:
    row = (await session.execute(_roots_query().where(ROOT.in_([root_id])))).mappings().one()
    return _to_view(row)


def _to_view(row: sa.RowMapping) -> QuantityView:
    fields = {name: row[name] for name in QuantityView.model_fields if name != "kind"}
    return QuantityView(**fields, kind=KINDS[row["role"]])


def _document_of(rows: Sequence[sa.RowMapping]) -> dict[str, Any]:
    first = rows[0]
    return {
        "quantity": sum(row["quantity"] for row in rows),
        **{name: first[name] for name in _DOCUMENTED},
    }


def _withdrawn(entry_id: int) -> Problem:
    return Problem(
        409, "quantity_withdrawn", Sentence("shop_floor.quantity_withdrawn", entry_id=entry_id),
        Sentence("shop_floor.undo_withdrawal", entry_id=entry_id),
    )  # fmt: skip


def _invalid(name: str, code: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/body/{name}", "code": code, "detail": detail}]
    return Problem(422, code, detail, hint, errors=errors)
