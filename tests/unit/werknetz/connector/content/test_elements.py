"""Arrays of named values as real gateways send them: key, value, time and status of each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.content.elements import (
    ELEMENTS_MAX,
    ElementsConfig,
    UnreadableElements,
    read_elements,
)
from werknetz.connector.content.quality import status_of_quality
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN, UNCERTAIN_TIME

AT = 1_770_000_000_123_000
KEPWARE = {
    "timestamp": 1_770_000_000_999,
    "values": [
        {"id": "Ch1.Dev1.Temp", "v": 20.5, "q": True, "t": 1_770_000_000_123},
        {"id": "Ch1.Dev1.Good", "v": 17, "q": False, "t": 1_770_000_000_124},
    ],
}
LMQTT = {
    "seq": 7,
    "vals": [
        {"id": "101", "qc": 3, "ts": "2026-02-02T02:40:00.123Z", "val": 1},
        {"id": "102", "qc": 0, "ts": "2026-02-02T02:40:00.123Z", "val": "1E5"},
    ],
}
SITEWISE = {
    "entries": [
        {
            "entryId": "1",
            "propertyAlias": "/plant/press/temp",
            "propertyValues": [
                {
                    "value": {"doubleValue": 3.25},
                    "timestamp": {"timeInSeconds": 1_770_000_000, "offsetInNanos": 123_000_000},
                    "quality": "GOOD",
                },
                {
                    "value": {"doubleValue": 3.5},
                    "timestamp": {"timeInSeconds": 1_770_000_001, "offsetInNanos": 0},
                    "quality": "UNCERTAIN",
                },
            ],
        },
        {
            "entryId": "2",
            "propertyAlias": "/plant/press/on",
            "propertyValues": [
                {
                    "value": {"booleanValue": False},
                    "timestamp": {"timeInSeconds": 1_770_000_000},
                    "quality": "BAD",
                }
            ],
        },
    ]
}
SPARKPLUG = {
    "timestamp": 1_770_000_000_000,
    "metrics": [{"name": "Line/Speed", "timestamp": 1_770_000_000_123, "value": 12.5}],
}
UADP = {"Payload": {"Temp": {"Value": 20, "SourceTimestamp": "2026-02-02T02:40:00.123Z"},
                    "Bad": {"Value": None, "StatusCode": {"Code": 2150891520}}}}  # fmt: skip
VALUES = {"time": {"path": "t", "format": "unix_ms"}, "key": "id", "value": "v", "status": "q"}
SITEWISE_OPTIONS = {
    "at": "entries[].propertyValues[]", "key": "propertyAlias", "status": "quality",
    "value": ["value.doubleValue", "value.integerValue", "value.booleanValue"],
    "time": {"path": "timestamp.timeInSeconds", "format": "unix_s"},
    "nanoseconds": "timestamp.offsetInNanos",
}  # fmt: skip
CASES: list[tuple[str, dict[str, Any], Any, list[tuple[str, Any, int | None, int]]]] = [
    ("kepware", {"at": "values", **VALUES}, KEPWARE, [
        ("a#Ch1.Dev1.Temp", 20.5, AT, GOOD),
        ("a#Ch1.Dev1.Good", 17, AT + 1_000, BAD),
    ]),
    ("lmqtt", {"at": "vals[]", "key": "id", "value": "val", "status": "qc", "time": {"path": "ts"}},
     LMQTT, [("a#101", 1, AT, GOOD), ("a#102", "1E5", AT, BAD)]),
    ("sitewise", SITEWISE_OPTIONS, SITEWISE, [
        ("a#/plant/press/temp", 3.25, AT, GOOD),
        ("a#/plant/press/temp", 3.5, AT + 877_000, UNCERTAIN),
        ("a#/plant/press/on", False, AT - 123_000, BAD),
    ]),
    ("sparkplug", {"at": "metrics", "key": "name",
                   "time": {"path": "timestamp", "format": "unix_ms"}},
     SPARKPLUG, [("a#Line/Speed", 12.5, AT, GOOD)]),
    ("opc ua json", {"at": "Payload", "value": "Value", "status": "StatusCode",
                     "quality": "opc_ua", "time": {"path": "SourceTimestamp"}},
     UADP, [("a#Temp", 20, AT, GOOD), ("a#Bad", None, None, 2150891520)]),
    ("top level, without time", {"key": "id", "value": "v"}, [{"id": 7, "v": 1}],
     [("a#7", 1, None, GOOD)]),
    ("two keys", {"at": "d[].s", "key": ["device", "id"], "value": "v"},
     {"d": [{"device": "p1", "s": [{"id": "x", "v": 1}]},
            {"device": "p2", "s": [{"id": "x", "v": 2}]}]},
     [("a#p1/x", 1, None, GOOD), ("a#p2/x", 2, None, GOOD)]),
    ("the time of the message", {"at": "values", "key": "id", "value": "v",
                                 "time": {"path": "timestamp", "format": "unix_ms"}},
     KEPWARE, [("a#Ch1.Dev1.Temp", 20.5, AT + 876_000, GOOD),
               ("a#Ch1.Dev1.Good", 17, AT + 876_000, GOOD)]),
    ("a wrong time", {"at": "values", **VALUES},
     {"values": [{"id": "x", "v": 1, "t": "now", "q": 192}]},
     [("a#x", 1, None, UNCERTAIN_TIME)]),
    ("a name with a dot", {"key": r"tag\.id", "value": "v"}, [{"tag.id": "x", "v": 1}],
     [("a#x", 1, None, GOOD)]),
    ("the first value that is not null", {"key": "id", "value": ["f", "i"]},
     [{"id": "x", "f": None, "i": 3}, {"id": "y", "f": None}],
     [("a#x", 3, None, GOOD), ("a#y", None, None, GOOD)]),
    ("one key twice", {"key": "id", "value": "v"}, [{"id": "x", "v": 1}, {"id": "x", "v": 2}],
     [("a#x", 1, None, GOOD), ("a#x", 2, None, GOOD)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "document", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_element_is_a_reading(
    options: dict[str, Any], document: Any, expected: list[tuple[str, Any, int | None, int]]
) -> None:
    config = ElementsConfig.model_validate(options)
    readings, refused = read_elements(document, config, "a")
    assert not refused
    actual = [(r.source, r.value, r.source_time_us, r.status) for r in readings]
    assert actual == expected


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ({"v": 1}, "no 'id', which is its key"),
        ({"id": None, "v": 1}, "no 'id', which is its key"),
        ({"id": "", "v": 1}, "no 'id', which is its key"),
        ({"id": ["x"], "v": 1}, "no 'id', which is its key"),
        ({"id": "a\nb", "v": 1}, "cannot be a key"),
        ({"id": "a" * 501, "v": 1}, "cannot be a key"),
        ({"id": "x"}, "no 'v', which is its value"),
        (7, "not an object"),
        ({"id": "x", "v": 1, **{str(n): n for n in range(500)}}, "more than 500 fields"),
    ],
)
def test_an_element_that_cannot_be_read_does_not_affect_the_others(
    element: Any, reason: str
) -> None:
    config = ElementsConfig.model_validate({"at": "values", **VALUES})
    document = {"values": [{"id": "y", "v": 1}, element, {"id": "z", "v": 2}]}
    readings, (refused,) = read_elements(document, config, "a")
    assert [(r.source, r.value) for r in readings] == [("a#y", 1), ("a#z", 2)]
    assert reason in refused.reason
    assert refused.position == "values[1]"
    assert json.loads(refused.raw) == element


@pytest.mark.parametrize(
    ("at", "document"),
    [
        ("values", {"x": []}),
        ("values", {"values": 7}),
        ("a[].b", {"a": [{"c": []}]}),
        ("a[].b", {"a": [7]}),
        ("", 7),
        ("values", [1]),
    ],
)
def test_a_message_without_the_array_is_refused(at: str, document: Any) -> None:
    with pytest.raises(UnreadableElements, match="no array at"):
        read_elements(document, ElementsConfig(at=at, key=("id",)), "a")


def test_the_number_of_elements_is_bounded() -> None:
    config = ElementsConfig(key=("id",))
    elements = [{"id": n, "value": n} for n in range(ELEMENTS_MAX)]
    assert len(read_elements(elements, config, "a")[0]) == ELEMENTS_MAX
    with pytest.raises(UnreadableElements, match=f"more than {ELEMENTS_MAX}"):
        read_elements([*elements, elements[0]], config, "a")


@given(st.permutations(["a", "b", "c"]), st.integers(0, 3))
def test_the_position_has_no_meaning(order: list[str], count: int) -> None:
    config = ElementsConfig(key=("id",))
    document = [{"id": name, "value": ord(name)} for name in order[:count]]
    readings, _ = read_elements(document, config, "t")
    assert all(reading.value == ord(reading.source[-1]) for reading in readings)
    assert len(readings) == count


@pytest.mark.parametrize(
    ("quality", "form", "status"),
    [
        (192, "auto", GOOD), (216, "auto", GOOD), (255, "auto", GOOD), (0, "auto", BAD),
        (24, "auto", BAD), (64, "auto", UNCERTAIN), (68, "auto", UNCERTAIN),
        (500, "auto", BAD_STALE),
        (3, "auto", GOOD), (2, "auto", GOOD), (1, "auto", UNCERTAIN), (4, "auto", BAD),
        (0x80310000, "auto", 0x80310000), (-2147483648, "auto", BAD),
        (0x40000000, "auto", UNCERTAIN),
        (1000, "auto", UNCERTAIN), (2**40, "auto", UNCERTAIN), (192.0, "auto", GOOD),
        (1.5, "auto", UNCERTAIN), (float("nan"), "auto", UNCERTAIN),
        (0, "opc_ua", GOOD), (192, "opc_ua", 192), (-(2**40), "opc_ua", UNCERTAIN),
        (3, "two_bit", GOOD), (0, "two_bit", BAD), (4, "two_bit", UNCERTAIN),
        (3, "opc_da", BAD), (192 + 256, "opc_da", GOOD), (70_000, "opc_da", UNCERTAIN),
        (True, "auto", GOOD), (False, "auto", BAD), (None, "auto", GOOD), ("", "auto", GOOD),
        ("GOOD", "auto", GOOD), ("good, non-specific", "auto", GOOD), ("Bad", "auto", BAD),
        ("BadCommFailure", "auto", BAD), ("UncertainLastUsableValue", "auto", UNCERTAIN),
        ("ok", "auto", GOOD), ("Stale", "auto", BAD_STALE), ("what?", "auto", UNCERTAIN),
        ("192", "auto", GOOD), ("0", "auto", BAD), ("0x80000000", "auto", BAD),
        ("0", "opc_ua", GOOD),
        ({"Code": 2147483648, "Symbol": "Bad"}, "auto", BAD), ({"code": 0}, "auto", GOOD),
        ({}, "auto", GOOD), ([1], "auto", UNCERTAIN),
    ],
)  # fmt: skip
def test_the_quality_of_vendors(quality: Any, form: Any, status: int) -> None:
    assert status_of_quality(quality, form) == status


@pytest.mark.parametrize("options", [{"key": ""}, {"value": []}, {"quality": "x"}, {"index": 1}])
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ElementsConfig.model_validate(options)
