"""Templates: what they make, how their errors read, and that a document means what was written."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.mapping.template import RULES_MAX
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.domain.role import Role
from werknetz.events.batch import Points

PRESSES = """\
mapping:
  name: presses
  version: 1
  rules:
  - {source: own, equipment: n/p}
  templates:
    press:
      variables:
        machine: text
        base: text
        pri_s: {default: "12"}
        factor: {type: number, default: 1}
      rules:
      - source: "${base}.state"
        equipment: n/p/${machine}
        role: state
        states: packml/tr88
      - source: "${base}/{part}/good"
        equipment: n/p/${machine}
        signal: "good_{part}"
        role: good_count
        scale: ${factor}
        when: "segments.part != '$${x}' && value < ${pri_s}.0"
      events:
      - source: "erp/${machine}"
        kind: job_started
        fields:
          equipment: {constant: "n/p/${machine}"}
          order_number: order
          planned_run_s_per_item: {constant: "${pri_s}"}
  apply:
  - template: press
    with:
    - {machine: press-1, base: DB10}
    - {machine: press-2, base: DB11, pri_s: "9", factor: 0.1}
"""


def _read(text: str = PRESSES) -> Mapping:
    return parse_mapping(parse_yaml(text, file="m.yaml"))


def _again(mapping: Mapping) -> Mapping:
    """Parse the document of a mapping again, as edge and core do."""
    document = yaml.safe_load(mapping.document)
    wrapped = yaml.safe_dump({"mapping": document}, allow_unicode=True, sort_keys=False)
    assert parse_mapping(parse_yaml(mapping.document, file="document"), at=()) == mapping
    return parse_mapping(parse_yaml(wrapped, file="document"))


def test_a_template_generates_rules_for_each_machine() -> None:
    mapping = _read()
    assert [rule.source for rule in mapping.rules] == [
        "own", "DB10.state", "DB10/{part}/good", "DB11.state", "DB11/{part}/good",
    ]  # fmt: skip
    assert [rule.equipment for rule in mapping.rules[1:]] == ["n/p/press-1"] * 2 + [
        "n/p/press-2"
    ] * 2
    assert [rule.scale for rule in mapping.rules] == [1.0, 1.0, 1.0, 1.0, 0.1]
    assert mapping.rules[4].when == "segments.part != '${x}' && value < 9.0"
    assert [event.source for event in mapping.events] == ["erp/press-1", "erp/press-2"]
    run_times = [event.fields["planned_run_s_per_item"].constant for event in mapping.events]
    assert run_times == ["12", "9"]
    records = Normalizer(mapping, "c").normalize(Delivery([Reading("DB11/left/good", 5)]), 0)
    [point] = [p for r in records if isinstance(r, Points) for p in r.points]
    assert (point.key, point.role) == ("n/p/press-2:good_left", Role.GOOD_COUNT.value)


def test_the_digest_depends_on_the_rules_not_on_the_template() -> None:
    mapping = _read()
    again = _again(mapping)
    assert again == mapping
    assert again.digest == mapping.digest
    renamed = PRESSES.replace("press:", "stamp:").replace("template: press", "template: stamp")
    assert _read(renamed.replace("machine", "name_")).digest == mapping.digest
    assert _read(PRESSES.replace('pri_s: "9"', 'pri_s: "8"')).digest != mapping.digest


def test_an_application_without_templates_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="template 'press' is not known"):
        _read("mapping: {name: m, version: 1, apply: [{template: press, with: [{a: b}]}]}")


WRONG = [
    ("n/p/${machine}\n        role", "n/p/${machin}\n        role", 15, "did you mean 'machine'?"),
    ("${base}.state", "${base.state", 14, "write $${ for a literal"),
    ("        base: text\n", "        base: text\n        more: text\n", 11, "'more' is not used"),
    ("        base: text\n", "", 13, "uses variable 'base', not of the template"),
    ("base: text", "base: txt", 10, "is text, number, or a table"),
    ("base: text", "Base: text", 10, "name it with a-z"),
    ('default: "12"', "defalt: 12", 11, "is text, number, or a table"),
    ("type: number, default: 1", "type: number, default: x", 12, "write it without quotes"),
    ("template: press", "template: pres", 32, "did you mean 'press'?"),
    ("template: press", "templat: press", 32, "has exactly the keys `template` and `with`"),
    ("machine: press-1, ", "", 34, "variable 'machine' of template 'press' is missing"),
    ("machine: press-1", "machin: press-1", 34, "no variable 'machin': did you mean 'machine'?"),
    ("machine: press-1", "machine: 1", 34, "put it in quotes"),
    ("factor: 0.1", "factor: '0.1'", 35, "write it without quotes"),
    ("factor: 0.1", "factor: true", 35, "write it without quotes"),
    ("      rules:\n", "      ruels:\n", 13, "did you mean 'rules'?"),
    (
        "      events:\n      -",
        "      events:\n        a: b\n      x:\n      -",
        26,
        "'x' is not known",
    ),
    ("    with:\n", "    with: []\n    x:\n", 32, "has exactly the keys"),
    ("  apply:", "  appply:", 7, "'press' is not applied"),
    ("    - {machine: press-1, base: DB10}", "    - press-1", 34, "are a table such as"),
]


@pytest.mark.parametrize(("old", "new", "line", "remedy"), WRONG, ids=[f"{w[1]}" for w in WRONG])
def test_an_invalid_template_is_an_error_with_line_and_remedy(
    old: str, new: str, line: int, remedy: str
) -> None:
    assert old in PRESSES
    with pytest.raises(ConfigurationError) as raised:
        _read(PRESSES.replace(old, new, 1))
    errors = [e for e in raised.value.errors if e.startswith(f"m.yaml, line {line}: ")]
    assert any(remedy in error for error in errors), raised.value


GENERATED = [
    ("states: packml/tr88", "states: packml/tr8", 17, 34, "did you mean 'packml/tr88'?"),
    ("role: good_count", "role: good_cuont", 21, 34, "is not known"),
    ("role: good_count", "rolle: good_count", 21, 34, "did you mean 'role'?"),
    ("machine: press-2", "machine: Press-2", 15, 35, "must be lower case"),
    ('pri_s: "9"', 'pri_s: "nine"', 23, 35, "is not CEL"),
    ("base: DB11", "base: DB10", 14, 35, "already has rule"),
    ("order_number: order", "order_numbr: order", 28, 34, "did you mean 'order_number'?"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "applied", "remedy"), GENERATED, ids=[p[1] for p in GENERATED]
)
def test_an_error_in_a_generated_rule_names_template_and_application(
    old: str, new: str, line: int, applied: int, remedy: str
) -> None:
    assert old in PRESSES
    with pytest.raises(ConfigurationError) as raised:
        _read(PRESSES.replace(old, new, 1))
    origin = f"template 'press', applied on line {applied} with machine: "
    assert any(origin in error and remedy in error for error in raised.value.errors), raised.value


def _many(machines: int, rules: int) -> str:
    template = {"variables": {"m": "text"}, "rules": [
        {"source": f"${{m}}.{n}", "equipment": "n/p", "signal": f"${{m}}_{n}"} for n in range(rules)
    ]}  # fmt: skip
    apply = [{"template": "t", "with": [{"m": f"m{n}"} for n in range(machines)]}]
    tree = {"name": "m", "version": 1, "templates": {"t": template}, "apply": apply}
    return yaml.safe_dump({"mapping": tree})


def test_the_number_of_generated_rules_is_bounded() -> None:
    assert len(_read(_many(50, 20)).rules) == 1_000
    with pytest.raises(ConfigurationError, match=f"more than {RULES_MAX} rules"):
        _read(_many(600, RULES_MAX // 500))
    wide = _many(2_000, 1).replace("n/p", "n/" + "p" * 3_000)
    with pytest.raises(ConfigurationError, match="split the mapping"):
        _read(wide)


def test_an_error_of_many_machines_is_reported_a_limited_number_of_times() -> None:
    with pytest.raises(ConfigurationError) as raised:
        _read(_many(1_000, 1).replace("equipment: n/p", "equipment: N/p"))
    assert len(raised.value.errors) == 51
    assert raised.value.errors[-1] == "… and 950 more errors"


WORD = st.text("abcxyz-", min_size=1, max_size=8).map(lambda t: "a" + t)
SCALARS = st.one_of(
    WORD, st.sampled_from(["4", "on", "2026-11-24", "1e5", "null", "~", "007", "ä"])
)


@settings(deadline=None)  # machines are shared
@given(
    codes=st.dictionaries(SCALARS, st.sampled_from(["producing", "idle"]), max_size=4),
    source=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
    scale=st.floats(1e-9, 1e9),
    constant=st.one_of(SCALARS, st.floats(allow_nan=False, allow_infinity=False)),
    values=st.dictionaries(SCALARS, SCALARS, min_size=1, max_size=3),
    path=st.lists(WORD, min_size=1, max_size=3).map("/".join),
)
def test_the_canonical_document_has_the_same_content(
    codes: dict[str, str], source: str, scale: float, constant: Any, values: dict[str, str],
    path: str,
) -> None:  # fmt: skip
    rules: list[dict[str, Any]] = [
        {"source": source.replace("{", "("), "scale": scale, "expression": "value * 2.0"},
        {"source": "\u2028other", "role": "state", "states": "t", "input": "text",
         "when": "value != ''"},
    ]  # fmt: skip
    events = [{
        "source": "e/{x}", "kind": "stock_counted", "when": "record.a == 'b'",
        "fields": {"material": {"constant": constant}, "quantity": {"expression": "record.q"},
                   "status": {"field": "s", "values": values}},
    }]  # fmt: skip
    tree = {"name": "m", "version": 1, "equipment": path, "enums": {"t": codes}, "rules": rules}
    text = yaml.safe_dump({"mapping": tree | {"events": events}}, allow_unicode=True)
    mapping = _read(text)
    again = _again(mapping)
    assert again == mapping
    assert again.digest == mapping.digest
    assert again.document == mapping.document
