"""What `werknetz connect opcua --out` writes is an edge file that loads."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Points
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.edge_file import format_edge_file, select_variables
from werknetz_edge.opcua.explore.browse import Variable
from werknetz_edge.opcua.explore.browse_step import BrowseStep
from werknetz_edge.opcua.rules import rules_of_variables

FOUND = [
    Variable(None, "nsu=urn:p;s=Cell7.Temp", "/Objects/Cell7/SpindleTemp", "Double", unit="°C"),
    Variable(None, "nsu=urn:p;s=Cell7.Good", "/Objects/Cell7/GoodCount", "UInt32"),
    Variable(None, "nsu=urn:p;s=Press.On", "/Objects/Press/On", "Boolean"),
]


def test_patterns_pick_by_path_or_address() -> None:
    assert select_variables(FOUND, []) == FOUND
    assert select_variables(FOUND, ["*/Cell7/*"]) == FOUND[:2]
    assert select_variables(FOUND, ["*s=Press.On", "*Good*"]) == FOUND[1:]


def test_the_file_loads() -> None:
    options = {"url": "opc.tcp://plc:4840", "browse": [{"root": "/Objects/Cell7", "depth": 8}]}
    text = format_edge_file("emden-1", "e.yaml", options, FOUND)
    document = yaml.safe_load(text)
    assert document["connector"] == "emden-1"
    assert document["protocol"] == "opcua"
    OpcuaConfig.model_validate(document["options"])
    Mapping.model_validate(document["mapping"])
    first = document["mapping"]["rules"][0]
    assert first["source"] == "nsu=urn:p;s=Cell7.Temp"
    assert first["unit"] == "degC"
    assert first["signal"] == "spindle-temp"
    assert "werknetz edge e.yaml" in text


def _chain(*steps: tuple[str, tuple[str, ...], bool]) -> BrowseStep:
    """Return the last of these steps: name, type names, has an identification."""
    step: BrowseStep | None = None
    for name, types, identified in steps:
        step = BrowseStep(name, parent=step, type_names=types, has_identification=identified)
    assert step is not None
    return step


def _variable(address: str, above: BrowseStep, name: str, datatype: str = "Double") -> Variable:
    step = BrowseStep(name, parent=above, is_object=False)
    return Variable(None, address, step.path, datatype, step=step)


FOLDER = ("FolderType", "BaseObjectType")
PLAIN = ("BaseObjectType",)


def _names(variables: list[Variable]) -> list[tuple[str, str]]:
    rules = rules_of_variables("opcua", variables, {})
    return [(rule["equipment"].rpartition("/")[2], rule["signal"]) for rule in rules]


@pytest.mark.parametrize(
    ("steps", "machine", "signal"),
    [
        ([("Objects", FOLDER, False), ("Cell7", PLAIN, False)], "cell7", "v"),
        ([("Objects", FOLDER, False), ("Machines", FOLDER, False), ("Mill 1", PLAIN, False),
          ("Monitoring", PLAIN, False)], "mill-1", "monitoring.v"),
        ([("Objects", FOLDER, False), ("Line", FOLDER, False), ("Pack1", PLAIN, True),
          ("Identification", PLAIN, False)], "pack1", "identification.v"),
        ([("Objects", FOLDER, False), ("Area", PLAIN, False),
          ("M", ("MyMachineType", "MachineToolType", "BaseObjectType"), False),
          ("Status", PLAIN, False)], "m", "status.v"),
        ([("Objects", FOLDER, False), ("DeviceSet", PLAIN, False),
          ("PLC", ("X", "DeviceType", "TopologyElementType"), False),
          ("Part", ("ComponentType",), False)], "plc", "part.v"),
        ([("Objects", FOLDER, False), ("Channel1", FOLDER, False), ("Device1", FOLDER, False)],
         "device1", "v"),
        ([("Objects", FOLDER, False)], "opcua", "v"),
        ([("Objects", FOLDER, False), ("Linka č. 2", PLAIN, False)], "linka-c-2-es5o", "v"),
    ],
)  # fmt: skip
def test_a_machine_is_named_by_its_instance(
    steps: list[tuple[str, tuple[str, ...], bool]], machine: str, signal: str
) -> None:
    assert _names([_variable("i=1", _chain(*steps), "v")]) == [(machine, signal)]


def test_machines_of_one_name_are_distinguished_by_what_is_above_them() -> None:
    devices = [_chain(("Channel1", FOLDER, False), ("Device", FOLDER, False)),
               _chain(("Channel2", FOLDER, False), ("Device", FOLDER, False)),
               _chain(("Channel-2", FOLDER, False), ("Device", FOLDER, False))]  # fmt: skip
    variables = [_variable(f"i={n}", device, "Tag") for n, device in enumerate(devices)]
    machines = [machine for machine, _ in _names(variables)]
    assert machines[:2] == ["channel1-device", "channel2-device"]
    assert len(set(machines)) == 3


def test_signals_of_one_name_have_a_stable_suffix() -> None:
    cell = _chain(("Cell", PLAIN, False))
    variables = [_variable("i=1", cell, "Temp A"), _variable("i=2", cell, "Temp-A"),
                 _variable("i=3", cell, "B")]  # fmt: skip
    names = _names(variables)
    assert len(set(names)) == 3
    assert names[2] == ("cell", "b")
    assert _names(variables[::-1]) == names[::-1], "whatever the order of the server"


def test_types_suggest_roles() -> None:
    line = _chain(("Line", ("PackMLBaseObjectType",), False))
    admin = BrowseStep("Admin", parent=line, type_names=("PackMLAdminObjectType", *PLAIN))
    execute = BrowseStep("Execute", parent=line, type_names=("PackMLExecuteStateMachineType",))
    structures = _variable("i=1", admin, "ProdProcessedCount", "Structure")
    structures.rank = 1
    variables = [
        structures,
        _variable("i=2", admin, "ProdDefectiveCount", "Int32"),
        _variable("i=3", execute, "CurrentState", "LocalizedText"),
        _variable("i=4", line, "CurrentState", "LocalizedText"),
        _variable("i=5", execute, "CurrentState", "LocalizedText"),
    ]
    document = yaml.safe_load(format_edge_file("e", "e", {}, variables))["mapping"]
    rules = {rule["source"]: rule for rule in document["rules"]}
    assert rules["i=1[0]"]["role"] == "total_count"
    assert rules["i=2"]["role"] == "scrap_count"
    assert (rules["i=3"]["role"], rules["i=3"]["states"]) == ("state", "packml-state-names")
    assert document["enums"]["packml-state-names"]["Execute"] == "producing"
    assert "role" not in rules["i=4"]
    assert "role" not in rules["i=5"], "a machine has one state"


def test_types_become_datatypes() -> None:
    cell = _chain(("Cell", PLAIN, False))
    kinds = ["String", "Boolean", "DateTime", "Structure", "Int32", "Variant"]
    variables = [_variable(f"i={n}", cell, kind, kind) for n, kind in enumerate(kinds)]
    array = _variable("i=9", cell, "Axes", "String")
    array.rank = 2
    rules = rules_of_variables("e", [*variables, array], {})
    assert [rule.get("datatype") for rule in rules[:6]] == [
        "text", "boolean", "text", "json", None, None,
    ]  # fmt: skip
    assert [(r["source"], r["signal"], r["datatype"]) for r in rules[6:]] == [
        ("i=9", "axes", "json"), ("i=9[{index}]", "axes[{index}]", "text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "written"), [("°C", "degC"), ("bar", "bar"), ("Gummibären", None)]
)
def test_a_unit_that_is_not_known_is_left_out(unit: str, written: str | None) -> None:
    variable = Variable(None, "i=1", "/Objects/Cell/v", "Double", unit=unit)
    (rule,) = rules_of_variables("e", [variable], {})
    assert rule.get("unit") == written


ODD = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("{}/.#[]\\;=:'\"&~\n\t č冲🏭"),
    max_size=12,
)
KINDS = st.sampled_from(["Double", "String", "Boolean", "Structure", "Variant", "LocalizedText"])
ODD_VARIABLES = st.lists(
    st.tuples(ODD, st.lists(ODD, max_size=4), KINDS, st.integers(-3, 3), st.none() | ODD),
    max_size=8,
    unique_by=lambda item: item[0],
)


@settings(deadline=None)  # machines are shared
@given(ODD_VARIABLES, ODD.filter(lambda name: len(name.strip()) > 0))
def test_any_server_gives_a_file_that_mapping_check_accepts(
    items: list[tuple[str, list[str], str, int, str | None]], name: str
) -> None:
    variables = [
        Variable(
            None, f"nsu=urn:{{x}};s={text}", "/".join(["/Objects", *names]), kind, rank=rank,
            unit=unit,
        )
        for text, names, kind, rank, unit in items
    ]  # fmt: skip
    text = format_edge_file(name, "e.yaml", {"url": "opc.tcp://plc:4840"}, variables)
    mapping = parse_mapping(parse_yaml(text, file="e.yaml"))
    patterns = [Pattern.parse(rule.source) for rule in mapping.rules]
    stored = {variable.address for variable in variables if "\0" not in variable.address}
    assert {pattern.literal for pattern in patterns if not pattern.names} == stored
    normalizer = Normalizer(mapping, "c")
    readings = [Reading(address, "x") for address in stored]
    records = normalizer.normalize(Delivery(readings), 1_795_000_000_000_000)
    points = [p.key for r in records if isinstance(r, Points) for p in r.points]
    assert len(set(points)) == len(stored), "each variable has a point of its own"
