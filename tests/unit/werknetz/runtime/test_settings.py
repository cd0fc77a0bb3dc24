from pathlib import Path

import pytest

from werknetz.runtime.settings import SettingError, read_env, read_number_env, require_env


def test_the_variable_takes_precedence_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    both = {"WERKNETZ_X": "direct", "WERKNETZ_X_FILE": str(tmp_path / "secret")}
    assert read_env("WERKNETZ_X", both) == "direct"
    assert read_env("WERKNETZ_X", {**both, "WERKNETZ_X": ""}) == "from the file"


def test_a_missing_file_is_an_error_with_its_path() -> None:
    with pytest.raises(SettingError, match="WERKNETZ_X_FILE names /nowhere"):
        read_env("WERKNETZ_X", {"WERKNETZ_X_FILE": "/nowhere"})


def test_a_missing_setting_is_an_error_with_the_remedy() -> None:
    assert read_env("WERKNETZ_X", {}) is None
    with pytest.raises(SettingError, match="set WERKNETZ_X, or WERKNETZ_X_FILE"):
        require_env("WERKNETZ_X", {})


def test_a_number_must_be_finite_and_not_negative() -> None:
    assert read_number_env("N", 3.0, {}) == 3.0
    assert read_number_env("N", 3.0, {"N": "0.5"}) == 0.5
    for wrong in ("-1", "many", "nan", "inf"):
        with pytest.raises(SettingError, match="not negative"):
            read_number_env("N", 3.0, {"N": wrong})
