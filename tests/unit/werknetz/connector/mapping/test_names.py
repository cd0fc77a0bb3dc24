"""Any name gives a distinct, stable, readable path; ASCII names give the path of version 0.1."""

import re
import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.mapping.names import (
    SEGMENT_MAX,
    SIGNAL_MAX,
    plain_signal_name,
    plain_slug,
    signal_name_of,
    to_signal_name,
    to_slug,
)
from werknetz.connector.mapping.pattern import Pattern, escape_address
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.domain.path import EquipmentPath
from werknetz.events.batch import Points, Unmapped

NOW = 1_795_000_000_000_000
# These names are stored: a change, also of the transliteration library, renames machines.
STABLE = [
    ("Presse 3", "presse-3"),
    ("Halle Süd", "halle-sued"),
    ("Außenlager_2", "aussenlager_2"),
    ("Linka_č._2", "linka_c-_2-uhnv"),
    ("Linka_š._2", "linka_s-_2-ckuh"),
    ("Linka_ć._2", "linka_c-_2-us5z"),
    ("Пресс 3", "press-3-axmh"),
    ("冲压机1", "chongyaji1-fr3c"),
    ("Πρέσα", "presa-7o7g"),
    ("プレス", "puresu-lft4"),
    ("🏭", "factory-5ljs"),
    ("ŁÓDŹ", "lodz-zl7v"),
    ("\u200b", "x-jgay"),
]
DISTINCT = [
    "Linka_č._2", "Linka_š._2", "Linka_ć._2", "Linka_c._2", "Линия 1", "Линія 1", "压机", "冲床",
    "Γραμμή", "Γραμμή 2", "🏭", "🔧", "ñ", "n", "ø", "o", "Press ①", "Press 1", "Ъ", "Ь", "Å", "A",
]  # fmt: skip


@pytest.mark.parametrize(("name", "slug"), STABLE)
def test_a_name_has_a_stable_path(name: str, slug: str) -> None:
    assert to_slug(name) == slug
    assert to_slug(unicodedata.normalize("NFD", name)) == slug, "however it is encoded"
    EquipmentPath.parse(slug)


def test_names_stay_distinct() -> None:
    assert len({to_slug(name) for name in DISTINCT}) == len(DISTINCT)
    assert len({to_signal_name(name) for name in DISTINCT}) == len(DISTINCT)


@given(st.text(st.sampled_from(string.printable + "äöüßÄÖÜ"), max_size=80))
def test_ascii_names_are_those_of_version_0_1(name: str) -> None:
    assert to_slug(name) == plain_slug(name)
    assert to_signal_name(name) == plain_signal_name(name)


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_names_have_two_paths(first: str, second: str) -> None:
    names = [unicodedata.normalize("NFC", name.lower()) for name in (first, second)]
    assume(names[0] != names[1])
    assume(not any(name.translate(str.maketrans("", "", "äöüß")).isascii() for name in names))
    assert to_slug(first) != to_slug(second)


@given(st.text(max_size=300))
def test_any_text_is_a_segment_and_a_signal(text: str) -> None:
    slug, signal = to_slug(text), to_signal_name(text)
    EquipmentPath.parse(slug)
    assert len(slug) <= SEGMENT_MAX
    assert re.fullmatch(r"[a-z0-9_.-]+", signal)
    assert len(signal) <= SIGNAL_MAX


@given(st.text(max_size=40))
def test_an_escaped_address_matches_only_itself(address: str) -> None:
    pattern = Pattern.parse(escape_address(address))
    assert (pattern.names, pattern.literal) == ((), address)
    assert pattern.match(address) == {}
    assert pattern.match(address + "x") is None


@pytest.mark.parametrize(
    ("source", "address", "segments"),
    [
        ("s={{Cell}}.{tag}", "s={Cell}.a", {"tag": "a"}),
        ("{{{tag}}}", "{a}", {"tag": "a"}),
        ("{a}{{x", "1{x", {"a": "1"}),
        ("{a}}}x", "1}x", {"a": "1"}),
        ("a{b", "a{b", {}),
        ("a}b", "a}b", {}),
    ],
)
def test_braces_of_an_address_are_doubled(
    source: str, address: str, segments: dict[str, str]
) -> None:
    assert Pattern.parse(source).match(address) == segments


@pytest.mark.parametrize("source", ["{a}{b}", "{A}", "{}", "{{a}{b c}"])
def test_a_wrong_pattern_names_the_remedy(source: str) -> None:
    with pytest.raises(ValueError, match=r"literal character|name it with"):
        Pattern.parse(source)


def _normalizer(rules: str, sources: dict[str, str] | None = None) -> Normalizer:
    text = f"mapping: {{name: m, version: 1, rules: [{rules}]}}"
    numbers = {key: n for n, key in enumerate(sources or {}, start=1)}
    return Normalizer(parse_mapping(parse_yaml(text, file="m")), "c", numbers, sources)


def _keys(normalizer: Normalizer, *addresses: str) -> dict[str, str]:
    records = normalizer.normalize(Delivery([Reading(a, 1.0) for a in addresses]), NOW)
    assert not [record for record in records if isinstance(record, Unmapped)]
    return {
        point.source: point.key
        for record in records
        if isinstance(record, Points)
        for point in record.points
    }


LINES = "{source: 't/{line}', equipment: 'e/p/a/{line}', signal: v}"


def test_two_lines_stay_two_lines() -> None:
    keys = _keys(_normalizer(LINES), "t/Linka_č._2", "t/Linka_š._2")
    assert set(keys.values()) == {"e/p/a/linka_c-_2-uhnv:v", "e/p/a/linka_s-_2-ckuh:v"}


def test_a_stored_point_keeps_its_name() -> None:
    stored = {"e/p/a/linka_-_2:v": "t/Linka_č._2"}
    keys = _keys(_normalizer(LINES, stored), "t/Linka_č._2", "t/Linka_š._2")
    assert keys == {
        "t/Linka_č._2": "e/p/a/linka_-_2:v",
        "t/Linka_š._2": "e/p/a/linka_s-_2-ckuh:v",
    }


@pytest.mark.parametrize(
    "rules",
    [
        "{source: a, equipment: e/p, signal: v}, {source: b, equipment: e/p, signal: v}",
        "{source: x/v, equipment: e/p}, {source: y/v, equipment: e/p}",
        "{source: 'x/v}}', equipment: e/p}, {source: y/v, equipment: e/p}",
    ],
)
def test_two_sources_of_one_point_are_refused_at_load(rules: str) -> None:
    with pytest.raises(ConfigurationError, match="e/p:v already has the source"):
        _normalizer(rules)


@pytest.mark.parametrize(
    "rules",
    [
        "{source: a, equipment: e/p, signal: v}, {source: b, equipment: e/q, signal: v}",
        "{source: a, equipment: e/p, signal: v}, {source: b, ignore: true, signal: v}",
    ],
)
def test_two_points_are_accepted(rules: str) -> None:
    _normalizer(rules)


def test_a_signal_is_named_after_the_last_part() -> None:
    assert signal_name_of("nsu=urn:p;s=Cell7/Temp") == "temp"
    assert signal_name_of("t#a\\.b") == signal_name_of("t#a.b") == "a.b"
