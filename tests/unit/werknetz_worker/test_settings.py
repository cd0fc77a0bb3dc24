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


def test_retention_is_in_whole_days_or_unlimited() -> None:
    url = {"WERKNETZ_DATABASE_URL": "postgresql://h/d"}
    name = "WERKNETZ_SAMPLES_RETENTION_DAYS"
    assert WorkerSettings.from_environment(url).samples_retention_days is None
    assert WorkerSettings.from_environment({**url, name: "90"}).samples_retention_days == 90
    for wrong in ("0", "-1", "2.5", "a year"):
        with pytest.raises(SettingError, match="whole days"):
            WorkerSettings.from_environment({**url, name: wrong})
