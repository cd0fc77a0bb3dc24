"""Builds the facts of a relation for tests: days from a Monday, pieces, documents."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import microseconds_of
from werknetz.kpi.supply.facts import (
    CallOffEntry,
    ReceiptLine,
    RelationFacts,
    ScheduleGroup,
    ShipmentLine,
    Terms,
)
from werknetz.kpi.supply.policy import Policy

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
START_US = microseconds_of(datetime(2026, 3, 2, tzinfo=UTC))  # a Monday
NOON = 0.5


def at(day: float) -> int:
    return START_US + round(day * DAY_US)


def uid(number: int) -> UUID:
    return UUID(int=number)


class RelationBuilder:
    """Collects facts; each has an event id of its own."""

    def __init__(self) -> None:
        self.entries: list[CallOffEntry] = []
        self.shipments: list[ShipmentLine] = []
        self.receipts: list[ReceiptLine] = []
        self._count = 0

    def call_off(
        self,
        document: str,
        issued: float,
        due: dict[float, float],
        *,
        arrived: float | None = None,
        **more: object,
    ) -> "RelationBuilder":
        """Add a call-off: quantities by the day on which they are due."""
        for day, quantity in due.items():
            self.entries.append(
                CallOffEntry(
                    event_id=self._next(),
                    document=document,
                    issued_us=at(issued),
                    known_us=at(issued if arrived is None else arrived),
                    quantity=quantity,
                    due_from_us=at(day),
                    due_until_us=at(day + 1),
                    message=f"c-{document}",
                    **more,  # type: ignore[arg-type]
                )
            )
        return self

    def ship(self, note: str, day: float, quantity: float, **more: object) -> "RelationBuilder":
        fields: dict[str, object] = {
            "document": f"asn-{note}", "announced_us": at(day), "known_us": at(day),
            "despatched_us": at(day), "arrives_us": at(day + 1), "delivery_note": note,
            "message": f"s-{note}", **more,
        }  # fmt: skip
        self.shipments.append(
            ShipmentLine(event_id=self._next(), quantity=quantity, **fields)  # type: ignore[arg-type]
        )
        return self

    def receive(
        self, day: float, quantity: float, note: str | None = None, **more: object
    ) -> "RelationBuilder":
        number = self._next()
        fields: dict[str, object] = {
            "document": f"gr-{number.int}", "received_us": at(day), "known_us": at(day),
            "delivery_note": note, "message": f"r-{number.int}", **more,
        }  # fmt: skip
        self.receipts.append(
            ReceiptLine(event_id=number, quantity=quantity, **fields)  # type: ignore[arg-type]
        )
        return self

    def relation(self, **more: object) -> RelationFacts:
        return RelationFacts(
            supplier="Alfa", material="4711", entries=tuple(self.entries),
            shipments=tuple(self.shipments), receipts=tuple(self.receipts),
            **more,  # type: ignore[arg-type]
        )  # fmt: skip

    def _next(self) -> UUID:
        self._count += 1
        return uid(self._count)


def terms(now: float = 30, **document: object) -> Terms:
    chosen = {"early": "0h", "late": "0h", "frozen_days": 0, "asn_expected": False, **document}
    return Terms(policies=((-(2**62), Policy.parse(chosen)),), zone=ZoneInfo("UTC"), now_us=at(now))


def order(number: str, line: str = "") -> ScheduleGroup:
    return ScheduleGroup(number, line)
