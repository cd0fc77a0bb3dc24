"""States partition time and elements add up, whatever the sources report."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.timelines import BREAK, T0, at, compute, span, state_samples
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState as S
from werknetz.kpi.elements import Elements
from werknetz.kpi.series import MachineSamples
from werknetz.kpi.timeline.reports import JobRun, Reports

ENTRIES = st.lists(
    st.tuples(
        st.integers(-10, 40), st.integers(1, 20), st.sampled_from([None, *S]),
        st.sampled_from([None, True, False]),
    ),
    max_size=8,
)  # fmt: skip
SAMPLES = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(list(S))), max_size=8)


@given(SAMPLES, ENTRIES, ENTRIES, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20))))
def test_states_partition_time_and_elements_add_up(
    own: list[tuple[int, S]],
    people: list[tuple[int, int, S | None, bool | None]],
    mes: list[tuple[int, int, S | None, bool | None]],
    jobs: list[tuple[int, int]],
) -> None:
    own = sorted(dict(own).items())
    reports = Reports(
        entries=tuple(span(a, a + n, s, is_planned=p) for a, n, s, p in people),
        states=tuple(span(a, a + n, s) for a, n, s, _ in sorted(mes, key=lambda m: m[0])),
        jobs=tuple(JobRun(f"J{n}", at(a), at(a + m)) for n, (a, m) in enumerate(sorted(jobs))),
        first_job_us=at(min(a for a, _ in jobs)) if jobs else None,
    )
    samples = MachineSamples(state=state_samples(*own) if own else None, reports=reports)
    computed = compute(samples, buckets=3, plan=BREAK)
    pieces = computed.intervals
    assert pieces.start[0] == T0
    assert pieces.end[-1] == T0 + 3 * BUCKET_US
    assert np.array_equal(pieces.start[1:], pieces.end[:-1])
    for bucket in range(3):
        check_identities(computed.elements_of(bucket))


def check_identities(e: Elements) -> None:
    assert e.pot_s + e.off_shift_s == pytest.approx(900)
    assert e.pot_s == pytest.approx(e.pdot_s + e.pbt_s)
    assert e.pbt_s == pytest.approx(e.apt_s + e.aust_s + e.adet_s + e.adot_s + e.unknown_s)
    assert e.aubt_s == pytest.approx(e.aupt_s + e.adet_s)
    delay = e.blocked_s + e.starved_s + e.suspended_s + e.malfunction_s + e.minor_stop_s + e.idle_s
    assert delay == pytest.approx(e.adet_s)
    for name in ("pot_s", "pdot_s", "pbt_s", "apt_s", "aust_s", "adet_s", "adot_s", "unknown_s"):
        assert getattr(e, name) >= 0
