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
from werknetz_core.mappings.schemas import DOCUMENT_CHARS_MAX

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
    assert [error["pointer"] for error in refused.value.errors] == ["/body/changes/0"]


def test_an_error_points_to_the_change_that_causes_it() -> None:
    units = [("press#druck", "bar"), ("press#a", "Pa"), ("press#b", "degX"), ("press#c", "bar")]
    changes: list[Change] = [
        NewRule(kind="add_rule", source=source, equipment=PRESS, signal=source[-1], unit=unit)
        for source, unit in units[1:]
    ]
    with pytest.raises(Problem) as refused:
        amend_document(BLOCK, 4, [STATE, *changes])
    assert {error["pointer"] for error in refused.value.errors} == {"/body/changes/2"}
    assert "degX" in refused.value.detail
    with pytest.raises(Problem) as refused:
        amend_document(BLOCK, 4, [*changes[:1], STATE, STATE])
    assert {error["pointer"] for error in refused.value.errors} == {"/body/changes/2"}


def test_a_comma_after_the_last_entry_stays_one_comma() -> None:
    document = FLOW.replace("LAEUFT: producing}", "LAEUFT: producing, # , the last\n }").replace(
        "states: zustand}]", "states: zustand}, ]"
    )
    ignored = [Ignored(kind="ignore", source=source) for source in ("press#a", "press#b")]
    mapping = parse_amended(document, STATE, *ignored)
    assert mapping.enums["zustand"] == {"LAEUFT": "producing", "STEHT": "idle"}
    assert [rule.source for rule in mapping.rules] == ["press#zustand", "press#a", "press#b"]


def test_several_changes_are_made_one_after_the_other() -> None:
    without = BLOCK.replace(BLOCK[BLOCK.index("enums") : BLOCK.index("rules")], "").replace(
        "states: zustand", "states: packml/tr88"
    )
    changes: list[Change] = [
        StateCode(kind="map_state", table="packml/tr88", code="98", state="off"),
        StateCode(kind="map_state", table="packml/tr88", code="99", state="repair"),
        NewRule(kind="add_rule", source="press#t", equipment=PRESS, signal="t", unit="K"),
        ChangedRule(kind="set_rule", source="press#t", unit="degC", decimal="comma"),
        ChangedRule(kind="set_rule", source="press#druck", unit="Pa"),
        ChangedRule(kind="set_rule", source="press#druck", unit="kPa", source_unit="bar"),
    ]
    mapping = parse_amended(without, *changes)
    table = mapping.state_table("packml/tr88")
    assert (table["98"], table["99"]) == (MachineState.OFF, MachineState.REPAIR)
    rules = {rule.source: rule for rule in mapping.rules}
    assert (rules["press#t"].unit, rules["press#t"].decimal) == ("degC", "comma")
    assert (rules["press#druck"].unit, rules["press#druck"].source_unit) == ("kPa", "bar")


ANCHORS = f"""\
name: presses
version: 3
rules:
  - {{source: press#a, equipment: &e {PRESS}, signal: a, unit: &u bar}}
  - source: press#b
    equipment: *e
    signal: b
    unit: *u
"""


def test_a_change_beside_an_alias_leaves_its_anchor() -> None:
    change = ChangedRule(kind="set_rule", source="press#b", unit="Pa", decimal="comma")
    first, second = parse_amended(ANCHORS, change).rules
    assert (first.unit, first.decimal) == ("bar", "point")
    assert (second.unit, second.decimal) == ("Pa", "comma")


@pytest.mark.parametrize(
    ("document", "change"),
    [
        (ANCHORS, ChangedRule(kind="set_rule", source="press#a", unit="Pa")),
        (ANCHORS.replace("rules:", "rules: &r"), Ignored(kind="ignore", source="press#c")),
        (BLOCK.replace("zustand:", "zustand: &t"), None),
    ],
)
def test_what_stands_at_an_anchor_is_not_edited(document: str, change: Change | None) -> None:
    if change is None:
        assert parse_amended(document, STATE).enums["zustand"]["STEHT"] == "idle"
        return
    with pytest.raises(Problem) as refused:
        amend_document(document, 4, [change])
    assert (refused.value.status, refused.value.code) == (409, "cannot_amend")
    assert [error["pointer"] for error in refused.value.errors] == ["/body/changes"]


@pytest.mark.timeout(20)
def test_a_large_mapping_is_parsed_once_for_all_changes() -> None:
    rules = (f"- {{source: press#r{n}, equipment: {PRESS}, signal: r{n}}}" for n in range(500))
    document = "name: presses\nversion: 3\nrules:\n" + "\n".join(rules) + "\n"
    changes = [Ignored(kind="ignore", source=f"press#{number}") for number in range(100)]
    assert len(parse_amended(document, *changes).rules) == 600


def test_a_mapping_that_could_not_be_stored_is_refused() -> None:
    room = DOCUMENT_CHARS_MAX - len(BLOCK)
    fits = BLOCK + "#" * room
    for document, pointer in ((fits, "/body/changes"), (fits + "#", "/body/version")):
        with pytest.raises(Problem) as refused:
            amend_document(document, 4, [STATE])
        assert [error["pointer"] for error in refused.value.errors] == [pointer]
    added = len("\n    STEHT: idle")
    assert len(amend_document(fits[:-added], 4, [STATE])) == DOCUMENT_CHARS_MAX
