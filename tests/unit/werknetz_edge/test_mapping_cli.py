"""`werknetz mapping check`: what it says, and what it returns."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from werknetz.connector.mapping.mapping import load_mapping
from werknetz.runtime.command import get_or_add_group
from werknetz_client.cli import root
from werknetz_edge.mapping_cli import register

PRESSES = """\
mapping:
  name: presses
  version: 4
  enums: {own: {1: producing, 2: idle}, unused: {1: idle}}
  rules:
  - {source: "a/{b}", equipment: n/p, expression: "value * 2.0"}
  - {source: c, ignore: true}
  templates:
    press:
      variables: {m: text}
      rules:
      - {source: "${m}.state", equipment: "n/${m}", role: state, states: packml/tr88}
      - {source: "${m}.own", equipment: "n/${m}-own", role: state, states: own}
      events:
      - {source: "e/${m}", kind: stock_counted, when: "record.a == 'b'",
         fields: {material: m, quantity: q}}
  apply:
  - {template: press, with: [{m: p1}, {m: p2}, {m: p3}]}
"""


def _check(*files: Path):
    return CliRunner().invoke(root("mapping"), ["mapping", "check", *map(str, files)])


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_is_summed_up(tmp_path: Path) -> None:
    file = _file(tmp_path, "presses.yaml", PRESSES)
    result = _check(file)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{file}: presses@4 can be loaded",
        "  rules      8 (1 with segments, 1 with expressions, 1 ignored)",
        "  events     3 (3 with expressions)",
        "  templates  1, for 3 machines: 9 entries added",
        "  states     own: 2 codes, used by 3 rules",
        "  states     packml/tr88: 17 codes, used by 3 rules",
        "  states     unused: no rule reads it",
    ]


def test_the_mapping_of_an_edge_and_a_document_of_the_core(tmp_path: Path) -> None:
    _file(tmp_path, "presses.yaml", PRESSES)
    edge = _file(tmp_path, "edge.yaml", "connector: c\nmapping: {file: presses.yaml}\n")
    document = load_mapping(tmp_path / "presses.yaml").document
    plain = _file(tmp_path, "document.yaml", document)
    result = _check(edge, plain)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("presses@4 can be loaded") == 2
    assert "rules      8" in result.stdout.split("document.yaml")[1]


def test_every_error_of_every_file_is_reported(tmp_path: Path) -> None:
    bad = PRESSES.replace("value * 2.0", "value * 2").replace("states: own", "states: onw")
    wrong = _file(tmp_path, "wrong.yaml", bad)
    good = _file(tmp_path, "good.yaml", PRESSES)
    result = _check(wrong, good, tmp_path / "missing.yaml")
    assert result.exit_code == 2
    assert "good.yaml: presses@4 can be loaded" in result.stdout
    assert f"{wrong}, line 6: no matching overload" in result.stderr
    assert "write 2.0, not 2" in result.stderr
    assert (
        "line 13 (template 'press', applied on line 18 with m: p1): state table 'onw'"
        in result.stderr
    )
    assert "missing.yaml: cannot be read" in result.stderr


@pytest.mark.parametrize("text", ["", "a: b", "- a", "mapping: x", "mapping: {file: gone.yaml}"])
def test_a_file_without_a_mapping_is_an_error(tmp_path: Path, text: str) -> None:
    result = _check(_file(tmp_path, "x.yaml", text))
    assert result.exit_code == 2
    assert "is missing" in result.stderr or "cannot be read" in result.stderr


def test_others_add_commands_to_the_same_word() -> None:
    app = typer.Typer()
    get_or_add_group(app, "mapping", "x").command("preview")(lambda: typer.echo("previewed"))
    register(app)
    assert len(app.registered_groups) == 1
    assert "previewed" in CliRunner().invoke(app, ["mapping", "preview"]).output
    assert "check" in CliRunner().invoke(app, ["mapping", "--help"]).output
