"""Which warehouse a supply relation fills."""

from collections.abc import Collection, Iterable

from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz_core.forecast.inputs import Relation, Warehouse


def fed_by(
    relations: Iterable[Relation],
    warehouses: Iterable[Warehouse],
    taken_from: Collection[StockPlace],
    kept_in: Collection[StockPlace],
) -> dict[int, StockPlace]:
    """Return the place of each relation: a warehouse of its site's plant that has the material.

    First one that lines take it from, then one that keeps it, then one of the site itself, then
    the lowest id. A relation without a warehouse near its site is left out.
    """
    of_site: dict[int, list[Warehouse]] = {}
    of_plant: dict[int, list[Warehouse]] = {}
    for warehouse in warehouses:
        if warehouse.site_id is not None:
            of_site.setdefault(warehouse.site_id, []).append(warehouse)
        if warehouse.plant_id is not None:
            of_plant.setdefault(warehouse.plant_id, []).append(warehouse)
    found: dict[int, StockPlace] = {}
    nearby: dict[tuple[int | None, int | None], list[Warehouse]] = {}
    for relation in relations:
        where = relation.site_id, relation.plant_id
        near = nearby.get(where)
        if near is None:
            both = [*of_site.get(where[0] or 0, ()), *of_plant.get(where[1] or 0, ())]
            near = nearby[where] = list({one.id: one for one in both}.values())
        if not near:
            continue
        if len(near) == 1:
            found[relation.id] = (near[0].id, relation.material_id)
            continue

        def rank(
            warehouse: Warehouse, relation: Relation = relation
        ) -> tuple[bool, bool, bool, int]:
            place = warehouse.id, relation.material_id
            return (
                place not in taken_from,
                place not in kept_in,
                warehouse.site_id != relation.site_id,
                warehouse.id,
            )

        found[relation.id] = (min(near, key=rank).id, relation.material_id)
    return found
