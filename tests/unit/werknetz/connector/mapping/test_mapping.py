"""Every invalid mapping is an error with its line and the remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.connector.mapping.mapping import load_mapping, parse_mapping
from werknetz.connector.mapping.names import signal_name_of, to_slug
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.yaml_format import ConfigurationError, dump_yaml, parse_yaml
from werknetz.domain.path import EquipmentPath
from werknetz.domain.state import MachineState

GOOD = """\
mapping:
  name: emden-1
  version: 3
  time_zone: Europe/Berlin
  enums:
    eigene: {Läuft: producing, Rüsten: setup, on: idle, 4: malfunction}
  rules:
    - source: nsu=urn:plant:peer;s=Cell7.StateCurrent
      equipment: nordwerk/emden-1/body/line-2/cell-7
      signal: state
      role: state
      states: eigene
    - source: werk/{halle}/{maschine}/zyklus#gut
      equipment: nordwerk/zwick-2/{halle}/line-1/{maschine}
      signal: good
      role: good_count
      counter: {reset: rollover, modulus: 65536}
      decimal: comma
      time: {path: zeit, format: "%d.%m.%Y %H:%M:%S,%f", zone: Europe/Berlin}
    - {source: a, equipment: n/p, unit: degC, source_unit: degF, scale: 0.1, offset: 2}
"""


def _read(text: str):
    return parse_mapping(parse_yaml(text, file="emden.yaml"))


def test_a_valid_mapping() -> None:
    mapping = _read(GOOD)
    assert mapping.label == "emden-1@3"
    assert mapping.state_table("eigene")["on"] is MachineState.IDLE
    assert mapping.state_table("eigene")["4"] is MachineState.MALFUNCTION
    assert mapping.state_table("packml/opc-30060")["4"] is MachineState.PRODUCING
    scale, offset = mapping.rules[2].linear_factors()
    assert 500 * scale + offset == pytest.approx((52 - 32) * 5 / 9)


WRONG = [
    ("unit: degC,", "unit: kelvinn,", 20, "unit 'kelvinn' is not known: did you mean 'kelvin'?"),
    ("source_unit: degF", "source_unit: bar", 20, "use two units of one kind"),
    ("role: good_count", "role: good_cuont", 16, "is not known"),
    ("role: state", "rolle: state", 11, "key 'rolle' is not known: did you mean 'role'?"),
    ("modulus: 65536", "moduls: 65536", 17, "did you mean 'modulus'?"),
    (", modulus: 65536", "", 17, "needs `modulus`"),
    ("states: eigene", "states: eignee", 12, "did you mean 'eigene'?"),
    ("Läuft: producing", "Läuft: producin", 6, "state 'producin' is not known: did you mean"),
    ("version: 3", "version: 0", 3, "greater than or equal to 1"),
    ("version: 3", "# no version", 1, "key 'version' is missing: add it"),
    ("name: emden-1", "name: emden-1\n  name: b", 3, "occurs here and on line 2"),
    ("Europe/Berlin\n  e", "Europe/Berln\n  e", 4, "write an IANA name"),
    ("zone: Europe/Berlin}", "zone: Emden}", 19, "write an IANA name"),
    ("line-1/{maschine}", "line-1/{presse}", 14, "the source has {halle}, {maschine}"),
    ("line-2/cell-7", "Line-2/cell-7", 9, "must be lower case"),
    ("werk/{halle}/", "werk/{halle}{x}/", 13, "put a literal character between"),
    ("source: a,", "source: nsu=urn:plant:peer;s=Cell7.StateCurrent,", 20, "already has rule"),
    ("      states: eigene\n", "", 8, "belong together"),
    ("scale: 0.1", "scale: 0", 20, "scale 0"),
    ("scale: 0.1", "scale: .nan", 20, "finite"),
    ("  rules:", " rules:", 7, "is not YAML"),
    ("equipment: n/p, ", "", 20, "add `equipment`"),
    ("mapping:\n", "maping:\n", 1, "key 'mapping' is missing"),
]


@pytest.mark.parametrize(("old", "new", "line", "remedy"), WRONG, ids=[w[3] for w in WRONG])
def test_an_error_names_line_and_remedy(old: str, new: str, line: int, remedy: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        _read(GOOD.replace(old, new, 1))
    errors = caught.value.errors[0]
    assert errors.startswith(f"emden.yaml, line {line}: "), errors
    assert remedy in errors


CONSTANTS = (
    GOOD
    + """\
  constants:
    - {equipment: n/p/cell-7, signal: planned, role: planned_run_time, value: 150, unit: ms}
    - equipment: n/p/cell-8
      signal: rated_speed
      role: process_value
      value: 1.5
      unit: m/s
      since: 2026-11-01T06:00:00
    - {equipment: n/p/cell-8, signal: way, role: mode, value: manual, since: 2026-11-01T06:00:00Z}
