"""Acknowledgements of shortage warnings: the one in force of a place, and when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from werknetz.domain.bucket import microseconds_of
from werknetz.kpi.stock.plan import HOUR_US
from werknetz.kpi.stock.supply_caused import StockPlace
from werknetz.store.queries.forecast import ACKNOWLEDGEMENTS
from werknetz.store.session import ReadConnection
from werknetz_core.forecast.acknowledgements.schemas import AcknowledgementView
from werknetz_core.forecast.shortage_warnings.shortages import PlaceShortage

EARLIER_US: Final = HOUR_US
"""A warning that begins so much earlier than the one that was acknowledged is worse."""

State = Literal["in_force", "expired", "earlier", "other_lines"]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who knows of a warning, until when, and how the warning was then."""

    id: int
    short_at: datetime
    equipment_ids: frozenset[int]
    until: datetime
    comment: str
    by: str
    at: datetime

    def state_of(self, short: PlaceShortage, now_us: int) -> State:
        """Return whether it covers the warning as it is now, else why not."""
        if now_us >= microseconds_of(self.until):
            return "expired"
        if short.shortage.start_us < microseconds_of(self.short_at) - EARLIER_US:
            return "earlier"
        if not {demand.equipment_id for demand in short.demands} <= self.equipment_ids:
            return "other_lines"
        return "in_force"

    def view(self, short: PlaceShortage, now_us: int) -> AcknowledgementView:
        return AcknowledgementView(
            id=self.id, state=self.state_of(short, now_us), by=self.by, at=self.at,
            until=self.until, comment=self.comment, short_at=self.short_at,
        )  # fmt: skip


async def load_acknowledgements(
    connection: ReadConnection, places: Sequence[StockPlace]
) -> dict[StockPlace, Acknowledgement]:
    """Return the newest acknowledgement of each place that was not withdrawn."""
    rows = await connection.fetch(
        ACKNOWLEDGEMENTS, [place[0] for place in places], [place[1] for place in places]
    )
    return {
        (row["warehouse_id"], row["material_id"]): Acknowledgement(
            row["id"], row["short_at"], frozenset(row["equipment_ids"]), row["until_at"],
            row["comment"], row["acknowledged_by"], row["acknowledged_at"],
        )
        for row in rows
    }  # fmt: skip
