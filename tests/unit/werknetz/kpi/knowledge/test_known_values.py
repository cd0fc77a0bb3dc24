"""Values over what is known, beside the strict ones and the shares: a row a case."""

import numpy as np
import pytest

from plumbing.kpi_cases import BUCKETS, CASES, T0, KpiCase, compute_case, sum_of
from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.carry import Carry
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.states import BucketRange, compute_buckets


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_value_is_over_what_is_known(case: KpiCase) -> None:
    total = Elements.sum(sum_of(computed) for computed in compute_case(case))
    values = {name: KPIS[name].compute(total)[0] for name in case.values}
    assert values == pytest.approx(case.values)
    strict = {name: KPIS[name].compute_strict(total) for name in case.strict}
    assert strict == pytest.approx(case.strict)
    for name, reason in case.reasons.items():
        assert reason in (KPIS[name].compute(total)[1] or ""), name
    for name, inputs in case.inputs.items():
        assert {element: total.find_reported(element) for element in inputs} == pytest.approx(
            inputs
        ), name


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_shares_show_what_could_be_judged(case: KpiCase) -> None:
    total = Elements.sum(sum_of(computed) for computed in compute_case(case))
    for name, shares in case.shares.items():
        known_s = KPIS[name].quantity_known or "quantity_known_s"
        values = {
            "coverage": total.coverage,
            "state_share": total.coverage,
            "quantity_share": total.quantity_share(known_s),
            "plan_share": total.plan_share,
        }
        assert {share: values[share] for share in shares} == pytest.approx(shares), name


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("length", [1, 5])
def test_a_case_is_the_same_in_parts(case: KpiCase, length: int) -> None:
    for samples, whole in zip(case.machines, compute_case(case), strict=True):
        carry, parts = Carry(), []
        for first in range(0, BUCKETS, length):
            buckets = min(length, BUCKETS - first)
            span = BucketRange(T0 + first * BUCKET_US, buckets, T0 + 2 * BUCKETS * BUCKET_US)
            parts.append(compute_buckets(samples, case.plan, carry, span))
            carry = Carry.from_document(parts[-1].carries[-1].to_document())
        for name in ELEMENT_NAMES:
            joined = np.concatenate([part.columns[name] for part in parts])
            np.testing.assert_allclose(joined, whole.columns[name], err_msg=name, atol=1e-6)
        assert carry.to_document() == whole.carries[-1].to_document()
