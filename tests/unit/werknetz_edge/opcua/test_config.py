"""Wrong options are refused with the remedy; unknown names are errors."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from werknetz_edge.opcua.config import OpcuaConfig

GOOD: dict[str, Any] = {"url": "opc.tcp://plc:4840", "browse": [{"root": "/Objects/Cell7"}]}


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"url": "http://plc:4840"}, "write opc.tcp"),
        ({"url": "opc.tcp://plc"}, "write opc.tcp"),
        ({"url": "opc.tcp://me:secret@plc:4840"}, "password_file"),
        ({"policy": "None"}, "allow_insecure"),
        ({"policy": "Basic128Rsa15"}, "Basic256Sha256"),
        ({"mode": "None"}, "Sign or SignAndEncrypt"),
        ({"password": "x"}, "set user"),
        ({"user": "u", "password": "x", "password_file": "f"}, "not both"),
        ({"silence_s": 31}, "30"),
        ({"silence_s": 3, "heartbeat_s": 2}, "twice"),
        ({"browse": []}, "at least 1"),
        ({"browse": [{"root": "Objects"}]}, "write nsu="),
        ({"pollish": 1}, "Extra inputs"),
    ],
)
def test_refused(wrong: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        OpcuaConfig.model_validate(GOOD | wrong)


def test_queues_hold_two_intervals_and_an_outage() -> None:
    config = OpcuaConfig.model_validate(
        GOOD | {"publishing_ms": 1000, "sampling_ms": 100, "outage_s": 30}
    )
    assert config.queue_values == 2 * 10 + 300
    assert OpcuaConfig.model_validate(GOOD | {"queue_size": 5}).queue_values == 5


def test_the_password_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n", encoding="utf-8")
    config = OpcuaConfig.model_validate(GOOD | {"user": "u", "password_file": "secret"})
    assert config.read_password(tmp_path) == "geheim"
    config = OpcuaConfig.model_validate(GOOD | {"user": "u", "password": "x"})
    assert config.read_password(tmp_path) == "x"
    assert "'x'" not in repr(config)


def test_a_node_id_is_a_root_too() -> None:
    OpcuaConfig.model_validate(GOOD | {"browse": [{"root": "nsu=urn:plant;s=Cell7"}]})
