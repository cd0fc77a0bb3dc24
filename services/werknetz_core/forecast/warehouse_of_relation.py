"""Which warehouse the deliveries of a supply relation go to."""

from collections.abc import Collection, Iterable

from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz_core.forecast.inputs import Relation, Warehouse


def place_by_relation(
    relations: Iterable[Relation],
    warehouses: Iterable[Warehouse],
    consumed: Collection[StockPlace],
    stocked: Collection[StockPlace],
) -> dict[int, StockPlace]:
    """Return the place of each relation: a warehouse at the plant of the relation's site.

    In order of preference: a warehouse that lines take the material from, one that stocks it, one
    of the site itself, the lowest id. A relation without a warehouse at its plant is left out.
    """
    by_site: dict[int, list[Warehouse]] = {}
    by_plant: dict[int, list[Warehouse]] = {}
    for warehouse in warehouses:
        if warehouse.site_id is not None:
            by_site.setdefault(warehouse.site_id, []).append(warehouse)
        if warehouse.plant_id is not None:
            by_plant.setdefault(warehouse.plant_id, []).append(warehouse)
    places: dict[int, StockPlace] = {}
    candidates_of: dict[tuple[int | None, int | None], list[Warehouse]] = {}
    for relation in relations:
        location = relation.site_id, relation.plant_id
        candidates = candidates_of.get(location)
        if candidates is None:
            nearby = [*by_site.get(location[0] or 0, ()), *by_plant.get(location[1] or 0, ())]
            candidates = list({warehouse.id: warehouse for warehouse in nearby}.values())
            candidates_of[location] = candidates
        if not candidates:
            continue
        if len(candidates) == 1:
            places[relation.id] = (candidates[0].id, relation.material_id)
            continue

        def rank(
            warehouse: Warehouse, relation: Relation = relation
        ) -> tuple[bool, bool, bool, int]:
            place = warehouse.id, relation.material_id
            return (
                place not in consumed,
                place not in stocked,
                warehouse.site_id != relation.site_id,
                warehouse.id,
            )

        places[relation.id] = (min(candidates, key=rank).id, relation.material_id)
    return places
