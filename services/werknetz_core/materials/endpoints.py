"""Materials: by our number, with those of suppliers and customers, units and cost."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request

from werknetz.runtime.log import get_logger
from werknetz.store.master_data import AGAIN_OF_MATERIALS, ALONE
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.supply import (
    material_numbers,
    material_units,
    materials,
    partners,
    supply_relations,
)
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import MATERIAL, SUPPLIER
from werknetz_core.context.app_context import Engineer, ReadSessionDep, Viewer, WriteSessionDep
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem
from werknetz_core.http.sorting import Sorting, SortKey
from werknetz_core.materials.schemas import (
    MaterialChange,
    MaterialDetailView,
    MaterialView,
    NewNumber,
    NumberView,
    UnitView,
)

router = APIRouter(tags=["stock"])
_M, _N, _U = materials.c, material_numbers.c, material_units.c
_SORTING: Final = Sorting(
    "number",
    tie=SortKey(_M.number),
    keys={"number": SortKey(_M.number), "description": SortKey(_M.description)},
)
_log: Final = get_logger("core.supply")


@router.get("/materials")
async def list_materials(
    request: Request,
    session: ReadSessionDep,
    principal: Viewer,
    params: ListParamsDep,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[MaterialView]:
    """List materials by our number. Sort: number, description."""
    query = _shown(principal)
    if supplier:
        ids = await supply_scope.resolve_ids(SUPPLIER, supplier, session, principal)
        r = supply_relations.c
        delivered = sa.select(r.material_id).where(
            r.supplier_id.in_(ids), supply_scope.site_visible(principal, r.site_id)
        )
        query = query.where(_M.id.in_(delivered))
    return await query_page(request, session, params, query, _SORTING, MaterialView)


@router.get("/materials/{material:path}")
async def show_material(
    material: str, session: ReadSessionDep, principal: Viewer
) -> MaterialDetailView:
    """Show a material by any of its numbers."""
    number = await supply_scope.resolve_id(MATERIAL, material, session, principal)
    return await _detail(number, session, principal)


@router.put("/materials/{material:path}")
async def set_material(
    material: str, change: MaterialChange, session: WriteSessionDep, principal: Engineer
) -> MaterialDetailView:
    """Make or change a material. What its messages say is read again where it means more now."""
    principal.require_all_plants()
    means_more = any(each is not None for each in (change.numbers, change.units, change.unit))
    if means_more:
        await session.execute(sa.text(ALONE))
    found = sa.select(_M.id).where(_M.number == material)
    number = await session.scalar(found.with_for_update())
    if number is None:
        new = sa.insert(materials).values(number=material).returning(_M.id)
        number = await session.scalar(new)
    values = change.model_dump(include={"description", "unit", "unit_cost", "currency"})
    values = {name: value for name, value in values.items() if value is not None}
    if values:
        await session.execute(sa.update(materials).where(_M.id == number).values(values))
    changed = {number}
    if change.numbers is not None:
        changed |= await _give_numbers(session, number, change.numbers, principal)
    if change.units is not None:
        await session.execute(sa.delete(material_units).where(_U.material_id == number))
        if change.units:
            rows = [{"material_id": number, **unit.model_dump()} for unit in change.units]
            await session.execute(sa.insert(material_units), rows)
    if means_more:
        await session.execute(sa.text(AGAIN_OF_MATERIALS), {"ids": sorted(changed)})
    _log.info("material changed", material=material, by=principal.name)
    return await _detail(number, session, principal)


async def _give_numbers(
    session: WriteSession, material_id: int, numbers: list[NewNumber], principal: Principal
) -> set[int]:
    """Make these its numbers; return the materials that had one of them before."""
    rows: dict[tuple[str, int | None, str], dict[str, Any]] = {}
    for given in numbers:
        partner_id = await _partner(given, session, principal)
        key = (given.kind, partner_id, given.number)
        rows[key] = {"material_id": material_id, "kind": given.kind, "number": given.number,
                     "partner_id": partner_id}  # fmt: skip
    same = [
        sa.and_(_N.kind == kind, _N.partner_id.is_not_distinct_from(partner), _N.number == number)
        for kind, partner, number in rows
    ]
    gone = sa.delete(material_numbers).where(sa.or_(_N.material_id == material_id, *same))
    before = set((await session.scalars(gone.returning(_N.material_id))).all())
    if rows:
        await session.execute(sa.insert(material_numbers), list(rows.values()))
    return before


async def _partner(given: NewNumber, session: ReadSession, principal: Principal) -> int | None:
    if (given.partner is None) is (given.kind in {"supplier", "customer"}):
        needs = "needs" if given.partner is None else "has no"
        detail = f"A number of the kind {given.kind} {needs} partner: {given.number!r}."
        raise Problem(
            422, "invalid_number", detail,
            "Give `partner` with numbers of suppliers and customers, and with no others.",
            errors=[{"pointer": "/body/numbers", "code": "invalid", "detail": detail}],
        )  # fmt: skip
    if given.partner is None:
        return None
    return await supply_scope.resolve_id(SUPPLIER, given.partner, session, principal)


async def _detail(number: int, session: ReadSession, principal: Principal) -> MaterialDetailView:
    row = (await session.execute(_shown(principal).where(_M.id == number))).mappings().one()
    numbers = (
        sa.select(material_numbers, partners.c.key.label("partner"))
        .outerjoin(partners, partners.c.id == _N.partner_id)
        .where(
            _N.material_id == number,
            sa.or_(
                _N.partner_id.is_(None), supply_scope.supplier_visible(principal, _N.partner_id)
            ),
        )
        .order_by(_N.kind, partners.c.key, _N.number)
    )
    units = sa.select(material_units).where(_U.material_id == number).order_by(_U.unit)
    return MaterialDetailView(
        **row,
        numbers=[NumberView(**one) for one in (await session.execute(numbers)).mappings()],
        units=[UnitView(**one) for one in (await session.execute(units)).mappings()],
    )


def _shown(principal: Principal) -> sa.Select[Any]:
    r = supply_relations.c
    who = (
        sa.select(sa.func.array_agg(sa.distinct(partners.c.key)))
        .select_from(supply_relations.join(partners, partners.c.id == r.supplier_id))
        .where(r.material_id == _M.id, supply_scope.site_visible(principal, r.site_id))
        .correlate(materials)
        .scalar_subquery()
    )
    shown = sa.func.coalesce(who, sa.text("'{}'")).label("suppliers")
    return sa.select(materials, shown).where(supply_scope.material_visible(principal, _M.id))
