"""The equipment tree as roll-ups need it: what is below what, and in which zone days are cut."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from werknetz.domain.rollup import Span, merge_spans

NO_ZONE = "UTC"


@dataclass(frozen=True)
class RollupTree:
    """`parents` and `time_zones` by id; a zone applies to everything below."""

    parents: Mapping[int, int | None]
    time_zones: Mapping[int, str | None]
    paths: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def children(self) -> Mapping[int, Sequence[int]]:
        children: dict[int, list[int]] = {}
        for number, parent in self.parents.items():
            if parent is not None:
                children.setdefault(parent, []).append(number)
        return children

    def chain(self, number: int) -> Iterator[int]:
        """Yield an equipment and all above it."""
        current: int | None = number
        while current is not None and current in self.parents:
            yield current
            current = self.parents[current]

    def depth(self, number: int) -> int:
        return sum(1 for _ in self.chain(number))

    @cached_property
    def zones(self) -> Mapping[int, str]:
        """The zone of each equipment: its own, else inherited, else that of all below it."""
        inherited = {
            number: next((z for n in self.chain(number) if (z := self.time_zones[n])), None)
            for number in self.parents
        }
        below: dict[int, set[str]] = {}
        for number in self.parents:
            if zone := self.time_zones[number]:
                for above in self.chain(number):
                    below.setdefault(above, set()).add(zone)
        return {
            number: zone
            or (next(iter(below[number])) if len(below.get(number, ())) == 1 else NO_ZONE)
            for number, zone in inherited.items()
        }

    def zone_of(self, number: int) -> ZoneInfo:
        return ZoneInfo(self.zones[number])

    def spans_of_marks(self, marks: Iterable[tuple[int, int, int]]) -> dict[int, tuple[Span, ...]]:
        """Return the spans of each equipment that marks (id, start, end) make old."""
        spans: dict[int, list[Span]] = {}
        for number, start_us, end_us in marks:
            for above in self.chain(number):
                spans.setdefault(above, []).append((start_us, end_us))
        return {number: merge_spans(parts) for number, parts in spans.items()}
