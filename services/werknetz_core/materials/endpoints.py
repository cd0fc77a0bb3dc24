"""Materials: our number, those of suppliers and customers, units and cost."""

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from werknetz.runtime.log import get_logger
from werknetz.store.master_data import AGAIN_OF_MATERIALS, note_change
from werknetz.store.session import ReadSession, WriteSession
from werknetz.store.tables.supply import (
    material_numbers,
    material_units,
    materials,
    partners,
    supply_relations,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access import supply_scope
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayChangeSupply, MayRead
from werknetz_core.access.supply_scope import MATERIAL, SUPPLIER
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import ReadSessionDep, WriteSessionDep
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
_FIELDS: Final = ("description", "unit", "unit_cost", "currency", "product_family")
_log: Final = get_logger("core.supply")


@router.get("/materials")
async def list_materials(
    request: Request,
    session: ReadSessionDep,
    principal: MayRead,
    params: ListParamsDep,
    supplier: supply_scope.SupplierFilter = [],  # noqa: B006 - FastAPI copies
    product_family: Annotated[list[str], Query(description="Repeated: any.")] = [],  # noqa: B006 - as above
) -> pagination.Page[MaterialView]:
    """List materials by our number. Sort: number, description."""
    query = _materials_query(principal)
    if product_family:
        query = query.where(_M.product_family.in_(product_family))
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
    material: str, session: ReadSessionDep, principal: MayRead
) -> MaterialDetailView:
    """Show a material by any of its numbers."""
    material_id = await supply_scope.resolve_id(MATERIAL, material, session, principal)
    return await _load_detail(material_id, session, principal)


@router.put("/materials/{material:path}")
async def set_material(
    material: str, change: MaterialChange, session: WriteSessionDep, principal: MayChangeSupply
) -> MaterialDetailView:
    """Create or change a material. Events that its new numbers or units concern are read again."""
    principal.require_all_plants()
    concerns_events = any(v is not None for v in (change.numbers, change.units, change.unit))
    if concerns_events:
        await note_change(session)
    existing = sa.select(_M.id, *(_M[name] for name in _FIELDS)).where(_M.number == material)
    row = (await session.execute(existing.with_for_update(key_share=True))).mappings().one_or_none()
    if row is None:
        new = sa.insert(materials).values(number=material).returning(_M.id)
        material_id: int = (await session.execute(new)).scalar_one()
    else:
        material_id = row["id"]
    values = _changed_values(change)
    lists = change.model_dump(mode="json", include={"numbers", "units"}, exclude_none=True)
    before = None
    if row is not None:
        detail = await _load_detail(material_id, session, principal)
        before = {name: row[name] for name in values}
        before |= detail.model_dump(mode="json", include=set(lists))
    if values:
        await session.execute(sa.update(materials).where(_M.id == material_id).values(values))
    changed = {material_id}
    if change.numbers is not None:
        changed |= await _set_numbers(session, material_id, change.numbers, principal)
    if change.units is not None:
        await session.execute(sa.delete(material_units).where(_U.material_id == material_id))
        if change.units:
            rows = [{"material_id": material_id, **unit.model_dump()} for unit in change.units]
            await session.execute(sa.insert(material_units), rows)
    if concerns_events:
        await session.execute(sa.text(AGAIN_OF_MATERIALS), {"ids": sorted(changed)})
    await record_change(
        session, principal, "changed", ("material", material), before=before, after=values | lists
    )
    _log.info("material changed", material=material, by=principal.name)
    return await _load_detail(material_id, session, principal)


def _changed_values(change: MaterialChange) -> dict[str, Any]:
    """Return the columns that the change sets. Null takes a material out of its family."""
    values = change.model_dump(include=set(_FIELDS))
    chosen = {name for name, value in values.items() if value is not None}
    chosen |= change.model_fields_set & {"product_family"}
    return {name: values[name] for name in _FIELDS if name in chosen}


async def _set_numbers(
    session: WriteSession, material_id: int, numbers: list[NewNumber], principal: Principal
) -> set[int]:
    """Replace the numbers of a material; return the materials that had one of them before."""
    rows: dict[tuple[str, int | None, str], dict[str, Any]] = {}
    for number in numbers:
        partner_id = await _partner_id_of(number, session, principal)
        rows[number.kind, partner_id, number.number] = {
            "material_id": material_id, "kind": number.kind, "number": number.number,
            "partner_id": partner_id,
        }  # fmt: skip
    is_same_number = [
        sa.and_(_N.kind == kind, _N.partner_id.is_not_distinct_from(partner), _N.number == number)
        for kind, partner, number in rows
    ]
    delete = sa.delete(material_numbers).where(
        sa.or_(_N.material_id == material_id, *is_same_number)
    )
    previous_owners = set((await session.scalars(delete.returning(_N.material_id))).all())
    if rows:
        await session.execute(sa.insert(material_numbers), list(rows.values()))
    return previous_owners


async def _partner_id_of(
    number: NewNumber, session: ReadSession, principal: Principal
) -> int | None:
    if (number.partner is None) is (number.kind in {"supplier", "customer"}):
        code = "number_without_partner" if number.partner is None else "number_with_partner"
        detail = Sentence(f"supply.{code}", kind=number.kind, number=number.number)
        raise Problem(
            422, "invalid_number", detail,
            Sentence("supply.send_partner"),
            errors=[{"pointer": "/body/numbers", "code": "invalid", "detail": detail}],
        )  # fmt: skip
    if number.partner is None:
        return None
    return await supply_scope.resolve_id(SUPPLIER, number.partner, session, principal)


async def _load_detail(
    material_id: int, session: ReadSession, principal: Principal
) -> MaterialDetailView:
    query = _materials_query(principal).where(_M.id == material_id)
    row = (await session.execute(query)).mappings().one()
    numbers = (
        sa.select(material_numbers, partners.c.key.label("partner"))
        .outerjoin(partners, partners.c.id == _N.partner_id)
        .where(
            _N.material_id == material_id,
            sa.or_(
                _N.partner_id.is_(None), supply_scope.supplier_visible(principal, _N.partner_id)
            ),
        )
        .order_by(_N.kind, partners.c.key, _N.number)
    )
    units = sa.select(material_units).where(_U.material_id == material_id).order_by(_U.unit)
    return MaterialDetailView(
        **row,
        numbers=[NumberView(**number) for number in (await session.execute(numbers)).mappings()],
        units=[UnitView(**unit) for unit in (await session.execute(units)).mappings()],
    )


def _materials_query(principal: Principal) -> sa.Select[Any]:
    r = supply_relations.c
    supplier_keys = (
        sa.select(sa.func.array_agg(sa.distinct(partners.c.key)))
        .select_from(supply_relations.join(partners, partners.c.id == r.supplier_id))
        .where(r.material_id == _M.id, supply_scope.site_visible(principal, r.site_id))
        .correlate(materials)
        .scalar_subquery()
    )
    suppliers = sa.func.coalesce(supplier_keys, sa.text("'{}'")).label("suppliers")
    return sa.select(materials, suppliers).where(supply_scope.material_visible(principal, _M.id))
