from werknetz.domain.state import SPECIFICATIONS, MachineState


def test_the_same_number_means_different_things_in_different_specifications() -> None:
    assert SPECIFICATIONS["packml/opc-30060"]["4"] is MachineState.PRODUCING
    assert SPECIFICATIONS["packml/opc-30060"]["11"] is MachineState.MALFUNCTION
    assert SPECIFICATIONS["packml/opc-30060"]["5"] is MachineState.SUSPENDED
    assert SPECIFICATIONS["packml/tr88"]["6"] is MachineState.PRODUCING


def test_packml_has_17_states_in_both_numberings() -> None:
    assert set(SPECIFICATIONS["packml/opc-30060"]) == {str(n) for n in range(17)}
    assert set(SPECIFICATIONS["packml/tr88"]) == {str(n) for n in range(1, 18)}
