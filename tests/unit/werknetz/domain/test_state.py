from werknetz.domain.state import STATE_TABLES, MachineState


def test_a_code_depends_on_the_specification() -> None:
    assert STATE_TABLES["packml/opc-30060"]["4"] is MachineState.PRODUCING
    assert STATE_TABLES["packml/opc-30060"]["11"] is MachineState.MALFUNCTION
    assert STATE_TABLES["packml/opc-30060"]["5"] is MachineState.SUSPENDED
    assert STATE_TABLES["packml/tr88"]["6"] is MachineState.PRODUCING


def test_packml_has_17_states_in_both_numberings() -> None:
    assert set(STATE_TABLES["packml/opc-30060"]) == {str(n) for n in range(17)}
    assert set(STATE_TABLES["packml/tr88"]) == {str(n) for n in range(1, 18)}
