"""Options of `werknetz up` that are refused before anything starts."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from plumbing.certificates import Authority
from werknetz_core import cli


def run_up(*options: str, **environment: str) -> str:
    app = typer.Typer()
    app.command("up")(cli.up)
    environment["WERKNETZ_DATABASE_URL"] = "postgresql://werknetz@127.0.0.1:1/werknetz"
    result = CliRunner().invoke(app, ["--wait", "0.1", *options], env=environment)
    assert result.exit_code == 1
    return " ".join(result.output.split())


@pytest.mark.parametrize("option", ["--tls-cert", "--tls-key"])
def test_certificate_and_key_go_together(option: str, tmp_path: Path) -> None:
    assert "--tls-cert and --tls-key go together" in run_up(option, str(tmp_path / "x.pem"))


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue("server", days=(-9, -1))
    output = run_up("--tls-cert", str(cert), "--tls-key", str(key))
    assert "certificate has expired" in output
    assert "Remedy: write a valid certificate" in output


@pytest.mark.parametrize("path", ["werknetz", "/werknetz/", "/"])
def test_a_root_path_begins_with_a_slash_and_ends_without(path: str) -> None:
    assert "begin with / and end without" in run_up("--root-path", path)


def test_a_wrong_limit_is_refused() -> None:
    output = run_up(WERKNETZ_HTTP_CONNECTIONS="0")
    assert "WERKNETZ_HTTP_CONNECTIONS is 0: write a whole number above 0" in output
    assert "no origin" in run_up(WERKNETZ_CORS_ORIGINS="*")
