"""Business events as the columns that `store.ingest.events.ADD_EVENTS` takes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.events.batch import BusinessEvent
from werknetz.events.facts import body_of, kind_of


def columns_of_events(events: Sequence[tuple[int, BusinessEvent]]) -> list[list[object]]:
    """Return the columns of (seq, event), in the order of ids; the last has the order of delivery.

    Two writers of the same facts then lock them in the same order.
    """
    numbers = sorted(range(len(events)), key=lambda number: events[number][1].event_id.bytes)
    ordered = [events[number] for number in numbers]
    return [
        [event.event_id for _, event in ordered],
        [kind_of(event.fact) for _, event in ordered],
        [seq for seq, _ in ordered],
        [event.source for _, event in ordered],
        [event.item for _, event in ordered],
        [bounded_instant(event.at_us) for _, event in ordered],
        [event.mapping for _, event in ordered],
        [event.raw_hash for _, event in ordered],
        [json_of_fact(event) for _, event in ordered],
        [event.content for _, event in ordered],
        [event.version for _, event in ordered],
        [event.group for _, event in ordered],
        [*numbers],
    ]


def json_of_fact(event: BusinessEvent) -> str:
    return msgspec.json.encode(body_of(event.fact)).decode()


def bounded_instant(at_us: int) -> datetime:
    """Return the instant, clamped to the range of PostgreSQL."""
    return instant_of(min(max(at_us, TIME_MIN_US), TIME_MAX_US))
