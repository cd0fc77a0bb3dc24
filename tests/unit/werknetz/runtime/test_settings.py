from pathlib import Path

import pytest

from werknetz.runtime.settings import SettingMissing, number_env, required_env, secret_env


def test_the_variable_itself_comes_first(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    both = {"WERKNETZ_X": "direct", "WERKNETZ_X_FILE": str(tmp_path / "secret")}
    assert secret_env("WERKNETZ_X", both) == "direct"
    assert secret_env("WERKNETZ_X", {**both, "WERKNETZ_X": ""}) == "from the file"


def test_a_file_that_is_not_there_is_an_error_with_its_path() -> None:
    with pytest.raises(SettingMissing, match="WERKNETZ_X_FILE names /nowhere"):
        secret_env("WERKNETZ_X", {"WERKNETZ_X_FILE": "/nowhere"})


def test_what_is_missing_is_said_with_the_remedy() -> None:
    assert secret_env("WERKNETZ_X", {}) is None
    with pytest.raises(SettingMissing, match="set WERKNETZ_X, or WERKNETZ_X_FILE"):
        required_env("WERKNETZ_X", {})


def test_a_number_is_a_number() -> None:
    assert number_env("N", 3.0, {}) == 3.0
    assert number_env("N", 3.0, {"N": "0.5"}) == 0.5
    for wrong in ("-1", "many", "nan", "inf"):
        with pytest.raises(SettingMissing, match="not negative"):
            number_env("N", 3.0, {"N": wrong})
