"""Open due lines of relations, the shipments in transit for them, and their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.stock.warning import (
    AllottedDueLine,
    OpenDueLine,
    OpenShipmentLine,
    allot_shipments,
)
from werknetz.store.queries.forecast import IN_TRANSIT_OF_RELATIONS, OPEN_DUE_LINES_OF_RELATIONS
from werknetz.store.session import ReadConnection
from werknetz_core.forecast.forecast import LOST_AFTER_US
from werknetz_core.forecast.shortage_warnings.schemas import ExpectedShipmentView
from werknetz_core.http.links import message_views_of


@dataclass(frozen=True, slots=True)
class OpenDeliveries:
    """Due lines with their shipments by relation, and the rows that their ids refer to."""

    by_relation: Mapping[int, Sequence[AllottedDueLine]]
    due_rows: Mapping[int, asyncpg.Record]  # by id of the due line
    shipment_rows: Sequence[asyncpg.Record]  # by id of the shipment line

    def shipment_views(self, line: AllottedDueLine) -> list[ExpectedShipmentView]:
        return [
            _shipment_view(self.shipment_rows[shipment.id], shipment) for shipment in line.shipments
        ]


async def load_open_deliveries(
    connection: ReadConnection,
    tomorrow_us: Mapping[int, int],
    now_us: int,
    until_us: int,
    plant_ids: Sequence[int] | None,
) -> OpenDeliveries:
    """Load the open deliveries of relations.

    `tomorrow_us`: by relation, when late shipments are expected. `plant_ids` None: all plants.
    """
    ids = list(tomorrow_us)
    due_rows = await connection.fetch(
        OPEN_DUE_LINES_OF_RELATIONS, ids, instant_of(until_us), plant_ids
    )
    shipment_rows = await connection.fetch(
        IN_TRANSIT_OF_RELATIONS, ids, instant_of(now_us - LOST_AFTER_US)
    )
    due_lines: dict[int, list[OpenDueLine]] = {}
    for row in due_rows:
        due_us, until = microseconds_of(row["due_from"]), microseconds_of(row["until"])
        due_lines.setdefault(row["relation_id"], []).append(
            OpenDueLine(row["id"], due_us, until, row["open_quantity"])
        )
    shipments: dict[int, list[OpenShipmentLine]] = {}
    for number, row in enumerate(shipment_rows):
        relation, at_us = row["relation_id"], microseconds_of(row["arrives_at"])
        expected_us = tomorrow_us[relation] if at_us < now_us else at_us
        shipments.setdefault(relation, []).append(
            OpenShipmentLine(number, expected_us, row["open_quantity"])
        )
    return OpenDeliveries(
        {
            relation: allot_shipments(lines, shipments.get(relation, ()))
            for relation, lines in due_lines.items()
        },
        {row["id"]: row for row in due_rows},
        shipment_rows,
    )


def _shipment_view(row: asyncpg.Record, shipment: OpenShipmentLine) -> ExpectedShipmentView:
    fields: dict[str, Any] = {
        name: row[name]
        for name in ("document", "despatched_at", "arrives_at", "quantity", "open_quantity")
    }
    return ExpectedShipmentView(
        **fields,
        expected_at=instant_of(shipment.expected_us),
        event=message_views_of([row["event_id"]])[0],
    )
