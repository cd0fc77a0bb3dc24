"""`werknetz oidc check`: what is wrong, and the remedy."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from werknetz_core.oidc.provider.cli import register

APP = typer.Typer()
register(APP)
FILE = """
public_url = "https://werknetz.example.com"
[[providers]]
issuer = "http://127.0.0.1:1"
client_id = "werknetz"
[[providers.groups]]
group = "emden"
role = "viewer"
plants = "all"
"""


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(APP, ["oidc", "check", *arguments])
    return result.exit_code, result.output


def test_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WERKNETZ_OIDC_CONFIG", raising=False)
    code, output = check()
    assert code == 1
    assert "WERKNETZ_OIDC_CONFIG is not set" in output


def test_mistake_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(FILE.replace("plants", "plant"))
    code, output = check("--config", str(file))
    assert code == 1
    assert "providers.0.groups.0" in output


def test_provider_that_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(FILE)
    code, output = check("--config", str(file))
    assert code == 1
    assert "https://werknetz.example.com/api/v1/session/oidc/callback" in output
    assert "company: http://127.0.0.1:1/.well-known/openid-configuration" in output
    assert "Remedy: correct `issuer`" in output
