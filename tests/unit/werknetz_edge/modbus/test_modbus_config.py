"""What an operator writes, the points that it means, and the errors that name the remedy."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from werknetz_edge.modbus.config import ModbusConfig
from werknetz_edge.modbus.datatype import Orders, register_cell
from werknetz_edge.polling.plan import RequestRules, build_plan
from werknetz_edge.polling.point import Coded

FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip


def _config(*items: Any, **options: Any) -> ModbusConfig:
    return ModbusConfig.model_validate({"host": "plc", "items": list(items), **options})


def test_addresses_are_readable_and_names_take_their_place() -> None:
    config = _config(
        40001,
        {"address": "holding/7.3", "unit": 9},
        {"address": 5, "table": "coil", "name": "door"},
        {"address": 30101, "count": 2, "datatype": "float32"},
        {"address": 30201, "count": 2, "name": "zone"},
    )
    assert [(point.address, point.area, point.start) for point in config.points()] == [
        ("modbus/1/holding/0", (1, 3), 0),
        ("modbus/9/holding/7.3", (9, 3), 7),
        ("door", (1, 0), 5),
        ("modbus/1/input/100", (1, 2), 100),
        ("modbus/1/input/102", (1, 2), 102),
        ("zone[0]", (1, 2), 200),
        ("zone[1]", (1, 2), 201),
    ]


@pytest.mark.parametrize(
    ("item", "remedy"),
    [
        ({"address": "coil/3", "datatype": "int16"}, "is one bit"),
        ({"address": "holding/3", "datatype": "bool"}, "needs `bit`"),
        ({"address": "holding/3", "datatype": "string"}, "`length: <registers>`"),
        ({"address": "holding/3", "length": 4}, "`length: <registers>`"),
        ({"address": "holding/3.1", "count": 4}, "list the bits"),
        ({"address": "holding/65535", "datatype": "int32"}, "beyond 65535"),
        ({"address": "holding/65530", "count": 7}, "beyond 65535"),
        ({"address": 40010.3}, "address"),  # YAML's float: 40010.10 would be bit 1
        ({"address": True}, "address"),
        ({"address": 40001, "name": "heartbeat"}, "is reserved"),
        ({"address": 40001, "name": "a\nb"}, "choose another"),
        ({"address": 40001, "adress": 1}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_an_error(item: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError) as error:
        _config(item)
    assert remedy in str(error.value)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"items": []}, "list the values to read"),
        ({"items": [40001, "holding/0"]}, "called 'modbus/1/holding/0'"),
        ({"items": [{"address": "holding/0", "count": 20_000}, 30001]}, "20001 values"),
        ({"items": [40001], "registers_max": 126}, "less than or equal to 125"),
        ({"items": [40001], "bits_max": 2001}, "less than or equal to 2000"),
        ({"items": [40001], "period_s": 0}, "greater than or equal"),
        ({"items": [40001], "write": True}, "Extra inputs"),
    ],
)
def test_wrong_options_are_errors(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValidationError) as error:
        ModbusConfig.model_validate({"host": "plc", **options})
    assert remedy in str(error.value)


def test_a_thousand_registers_are_eight_requests() -> None:
    config = _config({"address": 40001, "count": 1000})
    plan = build_plan(config.points(), 1.0, RequestRules(config.limit))
    assert [(piece.start, piece.count) for piece in plan.pieces] == [
        (start, 125) for start in range(0, 1000, 125)
    ]


def test_bits_and_registers_have_limits_of_their_own() -> None:
    config = _config({"address": "00001", "count": 2500}, {"address": "holding/0", "count": 130})
    plan = build_plan(config.points(), 1.0, RequestRules(config.limit))
    assert [(piece.area, piece.count, piece.size) for piece in plan.pieces] == [
        ((1, 0), 2000, 2000), ((1, 0), 500, 500), ((1, 3), 125, 250), ((1, 3), 5, 10),
    ]  # fmt: skip


@given(
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from(["big", "little"]),
    st.sampled_from(["big", "little"]),
    st.data(),
)
def test_numbers_survive_every_order_of_words_and_bytes(
    datatype: str, words: str, order: str, data: st.DataObject
) -> None:
    code = FORMATS[datatype]
    width = struct.calcsize(f">{code}")
    raw = data.draw(st.binary(min_size=width, max_size=width))
    (value,) = struct.unpack(f">{code}", raw)
    registers = [raw[at : at + 2] for at in range(0, width, 2)]
    if order == "little":
        registers = [pair[::-1] for pair in registers]
    if words == "little":
        registers.reverse()
    config = _config(
        {"address": "holding/0", "datatype": datatype, "word_order": words, "byte_order": order}
    )
    plan = build_plan(config.points(), 1.0, RequestRules(config.limit))
    cell = plan.layout.read_numbers(b"".join(registers)).value
    np.testing.assert_array_equal(cell, [float(value)])


@given(st.integers(0, 65_535), st.integers(0, 15), st.sampled_from(["big", "little"]))
def test_bits_of_a_register(register: int, bit: int, order: str) -> None:
    config = _config({"address": "holding/0", "bit": bit, "byte_order": order})
    plan = build_plan(config.points(), 1.0, RequestRules(config.limit))
    wire = register.to_bytes(2, "big" if order == "big" else "little")
    assert plan.layout.read_numbers(wire).value[0] == register >> bit & 1


def _text(raw: bytes, *, swapped: bool = False) -> object:
    orders = Orders(bytes="little" if swapped else "big")
    cell = register_cell("string", orders, bit=None, length=4, encoding="utf-8")
    assert isinstance(cell, Coded)
    return cell.read(raw)


def test_texts() -> None:
    assert _text(b"Gr\xc3\xbcn\0\0\0") == "Grün"
    assert _text(b"AUFTRAG ") == "AUFTRAG"
    assert _text(b"UATFAR G", swapped=True) == "AUFTRAG"
    assert _text(b"\0" * 8) == ""
    with pytest.raises(ValueError, match="check `encoding`"):
        _text(b"\xff\xff\xff\xff\xff\xff\xff\xff")
