"""A run without mutants ends with a result, and one without modules with an error."""

import pytest

from mutation import run


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither import what trials need nor read all modules."""
    monkeypatch.setattr(run, "preload", lambda: None)
    monkeypatch.setattr(run, "find_outdated_equivalents", list)


def test_modules_without_mutants_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "mutants_of", lambda *_: [])
    assert run.main(["--target", "kpi", "--module", "kpi/definition"]) == 0
    assert "100.0%" in capsys.readouterr().out


def test_a_path_of_no_module_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main(["--target", "kpi", "--module", "kpi/no_such_module"])
    assert ended.value.code == 2
    assert "'kpi/no_such_module'" in capsys.readouterr().err
