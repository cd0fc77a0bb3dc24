"""Values over what is known, beside the strict ones and the shares: a row a case."""

import pytest

from plumbing.kpi_cases import CASES, KpiCase, compute_case, sum_of
from werknetz.kpi.catalogue import KPIS
from werknetz.kpi.elements import Elements


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
        assert {element: total.reported(element) for element in inputs} == pytest.approx(inputs), (
            name
        )


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
