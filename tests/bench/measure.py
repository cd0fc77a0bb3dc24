"""A line of `make bench`: a figure, and its ratio to what was measured beside it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """`ratio` against `bar`: at least, or at most where `at_most`. No bar: for information."""

    name: str
    figure: str
    ratio: float | None = None
    bar: float | None = None
    at_most: bool = False

    @property
    def word(self) -> str:
        if self.ratio is None or self.bar is None:
            return "-"
        good = self.ratio <= self.bar if self.at_most else self.ratio >= self.bar
        return "ok" if good else "short"

    def __str__(self) -> str:
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}"
        bar = "-" if self.bar is None else f"{'≤' if self.at_most else '≥'} {self.bar:g}"
        return f"{self.name:<44} {self.figure:<44} {ratio:>7} {bar:>8}  {self.word}"
