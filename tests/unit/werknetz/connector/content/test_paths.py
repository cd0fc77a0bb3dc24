"""Paths with dots in names: both values of `{"a.b": 1, "a": {"b": 2}}` have an address."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.content.paths import (
    TooManyFields,
    escape_name,
    flatten,
    split_path,
    unescape,
    value_at_path,
    with_plain_names,
)
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Points, Unmapped

NOW = 1_795_000_000_000_000
BOTH = {"a.b": 1, "a": {"b": 2}}


def test_both_values_have_a_path() -> None:
    assert flatten(BOTH, 8, 10) == {r"a\.b": 1, "a.b": 2}
    assert value_at_path(BOTH, r"a\.b") == 1
    assert value_at_path(BOTH, "$.a.b") == 2
    assert value_at_path(BOTH, "a.b") == 1, "as in version 0.1"
    assert value_at_path({"a.b": 1}, "a.b") == 1, "without escapes where it is unambiguous"
    assert with_plain_names(flatten({"a.b": 1}, 8, 10)) == {r"a\.b": 1, "a.b": 1}
    assert with_plain_names(flatten(BOTH, 8, 10))["a.b"] == 2


@given(st.lists(st.text("ab.\\0", max_size=4), min_size=1, max_size=4))
def test_a_path_is_split_into_its_names(names: list[str]) -> None:
    assert split_path(".".join(map(escape_name, names))) == names


JSON = st.recursive(
    st.integers(0, 9),
    lambda inner: (
        st.dictionaries(st.text("ab.\\", max_size=3), inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab.\\", max_size=3), JSON, min_size=1, max_size=4))
def test_every_value_has_its_own_path(document: dict[str, Any]) -> None:
    def count(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value
        return 1 if isinstance(value, int) else sum(map(count, inner))

    fields = flatten(document, 20, 1000)
    assert len(fields) == count(document)
    assert {path: value_at_path(document, f"$.{path}") for path in fields} == fields


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        ({"a": [{"b": 1}, {"b": 2}]}, "a.1.b", 2),
        ({"a": [1]}, "a.1", None),
        ({"a": [1]}, "a.x", None),
        ({"a": 1}, "a.b", None),
        ({"": {"a": 1}}, ".a", 1),
        ({"$": {"a": 1}}, "$.a", 1),
        ({"a": 1}, "$.a", 1),
        ({"D:\\x": 1}, "D:\\x", 1),
        ({"a\\": {"b": 1}, "a.b": 2}, r"a\\.b", 1),
        ({"a\\": {"b": 1}, "a.b": 2}, r"a\.b", 2),
    ],
)
def test_values_at_paths(document: dict[str, Any], path: str, value: Any) -> None:
    assert value_at_path(document, path) == value


def test_the_number_of_fields_is_bounded() -> None:
    assert len(flatten(list(range(10)), 8, 10)) == 10
    with pytest.raises(TooManyFields, match="more than 10 fields"):
        flatten(list(range(11)), 8, 10)


def test_plain_paths_are_those_of_version_0_1() -> None:
    assert unescape(r"a\.b.c") == "a.b.c"
    assert unescape(r"D:\x") == r"D:\x"


def _points(
    mapping: str, readings: list[Reading], sources: dict[str, str] | None = None
) -> tuple[dict[str, str], list[Unmapped]]:
    numbers = {key: n for n, key in enumerate(sources or {}, start=1)}
    normalizer = Normalizer(parse_mapping(parse_yaml(mapping, file="m")), "c", numbers, sources)
    records = normalizer.normalize(Delivery(readings), NOW)
    points = [point for record in records if isinstance(record, Points) for point in record.points]
    unmapped = [record for record in records if isinstance(record, Unmapped)]
    return {point.source: point.key for point in points}, unmapped


LITERAL, NESTED = Reading(r"t#a\.b", 1), Reading("t#a.b", 2)
RULES = "mapping: {{name: m, version: 1, equipment: e/p, rules: [{}]}}"
AS_IS = "mapping: {name: m, version: 1, unmapped: store-as-is}"


def test_a_rule_may_have_the_plain_or_the_escaped_path() -> None:
    plain = RULES.format("{source: 't#a.b', signal: x}")
    assert _points(plain, [LITERAL]) == ({r"t#a\.b": "e/p:x"}, [])
    both = RULES.format(r"{source: 't#a.b', signal: x}, {source: 't#a\.b', signal: y}")
    assert _points(both, [LITERAL, NESTED]) == ({r"t#a\.b": "e/p:y", "t#a.b": "e/p:x"}, [])
    points, (unmapped,) = _points(plain, [NESTED, LITERAL])
    assert points == {"t#a.b": "e/p:x"}
    assert "already has the source 't#a.b'" in unmapped.reason, "never mixed into one signal"


def test_a_point_that_is_stored_as_is_keeps_its_name() -> None:
    new = {r"t#a\.b": r"connector:c:t#a\.b", "t#a.b": "connector:c:t#a.b"}
    assert _points(AS_IS, [LITERAL, NESTED]) == (new, [])
    assert _points(AS_IS, [LITERAL, NESTED], {key: a for a, key in new.items()}) == (new, [])
    former = {"connector:c:t#a.b": "t#a.b"}
    assert _points(AS_IS, [LITERAL], former) == ({r"t#a\.b": "connector:c:t#a.b"}, [])
