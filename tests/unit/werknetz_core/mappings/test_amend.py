"""Single changes of a mapping: what is not changed stays as it was written, comments too."""

import pytest

from werknetz.connector.mapping.mapping import Mapping
from werknetz.domain.state import MachineState
from werknetz_core.http.problem import Problem
from werknetz_core.mappings.amendments.amend import amend_document, changed_lines
from werknetz_core.mappings.amendments.schemas import (
    Change,
    ChangedRule,
    Ignored,
    NewRule,
    StateCode,
    ValueCode,
)
from werknetz_core.mappings.registry import parse_document

PRESS = "nordwerk/emden-1/body/line-2/press-3"
BLOCK = f"""\
# the presses of Emden
name: presses
version: 3  # see the change request
enums:
  zustand:
    LAEUFT: producing
    "7": idle  # between two orders
rules:
  - source: press#druck
    equipment: {PRESS}
    signal: pressure
    unit: bar
  # the state
  - {{source: press#zustand, equipment: {PRESS}, signal: state, role: state, states: zustand}}
events:
- source: lager
  kind: stock_moved
  fields:
    document: beleg
    material: material
    quantity: menge
    warehouse: lager
    status:
      field: art
      values:
        F: free
"""
FLOW = (
    f"{{name: presses, version: 3, enums: {{zustand: {{LAEUFT: producing}}}}, rules: [{{source: "
    f"press#zustand, equipment: {PRESS}, signal: state, role: state, states: zustand}}]}}"
)
WRAPPED = "connector: press\nmapping:\n" + "".join(f"  {line}\n" for line in BLOCK.splitlines())
STATE = StateCode(kind="map_state", table="zustand", code="STEHT", state="idle")


def parse_amended(document: str, *changes: Change) -> Mapping:
    return parse_document(amend_document(document, 4, changes))


@pytest.mark.parametrize("document", [BLOCK, FLOW, WRAPPED])
def test_a_state_code_is_added_to_its_table(document: str) -> None:
    before, after = parse_document(document), parse_amended(document, STATE)
    assert after.version == 4
    assert after.enums["zustand"] == before.enums["zustand"] | {"STEHT": "idle"}
    assert after.rules == before.rules
    assert after.events == before.events


def test_comments_and_other_lines_stay() -> None:
    text = amend_document(BLOCK, 4, [STATE])
    assert changed_lines(BLOCK, text) == [
        "- version: 3  # see the change request",
        "+ version: 4  # see the change request",
        "+ STEHT: idle",
    ]


@pytest.mark.parametrize("code", ["4", "on", "null", "a: b", "'quoted'", "#x", "ÄÖ", "1e3", "- x"])
def test_a_code_stays_the_text_that_the_source_sends(code: str) -> None:
    change = StateCode(kind="map_state", table="zustand", code=code, state="repair")
    assert parse_amended(BLOCK, change).state_table("zustand")[code] is MachineState.REPAIR


def test_a_built_in_table_is_copied_first() -> None:
    document = BLOCK.replace("zustand}", "packml/tr88}").replace(
        "states: zustand", "states: packml/tr88"
    )
    change = StateCode(kind="map_state", table="packml/tr88", code="99", state="off")
    table = parse_amended(document, change).state_table("packml/tr88")
    assert table["99"] is MachineState.OFF
    assert table["6"] is MachineState.PRODUCING
    without = document.replace("enums:\n  zustand:\n    LAEUFT: producing\n", "").replace(
        '    "7": idle  # between two orders\n', ""
    )
    assert parse_amended(without, change).state_table("packml/tr88")["99"] is MachineState.OFF


def test_a_value_is_added_to_the_table_of_its_field() -> None:
    change = ValueCode(kind="map_value", source="lager", field="status", code="S", value="blocked")
    (event,) = parse_amended(BLOCK, change).events
    assert event.fields["status"].values == {"F": "free", "S": "blocked"}


def test_an_address_without_a_rule_gets_one() -> None:
    new = NewRule(
        kind="add_rule", source="press#t{1}", equipment=PRESS, signal="temperature", unit="degC"
    )
    mapping = parse_amended(BLOCK, new, Ignored(kind="ignore", source="press#debug"))
    rules = {rule.source: rule for rule in mapping.rules}
    assert (rules["press#t{{1}}"].signal, rules["press#t{{1}}"].unit) == ("temperature", "degC")
    assert rules["press#debug"].ignore
    assert len(rules) == 4


def test_the_rule_of_an_address_gets_another_unit_and_form_of_numbers() -> None:
    change = ChangedRule(
        kind="set_rule", source="press#druck", unit="Pa", source_unit="bar", decimal="comma"
    )
    rule = parse_amended(BLOCK, change).rules[0]
    assert (rule.unit, rule.source_unit, rule.decimal) == ("Pa", "bar", "comma")
    assert rule.signal == "pressure"


TEMPLATE = """\
name: presses
version: 1
templates:
  press:
    variables: {machine: text}
    rules:
      - source: ${machine}#druck
        equipment: nordwerk/emden-1/body/line-2/${machine}
        signal: pressure
apply:
  - {template: press, with: [{machine: press-3}, {machine: press-4}]}
"""


def test_a_rule_of_a_template_is_changed_in_the_template() -> None:
    change = ChangedRule(kind="set_rule", source="press-4#druck", decimal="comma")
    mapping = parse_amended(TEMPLATE, change)
    assert [rule.decimal for rule in mapping.rules] == ["comma", "comma"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (StateCode(kind="map_state", table="zustand", code="7", state="off"), "cannot_amend"),
        (StateCode(kind="map_state", table="other", code="8", state="off"), "cannot_amend"),
        (
            ValueCode(kind="map_value", source="lager", field="x", code="S", value="s"),
            "cannot_amend",
        ),
        (Ignored(kind="ignore", source="press#druck"), "cannot_amend"),
        (ChangedRule(kind="set_rule", source="press#nothing", unit="bar"), "cannot_amend"),
        (ChangedRule(kind="set_rule", source="press#druck", unit="degX"), "mapping_invalid"),
    ],
)
def test_what_cannot_be_changed_is_refused(change: Change, code: str) -> None:
    with pytest.raises(Problem) as refused:
        amend_document(BLOCK, 4, [change])
    assert refused.value.code == code
