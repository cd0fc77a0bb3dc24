"""The deliveries behind a shortage: open due lines, what is on its way for them, their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stock.warning import (
    AllottedDueLine,
    OpenDueLine,
    OpenShipmentLine,
    allot_shipments,
)
from werknetz_core.forecast.forecast import LOST_AFTER_US
from werknetz_core.forecast.inputs import Connection
from werknetz_core.forecast.shortage_warnings.schemas import ExpectedShipmentView
from werknetz_core.http.links import message_views_of

_DUE: Final = """
SELECT d.relation_id, d.id, d.document, d.due_from, d.quantity, d.open_quantity, d.event_ids,
    greatest(d.due_until, d.window_until) AS until, p.key AS supplier, p.name AS supplier_name
FROM due_lines d JOIN supply_relations r ON r.id = d.relation_id
JOIN partners p ON p.id = r.supplier_id LEFT JOIN sites s ON s.id = r.site_id
WHERE d.open_quantity > 0 AND d.relation_id = ANY($1) AND d.due_from <= $2
    AND ($3::int[] IS NULL OR s.equipment_id = ANY($3))
ORDER BY d.relation_id, d.due_from, d.id"""
_SENT: Final = """
SELECT t.relation_id, t.event_id, t.document, t.arrives_at, t.quantity, t.open_quantity,
    s.despatched_at
FROM transit_lines t JOIN supply_relations r ON r.id = t.relation_id
LEFT JOIN shipments s ON s.supplier_id = r.supplier_id AND s.document = t.document
WHERE t.open_quantity > 0 AND t.relation_id = ANY($1) AND t.arrives_at >= $2
ORDER BY t.relation_id, t.arrives_at, t.event_id"""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Promises by relation; `due` and `sent`: the rows that the numbers in them name."""

    by_relation: Mapping[int, Sequence[AllottedDueLine]]
    due: Mapping[int, asyncpg.Record]
    sent: Sequence[asyncpg.Record]

    def shipments_of(self, promise: AllottedDueLine) -> list[ExpectedShipmentView]:
        return [_shipment(self.sent[one.id], one) for one in promise.shipments]


async def deliveries(
    connection: Connection,
    tomorrow: Mapping[int, int],
    now_us: int,
    until_us: int,
    plants: Sequence[int] | None,
) -> Deliveries:
    """Load what relations are to deliver. `tomorrow`: when what is late is expected, of each."""
    ids = list(tomorrow)
    due_rows = await connection.fetch(_DUE, ids, instant_of(until_us), plants)
    sent_rows = await connection.fetch(_SENT, ids, instant_of(now_us - LOST_AFTER_US))
    due: dict[int, list[OpenDueLine]] = {}
    for row in due_rows:
        due.setdefault(row["relation_id"], []).append(
            OpenDueLine(row["id"], _us(row["due_from"]), _us(row["until"]), row["open_quantity"])
        )
    sent: dict[int, list[OpenShipmentLine]] = {}
    for number, row in enumerate(sent_rows):
        relation, at_us = row["relation_id"], _us(row["arrives_at"])
        expected_us = tomorrow[relation] if at_us < now_us else at_us
        sent.setdefault(relation, []).append(
            OpenShipmentLine(number, expected_us, row["open_quantity"])
        )
    return Deliveries(
        {
            relation: allot_shipments(lines, sent.get(relation, ()))
            for relation, lines in due.items()
        },
        {row["id"]: row for row in due_rows},
        sent_rows,
    )


def _shipment(row: asyncpg.Record, one: OpenShipmentLine) -> ExpectedShipmentView:
    told: dict[str, Any] = {
        name: row[name]
        for name in ("document", "despatched_at", "arrives_at", "quantity", "open_quantity")
    }
    return ExpectedShipmentView(
        **told,
        expected_at=instant_of(one.expected_us),
        event=message_views_of([row["event_id"]])[0],
    )


def _us(at: Any) -> int:
    return microseconds_of(at)
