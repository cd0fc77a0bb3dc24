"""What each order produced at each machine in a span: good, scrap and rework."""

from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.elements import GATES, Elements
from werknetz.store.kpis.order_sums import order_sums
from werknetz.store.session import Database
from werknetz_core.context.time_spec import UtcSpan

_COUNTS: Final = {"produced": "pq", "good": "gq", "scrap": "sq", "rework": "rq"}
NO_QUANTITIES: Final[dict[str, float | None]] = dict.fromkeys(_COUNTS)
_NAMES: Final = frozenset({*_COUNTS.values(), *(GATES[name] for name in _COUNTS.values())})
OrderAtMachine = tuple[int, str]


async def load_order_quantities(
    database: Database, ids: list[int], span: UtcSpan
) -> dict[OrderAtMachine, dict[str, float | None]]:
    """Return the quantities by machine and order; null: nobody reports it."""
    whole = span.to_buckets()
    rows = await database.fetch(
        order_sums(_NAMES), [0], [1], [instant_of(whole.start_us)], [instant_of(whole.end_us)],
        [0] * len(ids), ids, None,
    )  # fmt: skip
    quantities: dict[OrderAtMachine, dict[str, float | None]] = {}
    for row in rows:
        elements = Elements(**{name: row[name] for name in _NAMES})
        quantities[row["equipment_id"], row["order_number"]] = {
            count: elements.find_reported(name) for count, name in _COUNTS.items()
        }
    return quantities
