"""Definitions of own KPIs in deploy/ and in the documentation load, and their test cases pass."""

import re
from pathlib import Path

import pytest

from werknetz.own_kpis.definition import load_definition

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "deploy/kpis").glob("*.yaml"))
PAGE = ROOT / "docs/how-to/own-kpis.md"
BLOCKS = re.findall(
    r"^```yaml\n(id: .*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def test_there_are_examples() -> None:
    assert FILES
    assert BLOCKS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_loads(file: Path) -> None:
    loaded = load_definition(file.read_text(encoding="utf-8"), file=file.name)
    assert loaded.document.id == file.stem
    assert f"`{file.stem}" in PAGE.read_text(encoding="utf-8") or file.stem in BLOCKS[0]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_definition_of_the_documentation_loads(block: str) -> None:
    assert load_definition(block, file="own-kpis.md").kpi.inputs
