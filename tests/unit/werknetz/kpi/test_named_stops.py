"""A reason that a person entered without a state is the code of the stops in its time."""

import numpy as np

from werknetz.kpi.series import Steps, TextIndex
from werknetz.kpi.timeline.precedence import effective_states
from werknetz.kpi.timeline.reports import Reports, StateSpan

P, M, I = 1, 4, 3  # noqa: E741 - states of machines


def test_only_stops_get_the_reason_as_their_code() -> None:
    codes = TextIndex()
    seven = codes.id_of("7")
    states = Steps(
        np.array([0, 10, 20, 30], np.int64), np.array([P, M, P, I], np.int64),
        np.array([0, seven, 0, 0], np.int64),
    )  # fmt: skip
    spans = (
        StateSpan(5, 15, None, "jam"), StateSpan(17, 25, None, None), StateSpan(32, 40, M, "tool"),
    )  # fmt: skip
    named = effective_states(states, Reports(entries=spans), codes)
    shown = [
        (at, value, codes.texts[name])
        for at, value, name in zip(
            named.at.tolist(), named.value.tolist(), named.name.tolist(), strict=True
        )
        if at >= 0
    ]
    assert shown == [
        (0, P, None), (10, M, "jam"), (15, M, "7"), (20, P, None), (30, I, None), (32, M, "tool"),
        (40, I, None),
    ]  # fmt: skip