"""
)


def test_constants_are_stored_in_the_unit_of_their_role() -> None:
    mapping = _read(CONSTANTS)
    planned, speed, way = mapping.constants
    assert planned.stored_value() == (pytest.approx(0.15), None, "s")
    assert planned.since_us(mapping.time_zone) is None
    assert speed.stored_value() == (1.5, None, "m/s")
    assert speed.since_us(mapping.time_zone) == 1_793_509_200_000_000  # 05:00 UTC
    assert (way.stored_value()[1:], way.since_us(None)) == (("manual", None), 1_793_512_800_000_000)


@pytest.mark.parametrize("number", ["7", "1234567", "0.1234567"])
def test_a_number_that_names_a_mode_stays_as_it_is_written(number: str) -> None:
    mapping = _read(CONSTANTS.replace("value: manual", f"value: {number}"))
    assert mapping.constants[2].stored_value()[1] == number


WRONG_CONSTANTS = [
    ("value: 150", "value: fast", 22, "value 'fast' is not a number"),
    ("value: 150", "value: 0", 22, "above 0"),
    ("value: 150", "value: on", 22, "write 1 or 0"),
    ("unit: ms", "unit: kWh", 22, "use two units of one kind"),
    ("unit: ms", "unit: mss", 22, "unit 'mss' is not known"),
    ("role: planned_run_time", "role: good_count", 22, "the role is one of planned_run_time"),
    ("role: planned_run_time", "rolle: planned_run_time", 22, "did you mean 'role'?"),
    ("2026-11-01T06:00:00\n", "gestern\n", 28, "is not an ISO time: write"),
    ("  time_zone: Europe/Berlin\n", "", 27, "since has no zone"),
    ("n/p/cell-7", "'n/p/{cell}'", 22, "a constant has no source with segments"),
    ("n/p/cell-7", "n/p/Cell-7", 22, "must be lower case"),
    ("{equipment: n/p/cell-7, ", "{", 22, "has no equipment"),
    ("signal: way", "signal: rated_speed", 29, "is already constant 2: remove one"),
    (
        "{equipment: n/p/cell-7, signal: planned",
        "{equipment: nordwerk/emden-1/body/line-2/cell-7, signal: state",
        22,
        "already has the source 'nsu=urn:plant:peer;s=Cell7.StateCurrent'",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"), WRONG_CONSTANTS, ids=[w[3] for w in WRONG_CONSTANTS]
)
def test_an_invalid_constant_is_an_error(old: str, new: str, line: int, remedy: str) -> None:
    assert old in CONSTANTS
    with pytest.raises(ConfigurationError) as caught:
        _read(CONSTANTS.replace(old, new, 1))
    errors = [error for error in caught.value.errors if remedy in error]
    assert errors, caught.value.errors
    assert errors[0].startswith(f"emden.yaml, line {line}: ")


def test_all_errors_are_reported_at_once() -> None:
    text = GOOD.replace("unit: degC", "unit: foo").replace("version: 3", "version: x")
    with pytest.raises(ConfigurationError) as caught:
        _read(text)
    assert len(caught.value.errors) == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_mapping(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes("Läuft".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_mapping(tmp_path / "latin.yaml")
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(ConfigurationError, match="missing"):
        load_mapping(tmp_path / "empty.yaml")


@pytest.mark.parametrize(
    "text", ["a: &a [*a]", "a: " + "[" * 5000, "a: !!python/object:x {}", "\0"]
)
def test_hostile_yaml_is_rejected(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_yaml(text, file="x.yaml")


def test_segments_match_one_level_or_to_the_next_literal() -> None:
    pattern = Pattern.parse("nsu=urn:a;s=Cell{n}.State{x}")
    assert pattern.match("nsu=urn:a;s=Cell7.StateCurrent") == {"n": "7", "x": "Current"}
    assert pattern.match("nsu=urn:a;s=Cell7.8.StateCurrent") is None
    topic = Pattern.parse("werk/{halle}/{maschine}/zyklus#gut")
    assert topic.match("werk/h1/p/3/zyklus#gut") is None
    segments = topic.match("werk/Halle Süd/Presse_3/zyklus#gut")
    assert segments is not None
    assert topic.fill("n/{halle}/{maschine}", segments) == "n/halle-sued/presse_3"
    assert Pattern.parse("{a}/{a}").match("x/y") is None


@given(st.text())
def test_any_text_is_converted_to_a_path_segment(text: str) -> None:
    EquipmentPath.parse(to_slug(text))
    assert signal_name_of(text)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x85\u2028\ufeff")))
def test_any_text_is_read_back_from_yaml(text: str) -> None:
    assert parse_yaml(dump_yaml({"a": [text]}), file="m").tree == {"a": [text]}
