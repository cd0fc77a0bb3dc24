"""Each environment variable that the product names is declared, and each declared one is used."""

import os
import re
import subprocess
import sys
from pathlib import Path

from werknetz.runtime.environment import NAMES, VARIABLES

ROOT = Path(__file__).resolve().parents[2]
SHELVES = ("libs", "services", "deploy", "docs", "tests/plumbing")
FILES = ("docker-compose.yml", "docker-compose.tls.yml", ".env.example", "README.md", "Makefile")
SUFFIXES = {".py", ".yaml", ".yml", ".md", ".sh"}
DECLARATION = ROOT / "libs/werknetz/runtime/environment.py"
NAME = re.compile(r"\bWERKNETZ_[A-Z0-9_]*[A-Z0-9]\b")


def named_in_the_tree() -> dict[str, Path]:
    paths = [ROOT / name for name in FILES]
    for shelf in SHELVES:
        paths += [path for path in (ROOT / shelf).rglob("*") if path.suffix in SUFFIXES]
    return {
        name: path.relative_to(ROOT)
        for path in paths
        if path.is_file() and path != DECLARATION
        for name in NAME.findall(path.read_text())
    }


def test_every_name_is_declared() -> None:
    undeclared = {n: str(path) for n, path in named_in_the_tree().items() if n not in NAMES}
    assert not undeclared


def test_every_declared_variable_is_used() -> None:
    in_tests = {
        name for path in (ROOT / "tests").rglob("*.py") for name in NAME.findall(path.read_text())
    }
    used = named_in_the_tree().keys()
    for variable in VARIABLES:
        assert variable.name in (in_tests if "tests" in variable.readers else used), variable.name


def test_a_command_does_not_start_with_an_unknown_variable() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "werknetz_client.cli", "alive"],
        env=os.environ | {"WERKNETZ_ALIVE_FIEL": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "WERKNETZ_ALIVE_FIEL is unknown: did you mean WERKNETZ_ALIVE_FILE?" in done.stderr
