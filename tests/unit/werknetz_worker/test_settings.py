import pytest

from werknetz.runtime.settings import SettingError
from werknetz_worker.settings import WorkerSettings


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_any_form_of_the_url_is_understood(scheme: str) -> None:
    settings = WorkerSettings.from_environment({"WERKNETZ_DATABASE_URL": f"{scheme}://u:p@h/d"})
    assert settings.database_url == "postgresql://u:p@h/d"
    assert settings.redis_url is None


def test_a_missing_database_is_an_error() -> None:
    with pytest.raises(SettingError, match="WERKNETZ_DATABASE_URL"):
        WorkerSettings.from_environment({})


@pytest.mark.parametrize("table", ["samples", "audit"])
def test_retention_is_in_whole_days_or_unlimited(table: str) -> None:
    url = {"WERKNETZ_DATABASE_URL": "postgresql://h/d"}
    name, field = f"WERKNETZ_{table.upper()}_RETENTION_DAYS", f"{table}_retention_days"
    assert getattr(WorkerSettings.from_environment(url), field) is None
    assert getattr(WorkerSettings.from_environment({**url, name: "90"}), field) == 90
    for wrong in ("0", "-1", "2.5", "a year"):
        with pytest.raises(SettingError, match="whole days"):
            WorkerSettings.from_environment({**url, name: wrong})
