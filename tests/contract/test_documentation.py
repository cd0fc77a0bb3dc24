"""The documentation is checked: its edge files load, its commands and routes exist."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from werknetz_client.cli import root
from werknetz_edge.config import load_config

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
README_LINES_MAX = 150
FENCE = re.compile(r"^ *```(?P<info>[^\n`]*)\n(?P<body>.*?)^ *```", re.MULTILINE | re.DOTALL)
OPENAPI = ROOT / "services/dashboard/openapi.json"


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    for match in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield match["info"].strip(), match["body"]


EDGE_FILES = [
    pytest.param(body, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (info, body) in enumerate(_blocks(page))
    if 'title="edge file"' in info
]


def _commands() -> Iterator[str]:
    for page in PAGES:
        for info, body in _blocks(page):
            if info.startswith(("yaml", "json", "python")):
                continue
            text = body.replace("\\\n", " ")
            for line in text.splitlines():
                command = re.sub(r"^\s*(\$ )?(WERKNETZ_\w+=\S+\s+)*", "", line)
                if command.startswith("werknetz "):
                    yield re.split(r"\s+#\s|\s{2,}\(", command)[0].rstrip("\\ ")


COMMANDS = sorted(set(_commands()))


def test_there_is_documentation_to_check() -> None:
    assert len(COMMANDS) > 10
    assert len(EDGE_FILES) > 5


@pytest.mark.parametrize("text", EDGE_FILES)
def test_an_edge_file_of_the_documentation_loads(text: str, tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_config(file).connector


@pytest.fixture(scope="module")
def application() -> Any:
    return typer.main.get_command(root())


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_documentation_exists(line: str, application: Any) -> None:
    """Resolve groups and commands, and demand that each option is one of the command's."""
    command = application
    words = iter(shlex.split(line)[1:])
    context = typer.Context(application)
    options: list[str] = []
    for word in words:
        if hasattr(command, "get_command") and not word.startswith("-"):
            if word in {"|", "…"} or word.isupper():
                return  # a synopsis, such as `werknetz mapping check | add`
            subcommand = command.get_command(context, word)
            assert subcommand is not None, f"{command.name} has no command {word!r}"
            command = subcommand
        elif word.startswith("-") and not word[1:2].isdigit():
            options.append(word.partition("=")[0])
    accepted = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    assert set(options) <= accepted, f"{command.name} has {sorted(accepted)}"


def test_routes_of_the_documentation_exist() -> None:
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    patterns = [
        re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^?]+", re.escape(path)) + "$") for path in paths
    ]
    missing = [
        f"{page.relative_to(ROOT)}: {route}"
        for page in PAGES
        for route in re.findall(r"/api/v1(/[a-z_/{}:.-]+)", page.read_text(encoding="utf-8"))
        if not any(pattern.match("/api/v1" + route.rstrip(".:/")) for pattern in patterns)
        and not any(path.startswith("/api/v1" + route.rstrip(".:")) for path in paths)
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    """Generated reference pages are known to the site only; `make docs` checks those."""
    generated = {"connectors", "edge-file", "events", "kpis", "cli", "environment", "http-api"}
    generated |= {"permissions"}
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not (page.parent / target).exists() and Path(target).stem not in generated
    ]
    assert not missing


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES_MAX
