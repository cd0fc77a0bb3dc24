"""Additive elements: the sums that formulas are over, whether of machines, deliveries or stock.

Only sums are stored and added up. A ratio is computed from them last, and never averaged.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Generic, Protocol, Self, TypeVar


class NamedColumns(Protocol):
    """A mapping or a database row: returns the value of a column by its name."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class AdditiveElements(ABC):
    """Base of elements: every field is a sum, so those of parts add up to the whole."""

    def __add__(self, other: Self) -> Self:
        names = element_names(type(self))
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        total = cls()
        for part in parts:
            total += part
        return total

    @classmethod
    def of(cls, row: NamedColumns) -> Self:
        """Read the elements from a row; other columns are ignored, null counts as 0."""
        return cls(**{name: float(row[name] or 0.0) for name in element_names(cls)})

    @property
    @abstractmethod
    def coverage(self) -> float | None:
        """Share of what was expected that is known; None: nothing was expected."""

    @property
    def late_share(self) -> float | None:
        """Share of the samples that came more than a bucket late; None: there are no samples."""
        return None

    @abstractmethod
    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether nothing is known of what a formula over these inputs needs."""


E = TypeVar("E", bound=AdditiveElements)


class PartialReader(Generic[E]):
    """Reads only some elements of a row, where many rows are read for a few formulas.

    The others do not exist in what it returns: a formula that reads one is an AttributeError.
    """

    def __init__(self, kind: type[E], names: Iterable[str]) -> None:
        self._kind = kind
        self._setters = [(name, getattr(kind, name).__set__) for name in sorted(names)]

    def __call__(self, row: NamedColumns) -> E:
        elements = object.__new__(self._kind)
        for name, set_value in self._setters:
            set_value(elements, row[name] or 0.0)
        return elements


@cache
def element_names(kind: type[AdditiveElements]) -> tuple[str, ...]:
    """Return the names of the elements in the order of their fields."""
    return tuple(field.name for field in fields(kind))
