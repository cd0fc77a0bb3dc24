"""How long a machine produced, and how long its state was unknown, up to each instant."""

from dataclasses import dataclass

import numpy as np

from werknetz.kpi.series import Flags, Instants, Numbers


@dataclass(frozen=True, slots=True)
class StateTime:
    """Two rising lines over the boundaries of state intervals, in microseconds."""

    at: Instants  # ascending; before the first and after the last nothing is added
    apt_us: Numbers
    unknown_us: Numbers

    @classmethod
    def of(cls, start: Instants, end: Instants, *, apt: Flags, unknown: Flags) -> "StateTime":
        """Build from adjacent intervals and what each of them is."""
        if not len(start):
            return cls(np.zeros(1, np.int64), np.zeros(1), np.zeros(1))
        duration = (end - start).astype(np.float64)
        return cls(
            np.append(start[:1], end),
            np.append(0.0, np.cumsum(np.where(apt, duration, 0.0))),
            np.append(0.0, np.cumsum(np.where(unknown, duration, 0.0))),
        )

    @property
    def is_known(self) -> bool:
        """Whether the state is known all the time."""
        return not self.unknown_us[-1]

    def apt_until(self, at: Instants) -> Numbers:
        return np.interp(at, self.at, self.apt_us)

    def is_unknown_before(self, at: Instants) -> Flags:
        """Return whether the state is unknown right before each instant."""
        is_unknown = np.append(np.append(False, np.diff(self.unknown_us) > 0), False)
        unknown: Flags = is_unknown[np.searchsorted(self.at, at, side="left")]
        return unknown

    def unknown_until(self, at: Instants) -> Numbers:
        return np.interp(at, self.at, self.unknown_us)


def known_share(apt_us: Numbers, unknown_us: Numbers) -> Numbers:
    """Return the share of quantities that was made while the state was known.

    What was counted over a span was made while the machine produced, or while nobody knows what
    it did: in proportion to these times. Without unknown time all of it is known.
    """
    whole = apt_us + unknown_us
    share: Numbers = np.divide(apt_us, whole, out=np.ones(len(whole)), where=unknown_us > 0)
    return share
