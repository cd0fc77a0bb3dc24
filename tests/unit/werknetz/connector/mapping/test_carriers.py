"""Rules of energy meters: their carrier, their counter, and what cannot count together."""

import pytest

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.points import PointTable
from werknetz.connector.values import Target
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml


def load(*rules: str) -> Mapping:
    lines = "\n".join(f"    - {rule}" for rule in rules)
    text = f"mapping:\n  name: m\n  version: 1\n  equipment: n/p/a/l/press\n  rules:\n{lines}\n"
    return parse_mapping(parse_yaml(text, file="m.yaml"))


@pytest.mark.parametrize(
    ("rule", "carrier", "reset", "kind"),
    [
        ("{source: a, role: energy, unit: kWh}", None, "to_zero", "cumulative"),
        ("{source: a, role: energy, unit: m^3, carrier: natural-gas}", "natural-gas", "to_zero",
         "cumulative"),
        ("{source: a, role: energy, unit: kWh, counter: {reset: none}}", None, "none",
         "cumulative"),
        ("{source: a, role: energy, unit: kWh, counter: {kind: increment}}", None, "to_zero",
         "increment"),
    ],
)  # fmt: skip
def test_a_meter_has_a_carrier_and_a_counter(
    rule: str, carrier: str | None, reset: str, kind: str
) -> None:
    table = PointTable(load(rule), "c", {})
    assert isinstance(table.resolve("a"), Target)
    [definition] = table.definitions.values()
    assert (definition.carrier, definition.counter_reset, definition.counter_kind) == (
        carrier, reset, kind,
    )  # fmt: skip


def test_units_are_converted_when_the_mapping_is_loaded() -> None:
    mapping = load("{source: a, role: energy, unit: kWh, source_unit: MJ}")
    assert mapping.rules[0].linear_factors() == (pytest.approx(1 / 3.6), 0)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["{source: a, role: good_count, carrier: gas}"], "`carrier` is for energy"),
        (["{source: a, role: energy, carrier: Natural Gas}"], "pattern"),
        (["{source: a, role: energy, carrier: ''}"], "pattern"),
        (["{source: a, role: energy, unit: kWh, source_unit: m^3}"], "use two units of one kind"),
        (
            ["{source: a, role: energy, unit: kWh}", "{source: b, role: energy, unit: kWh}"],
            "already has a signal of the role 'energy'",
        ),
        # without a carrier it is electricity
        (
            ["{source: a, role: energy}", "{source: b, role: energy, carrier: electricity}"],
            "already has a signal of the role 'energy'",
        ),
    ],
)
def test_what_is_refused(rules: list[str], words: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(*rules)
    assert words in str(error.value)


def test_meters_of_several_carriers_belong_to_one_machine() -> None:
    mapping = load(
        "{source: a, role: energy, unit: kWh}", "{source: b, role: energy, carrier: gas, unit: l}"
    )
    assert [rule.carrier for rule in mapping.rules] == [None, "gas"]
