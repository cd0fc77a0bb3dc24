"""Codes of machines that stand for reasons: what such a reason says about the time of a stop.

A code holds where neither a person's state nor a person's reason does, and only for stops: time in
which the machine produces, or of which nothing is known, stays what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.domain.state import MachineState
from werknetz.kpi.series import Flags, Ids, Steps, TextIndex
from werknetz.kpi.stops.reasons import CodeEffects

NO_STOP: Final = (int(MachineState.UNKNOWN), int(MachineState.PRODUCING))
NOT_STATED, PLANNED, NOT_PLANNED = range(3)
PLANNED_NUMBERS: Final[Mapping[bool | None, int]] = {
    None: NOT_STATED, True: PLANNED, False: NOT_PLANNED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodedTime:
    """The same steps with what codes say: state, planned time, and whether no order runs."""

    states: Steps
    planned: Ids
    without_order: Flags

    @classmethod
    def of(cls, states: Steps, effects: CodeEffects, codes: TextIndex) -> "CodedTime":
        """`codes`: the texts of the names of the steps."""
        values, planned = states.value, np.full(len(states.at), NOT_STATED, np.int64)
        without_order = np.zeros(len(states.at), np.bool_)
        if effects:
            is_stop = ~np.isin(values, NO_STOP)
            values = values.copy()
            for code, effect in effects.items():
                chosen = is_stop & (states.name == codes.id_of(code))
                if effect.state is not None:
                    values[chosen] = effect.state
                planned[chosen] = PLANNED_NUMBERS[effect.is_planned]
                without_order[chosen] = effect.without_order
        return cls(Steps(states.at, values, states.name), planned, without_order)
