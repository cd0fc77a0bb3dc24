"""Filters of lists by supplier, material, site and warehouse: one declaration for all routes."""

from dataclasses import dataclass
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Depends

from werknetz.store.session import ReadSession
from werknetz.store.tables.stock import stock_items
from werknetz.store.tables.supply import supply_relations
from werknetz_core.access.keys import Principal
from werknetz_core.access.supply_scope import (
    MATERIAL,
    SITE,
    SUPPLIER,
    WAREHOUSE,
    Ids,
    MaterialFilter,
    SiteFilter,
    SupplierFilter,
    WarehouseFilter,
    name_condition,
)

_RELATION: Final = supply_relations.c
_ITEM: Final = stock_items.c


@dataclass(frozen=True, slots=True)
class RelationFilters:
    """Names of suppliers, materials and sites; an empty list does not restrict."""

    supplier: list[str]
    material: list[str]
    site: list[str]

    async def condition(
        self,
        session: ReadSession,
        principal: Principal,
        *,
        supplier_id: Ids = _RELATION.supplier_id,
        material_id: Ids | None = _RELATION.material_id,
        site_id: Ids = _RELATION.site_id,
    ) -> sa.ColumnElement[bool]:
        """Return the condition on a query that joins `supply_relations`, or has these columns.

        `material_id` None: the caller filters by material.
        """
        conditions = [
            await name_condition(SUPPLIER, self.supplier, supplier_id, session, principal),
            await name_condition(SITE, self.site, site_id, session, principal),
        ]
        if material_id is not None:
            conditions.append(
                await name_condition(MATERIAL, self.material, material_id, session, principal)
            )
        return sa.and_(*conditions)


@dataclass(frozen=True, slots=True)
class StockFilters:
    """Names of warehouses and materials; an empty list does not restrict."""

    warehouse: list[str]
    material: list[str]

    async def condition(
        self,
        session: ReadSession,
        principal: Principal,
        *,
        warehouse_id: Ids = _ITEM.warehouse_id,
        material_id: Ids = _ITEM.material_id,
    ) -> sa.ColumnElement[bool]:
        """Return the condition on a query that joins `stock_items`, or has these columns."""
        return sa.and_(
            await name_condition(WAREHOUSE, self.warehouse, warehouse_id, session, principal),
            await name_condition(MATERIAL, self.material, material_id, session, principal),
        )


async def read_relation_filters(
    supplier: SupplierFilter = [],  # noqa: B006 - FastAPI copies
    material: MaterialFilter = [],  # noqa: B006 - as above
    site: SiteFilter = [],  # noqa: B006 - as above
) -> RelationFilters:
    return RelationFilters(supplier, material, site)


async def read_stock_filters(
    warehouse: WarehouseFilter = [],  # noqa: B006 - FastAPI copies
    material: MaterialFilter = [],  # noqa: B006 - as above
) -> StockFilters:
    return StockFilters(warehouse, material)


RelationFiltersDep = Annotated[RelationFilters, Depends(read_relation_filters)]
StockFiltersDep = Annotated[StockFilters, Depends(read_stock_filters)]
