"""Divides sums by production order, or by the product that the orders name."""

import difflib
from collections.abc import Sequence
from typing import Final

from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.kpi.definition import Kpi
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.store.kpis.order_sums import order_sums
from werknetz.store.kpis.products import IS_PRODUCT, PRODUCTS, PRODUCTS_OF_ORDERS
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.groups.grouping import Grouping
from werknetz_core.kpis.groups.sums import DividedSums, DividedTarget, GroupKey, add_sums
from werknetz_core.kpis.scopes.machines import element_names
from werknetz_core.kpis.scopes.scope import WindowSums, columns_of_rows

NO_PRODUCT: Final = "no_product"  # an order runs that names none
MACHINE_BUCKETS_MAX: Final = 3_000_000
"""Of a plant with 85 machines, a year."""


async def divide(
    context: AppContext,
    targets: Sequence[DividedTarget],
    grouping: Grouping,
    kpis: Sequence[Kpi],
) -> list[dict[int, DividedSums]]:
    """Return the sums of the orders or products, by target and number of the window."""
    by_product = grouping.dimension == "product"
    _refuse_too_much(targets)
    names = element_names(kpis)
    windows = [
        (part, n, instant_of(window.start_us), instant_of(window.end_us))
        for part, (_, windows) in enumerate(targets)
        for n, window in enumerate(windows, start=1)
    ]
    machines = [(part, id_) for part, (target, _) in enumerate(targets) for id_ in target.ids]
    divided: list[dict[int, DividedSums]] = [{} for _ in targets]
    async with context.database.snapshot() as connection:
        rows = await connection.fetch(
            order_sums(names), *columns_of_rows(windows, 4), *columns_of_rows(machines, 2), None
        )
        orders = {(row["equipment_id"], row["order_number"]) for row in rows}
        keys = await _load_keys(connection, sorted(orders), by_product=by_product)
    for row in rows:
        key = keys[row["equipment_id"], row["order_number"]]
        elements = EquipmentElements(**{name: row[name] for name in names})
        sums = WindowSums(elements, row["computed_at"], row["provisional"])
        add_sums(divided[row["part"]].setdefault(row["n"], {}), key, sums)
    return divided


def _refuse_too_much(targets: Sequence[DividedTarget]) -> None:
    """Refuse what cannot be answered in time: orders are read by machine and quarter of an hour."""
    buckets = sum(
        len(target.ids) * (window.end_us - window.start_us) // BUCKET_US
        for target, windows in targets
        for window in windows
    )
    if buckets > MACHINE_BUCKETS_MAX:
        raise Problem(
            422,
            "query_too_large",
            Sentence("kpis.too_many_quarters", buckets=buckets, maximum=MACHINE_BUCKETS_MAX),
            Sentence("kpis.one_plant_at_a_time"),
        )


async def _load_keys(
    connection: ReadConnection, orders: Sequence[tuple[int, str]], *, by_product: bool
) -> dict[tuple[int, str], GroupKey]:
    if not by_product:
        return {order: (order[1], None) for order in orders}
    rows = await connection.fetch(PRODUCTS_OF_ORDERS, *columns_of_rows(orders, 2))
    return {
        (row["equipment_id"], row["order_number"]): (
            row["product"],
            NO_PRODUCT if row["product"] is None else None,
        )
        for row in rows
    }


async def require_products(
    context: AppContext, names: Sequence[str], visible: Sequence[int] | None
) -> None:
    """Raise 404 for a product that the caller may not see. `visible`: equipment; None: all."""
    for name in names:
        if not await context.database.fetchval(IS_PRODUCT, visible, name):
            numbers = [row[0] for row in await context.database.fetch(PRODUCTS, visible)]
            near = difflib.get_close_matches(name, numbers, n=3, cutoff=0.5)
            hint = (
                Sentence("requests.did_you_mean", near=[*near])
                if near
                else Sentence("kpis.use_group_by_product")
            )
            raise Problem(404, "unknown_product", Sentence("kpis.unknown_product", name=name), hint)
