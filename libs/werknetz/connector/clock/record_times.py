"""The times in the fields of a business record, which has no quality for an uncertain one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werknetz.connector.clock.local_time import start_of_day_us, zone_of
from werknetz.connector.clock.wall_clock import is_day, unordered_clock
from werknetz.connector.contract import SourceRecord
from werknetz.connector.mapping.event_rule import FieldRule
from werknetz.domain.bucket import instant_of


@dataclass(slots=True)
class RecordTimes:
    """Reads the times of one record."""

    record: SourceRecord
    mapping_zone: str | None
    arrival_us: int
    is_live: bool
    unsure: str = ""  # the last time whose pass of a repeated hour is unknown

    def read(self, value: Any, rule: FieldRule, *, is_event_time: bool = False) -> int:
        """Return an instant in µs; raise UnreadableValue.

        The field of the record's own time is not read again. In a repeated hour the record's own
        time decides, then the arrival, but only for the time of the event: a due date may lie in
        the future.
        """
        own_us = self.record.source_time_us
        is_own = rule.field is not None and rule.field == self.record.time_field
        if is_own and rule.zone is None and own_us is not None and not is_day(value, rule.format):
            return own_us
        at_us, is_sure = unordered_clock(rule.format, self._zone_of(value, rule)).to_instant(
            value,
            arrival_us=self.arrival_us if is_event_time else None,
            is_live=self.is_live,
            known_us=own_us,
        )
        if not is_sure:
            self.unsure = str(value)[:80]
        return at_us

    def end_of_day(self, value: Any, rule: FieldRule, start_us: int) -> int:
        """Return the end of a day for a date, and the instant itself for a date with a time."""
        if not is_day(value, rule.format):
            return start_us
        zone = self._zone_of(value, rule)
        day = instant_of(start_us).astimezone(zone_of(zone)).date() + timedelta(days=1)
        return start_of_day_us(day, zone)

    def _zone_of(self, value: Any, rule: FieldRule) -> str:
        """A day is one of the plant; a time is one of the clock that wrote it."""
        if rule.zone is not None:
            return rule.zone
        record = self.record
        if is_day(value, rule.format):
            return self.mapping_zone or record.zone or "UTC"
        if rule.field is not None and rule.field == record.time_field:
            return record.zone or "UTC"
        return record.zone or self.mapping_zone or "UTC"
