"""A text stays text unless a rule, a role or an option says number: one row a case."""

import math
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.content.numbers import (
    NumberText,
    UntypedText,
    is_other_form,
    parse_clear_number,
    parse_number,
)
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import decode_delivery, encode_delivery
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.domain.status import BAD, BAD_STALE, GOOD, UNCERTAIN
from werknetz.events.batch import Points, Samples, Unmapped
from werknetz.events.codec import columns_of

NOW = 1_795_000_000_000_000
UNKNOWN_STATE = 0.0
MAPPING = """
mapping:
  name: m
  version: 1
  equipment: n/p
  rules:
    - {source: plain}
    - {source: text, datatype: text}
    - {source: order, role: order}
    - {source: mode, role: mode}
    - {source: count, role: good_count}
    - {source: energy, role: energy}
    - {source: float, datatype: float}
    - {source: speed, unit: m/s}
    - {source: scaled, scale: 0.5}
    - {source: comma, decimal: comma}
    - {source: dots, decimal: comma, thousands: "."}
    - {source: commas, thousands: ","}
    - {source: spaces, decimal: comma, thousands: " "}
    - {source: flag, datatype: boolean}
    - {source: state, role: state, states: packml/tr88}
    - {source: when, when: "value > 0.0"}
    - {source: half, expression: "value / 2.0"}
    - {source: upper, expression: "value + 'x'", input: text}
    - {source: word, when: "value != ''", input: text}
"""
NAMES = [
    "241408E4",
    "000123",
    "1E5",
    "01067",
    "1001",
    "+49421",
    "12-",
    "NaN",
    "Infinity",
    " 1 ",
    "",
]
CASES: list[tuple[str, Any, float | str | None]] = [
    # A text of a typed source stays text, whatever it looks like.
    *[("plain", name, name) for name in NAMES],
    *[("text", name, name) for name in NAMES],
    *[("order", name, name) for name in NAMES],
    *[("mode", name, name) for name in NAMES],
    ("upper", "1E5", "1E5x"),
    ("word", "1E5", "1E5"),
    # A rule, a role or a unit says number.
    *[(name, "000123", 123.0) for name in ("count", "energy", "float", "speed", "when")],
    ("scaled", "000123", 61.5),
    ("half", "000123", 61.5),
    ("count", "1E5", 100_000.0),
    ("count", " 17 ", 17.0),
    ("float", "12.50-", -12.5),
    ("float", "-12-", None),
    ("float", "", None),
    ("float", "12 Stück", None),
    ("float", "1,5", None),
    ("float", "1.234,5", None),
    ("float", "٣", None),
    ("when", "abc", None),
    # Number forms are strict.
    ("comma", "1,5", 1.5),
    ("comma", "-0,25", -0.25),
    ("comma", "1.000", None),
    ("comma", "1.234,5", None),
    ("comma", "1.5", None),
    ("dots", "1.000", 1000.0),
    ("dots", "1.234,5", 1234.5),
    ("dots", "1234,5", 1234.5),
    ("dots", "12.34", None),
    ("dots", "1234.567", None),
    ("dots", "0.123", None),
    ("commas", "1,234.5", 1234.5),
    ("commas", "1,23", None),
    ("spaces", "1 234,5", 1234.5),
    ("spaces", "1\u202f234,5", 1234.5),
    ("spaces", "1\u00a0234,5", 1234.5),
    # Booleans.
    ("flag", "true", 1.0),
    ("flag", " False ", 0.0),
    ("flag", "1", 1.0),
    ("flag", True, 1.0),
    ("flag", "ja", None),
    # Sources without types: a number where it clearly is one.
    ("plain", UntypedText("12.50"), 12.5),
    ("plain", UntypedText("-3"), -3.0),
    ("plain", UntypedText("1.5e-3"), 0.0015),
    ("plain", UntypedText("1e-05"), 1e-05),
    *[("plain", UntypedText(name), name) for name in ("241408E4", "000123", "1E5", "01067", "1,5")],
    *[("order", UntypedText(name), name) for name in ("12.50", "1E5", "5.0", "NaN")],
    ("count", UntypedText("000123"), 123.0),
    ("comma", UntypedText("1.000"), None),
    # An option of the source says number.
    ("plain", NumberText("000123"), 123.0),
    ("plain", NumberText("1,5"), None),
    ("comma", NumberText("1,5"), 1.5),
    ("order", NumberText("000123"), "000123"),
]  # fmt: skip


def _normalize(delivery: Delivery) -> tuple[list[tuple[float, int, str | None]], list[Unmapped]]:
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "c")
    rows: list[tuple[float, int, str | None]] = []
    unmapped: list[Unmapped] = []
    for record in normalizer.normalize(delivery, NOW):
        if isinstance(record, Samples):
            columns = columns_of(record)
            texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
            rows += [
                (float(columns.value[n]), int(columns.status[n]), texts.get(n))
                for n in range(len(columns))
            ]
        elif isinstance(record, Unmapped):
            unmapped.append(record)
    return rows, unmapped


@pytest.mark.parametrize("replayed", [False, True], ids=["live", "replayed"])
@pytest.mark.parametrize(("source", "value", "expected"), CASES)
def test_a_value_is_a_number_a_text_or_refused(
    source: str, value: Any, expected: float | str | None, replayed: bool
) -> None:
    delivery = Delivery([Reading(source, value)])
    if replayed:
        raw = encode_delivery(delivery, NOW, "m@1")
        assert raw is not None
        delivery = decode_delivery(raw).delivery
    rows, unmapped = _normalize(delivery)
    if expected is None:
        assert not rows
        assert len(unmapped) == 1
        return
    assert not unmapped
    ((number, status, text),) = rows
    assert status == GOOD
    if isinstance(expected, str):
        assert text == expected
        assert type(text) is str
    else:
        assert (number, text) == (expected, None)


