"""What `werknetz connect opcua --out` writes is an edge file that loads."""

import yaml

from werknetz.connector.mapping.mapping import Mapping
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.edge_file import format_edge_file, select_variables
from werknetz_edge.opcua.explore.browse import Variable

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
