"""Acknowledging a shortage warning: it stays visible, and counts as new when it gets worse."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.runtime.log import get_logger
from werknetz.store.tables import equipment, shortage_acknowledgements, sites, warehouses
from werknetz.store.tables.supply import materials
from werknetz.texts.sentence import Sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeSupply
from werknetz_core.access.supply_scope import MATERIAL, WAREHOUSE
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext, ContextDep, WriteSessionDep
from werknetz_core.forecast.acknowledgements.schemas import AcknowledgementView, NewAcknowledgement
from werknetz_core.forecast.acknowledgements.state import EARLIER_US
from werknetz_core.forecast.forecast import load_forecast
from werknetz_core.forecast.lookup import equipment_predicate
from werknetz_core.forecast.reads import reads_of_forecast
from werknetz_core.forecast.shortage_warnings.shortages import PlaceShortage, find_place_shortages
from werknetz_core.http.problem import Problem
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.limits.reading import reading

router = APIRouter(tags=["losses"], route_class=OnceRoute)
UNTIL_DAYS_MAX: Final = 90
_SUBJECT: Final = "shortage_warning"
_A: Final = shortage_acknowledgements.c
_log: Final = get_logger("core.supply")


@router.post("/shortage_warnings:acknowledge")
async def acknowledge_warning(
    new: NewAcknowledgement,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayChangeSupply,
) -> AcknowledgementView:
    """Acknowledge a warning as you saw it, until an instant. A later one replaces it.

    The warning counts as new again when it begins more than an hour earlier, or stops other lines.
    """
    _check_until(new, context.now_us())
    place = (
        await supply_scope.resolve_id(WAREHOUSE, new.warehouse, session, principal),
        await supply_scope.resolve_id(MATERIAL, new.material, session, principal),
    )
    async with reading(context, principal, await reads_of_forecast(session)) as context_of_reads:
        short = await _find_warning(place, new, context_of_reads, principal)
    _check_unchanged(new, short)
    lines = {d.equipment_id for d in short.demands if new.lines is None or d.path in new.lines}
    if not lines:
        raise _warning_changed(Sentence("shortage.stops_other_lines"))
    insert = sa.insert(shortage_acknowledgements).values(
        warehouse_id=place[0], material_id=place[1],
        short_at=instant_of(short.shortage.start_us),
        equipment_ids=sorted(lines), until_at=new.until, comment=new.comment,
        acknowledged_by=principal.name, acknowledged_at=instant_of(context.now_us()),
    )  # fmt: skip
    row = (await session.execute(insert.returning(shortage_acknowledgements))).mappings().one()
    names = await _load_names(session, row)
    await record_change(
        session, principal, "acknowledged", (_SUBJECT, _subject_id(names)),
        after=_document(row), equipment=names["plant"],
    )  # fmt: skip
    _log.info("shortage acknowledged", **names, by=principal.name)
    return AcknowledgementView(
        id=row["id"], state="in_force", by=row["acknowledged_by"], at=row["acknowledged_at"],
        until=row["until_at"], comment=row["comment"], short_at=row["short_at"],
    )  # fmt: skip


@router.delete("/shortage_acknowledgements/{acknowledgement_id}", status_code=204)
async def withdraw_acknowledgement(
    acknowledgement_id: int, session: WriteSessionDep, principal: MayChangeSupply
) -> None:
    """Withdraw an acknowledgement; one before it counts again. The audit log keeps both."""
    query = sa.select(shortage_acknowledgements).where(
        _A.id == min(max(acknowledgement_id, 0), 2**31 - 1),
        _A.withdrawn_at.is_(None),
        supply_scope.warehouse_visible(principal, _A.warehouse_id),
    )
    row = (await session.execute(query.with_for_update())).mappings().first()
    if row is None:
        raise Problem(
            404, "unknown_acknowledgement",
            Sentence("shortage.unknown_acknowledgement", number=acknowledgement_id),
            Sentence("shortage.list_warnings"),
        )  # fmt: skip
    await session.execute(
        sa.update(shortage_acknowledgements)
        .where(_A.id == row["id"])
        .values(withdrawn_at=sa.func.clock_timestamp())
    )
    names = await _load_names(session, row)
    await record_change(
        session, principal, "withdrawn", (_SUBJECT, _subject_id(names)),
        before=_document(row), equipment=names["plant"],
    )  # fmt: skip


def _check_until(new: NewAcknowledgement, now_us: int) -> None:
    latest = instant_of(now_us) + timedelta(days=UNTIL_DAYS_MAX)
    if microseconds_of(new.until) > now_us and new.until <= latest:
        return
    detail = Sentence("shortage.until_out_of_range", days=UNTIL_DAYS_MAX)
    raise Problem(
        422, "invalid_until", detail, Sentence("shortage.send_until"),
        errors=[{"pointer": "/body/until", "code": "out_of_range", "detail": detail}],
    )  # fmt: skip


async def _find_warning(
    place: StockPlace, new: NewAcknowledgement, context: AppContext, principal: Principal
) -> PlaceShortage:
    """Return the warning of a place with the lines that the key may see; raise 404 without one."""
    is_visible = await equipment_predicate([], context, principal)
    tree = await context.tree.current()
    async with (
        context.database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        forecast = await load_forecast(
            connection, tree, context.now_us(), new.horizon_days,
            material_ids=[place[1]],
        )  # fmt: skip
    for short in find_place_shortages(forecast, is_visible):
        if forecast.places[short.row] == place:
            return short
    raise Problem(
        404, "unknown_warning",
        Sentence("shortage.no_warning", material=new.material, warehouse=new.warehouse),
        Sentence("shortage.list_warnings"),
    )  # fmt: skip


def _check_unchanged(new: NewAcknowledgement, short: PlaceShortage) -> None:
    if new.short_at is None:
        return
    if short.shortage.start_us < microseconds_of(new.short_at) - EARLIER_US:
        raise _warning_changed(Sentence("shortage.begins_earlier"))


def _warning_changed(detail: Sentence) -> Problem:
    return Problem(409, "warning_changed", detail, Sentence("shortage.look_again"))


async def _load_names(session: WriteSessionDep, row: sa.RowMapping) -> dict[str, Any]:
    query = (
        sa.select(
            warehouses.c.key.label("warehouse"), materials.c.number.label("material"),
            equipment.c.path.label("plant"),
        )
        .select_from(
            warehouses.outerjoin(sites, sites.c.id == warehouses.c.site_id).outerjoin(
                equipment,
                equipment.c.id == sa.func.coalesce(warehouses.c.equipment_id, sites.c.equipment_id),
            )
        )
        .join(materials, materials.c.id == row["material_id"])
        .where(warehouses.c.id == row["warehouse_id"])
    )  # fmt: skip
    return dict((await session.execute(query)).mappings().one())


def _subject_id(names: dict[str, Any]) -> str:
    return f"{names['warehouse']}/{names['material']}"


def _document(row: sa.RowMapping) -> dict[str, Any]:
    return {
        "until": row["until_at"].isoformat(),
        "short_at": row["short_at"].isoformat(),
        "comment": row["comment"],
    }