@pytest.mark.parametrize(
    ("source", "value", "remedy"),
    [
        ("comma", "1.000", "add thousands: '.'"),
        ("comma", "1.234,5", "add thousands: '.'"),
        ("float", "1,5", "is it `decimal: comma`?"),
        ("flag", "ja", "use true, false, 1, 0"),
    ],
)
def test_a_refusal_names_the_remedy(source: str, value: str, remedy: str) -> None:
    _, (unmapped,) = _normalize(Delivery([Reading(source, value)]))
    assert remedy in unmapped.reason
    assert unmapped.raw == value.encode()


NOT_FINITE = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("written", ["{!r}", "text"])
@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize("source", ["plain", "float", "count", "scaled", "half", "when"])
def test_a_value_that_is_not_finite_is_no_value(source: str, value: float, written: str) -> None:
    given_value: Any = value if written != "text" else NumberText(str(value))
    rows, unmapped = _normalize(Delivery([Reading(source, given_value)]))
    assert len(unmapped) == (source == "count"), "only what affects KPIs is reported"
    ((number, status, text),) = rows
    assert math.isnan(number)
    assert (status, text) == (BAD, None)


@pytest.mark.parametrize("status", [GOOD, UNCERTAIN, BAD_STALE])
@pytest.mark.parametrize("source", ["order", "text", "state"])
def test_nan_has_neither_text_nor_state(source: str, status: int) -> None:
    rows, unmapped = _normalize(Delivery([Reading(source, math.nan, status)]))
    assert len(unmapped) == (source != "text" and status < BAD)
    assert rows[0][1:] == (status or BAD, None)


def test_an_overflow_by_the_scale_is_no_value() -> None:
    rows, _ = _normalize(Delivery([Reading("scaled", 1e308), Reading("float", "1e999")]))
    assert [row[1] for row in rows] == [GOOD, BAD]


@pytest.mark.parametrize(
    "rule",
    [
        "rules: [{source: a, decimal: comma, thousands: ','}]",
        "rules: [{source: a, thousands: '.'}]",
        "events: [{source: a, ignore: true, at: {field: q, decimal: comma, thousands: ','}}]",
    ],
)
def test_the_thousands_sign_is_not_the_decimal_sign(rule: str) -> None:
    text = f"mapping: {{name: m, version: 1, equipment: n/p, {rule}}}"
    with pytest.raises(ConfigurationError, match="the same character"):
        parse_mapping(parse_yaml(text, file="m"))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1.000", True), ("1.234,5", True), ("1 000,5", True), ("2.50", True),
        ("1,5", False), ("0815", False), ("24.11.2026", False), ("10.0.0.1", False),
        ("12", False), ("A1.000", False), ("", False),
    ],
)  # fmt: skip
def test_another_number_form_is_recognised(text: str, other: bool) -> None:
    assert is_other_form(text, "comma", "") is other


@settings(deadline=None)  # machines are shared
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_what_a_program_writes_is_read_back(number: float, integer: int) -> None:
    assert parse_number(repr(number)) == number
    assert parse_clear_number(repr(number)) == number
    assert parse_number(f"{integer:,}", "point", ",") == integer
    assert parse_number(f"{integer:,}".replace(",", "."), "comma", ".") == integer
    assert parse_number(f"{number:.17g}".replace(".", ","), "comma") == number


@settings(deadline=None)  # machines are shared
@given(st.text(max_size=12))
def test_a_name_never_becomes_a_number_by_itself(text: str) -> None:
    number = parse_clear_number(text)
    if number is not None:
        assert text.strip().lower().strip("+-")[0] in "0123456789.ni"
        assert parse_number(text) is not None


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("plain", "000123", 123.0),
        ("plain", "12.5", 12.5),
        ("plain", "abc", "abc"),
        ("order", "000123", "000123"),
        ("comma", "1.234,5", 1234.5),
        ("comma", "abc", None),
    ],
)
def test_raw_input_of_version_0_1_is_replayed_as_it_was_stored(
    source: str, text: str, expected: float | str | None
) -> None:
    raw = encode_delivery(Delivery([Reading(source, text)]), NOW, "m@1")
    assert raw is not None
    fields = msgspec.msgpack.decode(zlib.decompress(raw.payload))
    assert fields[10] is True, "it says that texts have types"
    former = msgspec.structs.replace(raw, payload=zlib.compress(msgspec.msgpack.encode(fields[:5])))
    rows, unmapped = _normalize(decode_delivery(former).delivery)
    if expected is None:
        assert len(unmapped) == 1
    else:
        ((number, _, stored),) = rows
        assert expected in {number, stored}


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        ("12.5", "text"), (UntypedText("12.50"), "float"), (UntypedText("1E5"), "text"),
        (NumberText("1,5"), "float"), (True, "boolean"), (5, "integer"), (5.0, "float"),
    ],
)  # fmt: skip
def test_a_new_point_has_the_datatype_of_its_first_value(value: Any, datatype: str) -> None:
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="m")), "c")
    records = normalizer.normalize(Delivery([Reading("plain", value)]), NOW)
    (points,) = [record.points for record in records if isinstance(record, Points)]
    assert points[0].datatype == datatype
