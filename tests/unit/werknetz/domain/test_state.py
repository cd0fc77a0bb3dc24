from werknetz.domain.state import STATE_TABLES, MachineState


def test_a_code_depends_on_the_specification() -> None:
    assert STATE_TABLES["packml/opc-30060"]["4"] is MachineState.PRODUCING
    assert STATE_TABLES["packml/opc-30060"]["11"] is MachineState.MALFUNCTION
    assert STATE_TABLES["packml/opc-30060"]["5"] is MachineState.SUSPENDED
    assert STATE_TABLES["packml/tr88"]["6"] is MachineState.PRODUCING


def test_packml_has_17_states_in_both_numberings() -> None:
    assert set(STATE_TABLES["packml/opc-30060"]) == {str(n) for n in range(17)}
    assert set(STATE_TABLES["packml/tr88"]) == {str(n) for n in range(1, 18)}


def test_numbers_of_states_are_those_of_stored_samples() -> None:
    """Samples hold the numbers: a change would give stored history another meaning."""
    assert {state.name: int(state) for state in MachineState} == {
        "UNKNOWN": 0, "PRODUCING": 1, "SETUP": 2, "IDLE": 3, "MALFUNCTION": 4, "BLOCKED": 5,
        "STARVED": 6, "SUSPENDED": 7, "MAINTENANCE": 8, "REPAIR": 9, "OFF": 10,
    }  # fmt: skip
