import pytest

from werknetz.domain.role import Role

COUNTS = {Role.GOOD_COUNT, Role.TOTAL_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT}


@pytest.mark.parametrize("role", Role)
def test_counts_states_orders_and_planned_run_times_affect_kpis(role: Role) -> None:
    assert role.is_count == (role in COUNTS)
    assert role.affects_kpis == (
        role in COUNTS | {Role.STATE, Role.ORDER, Role.PLANNED_RUN_TIME, Role.ENERGY}
    )
