import pytest

from werknetz.runtime.settings import SettingMissing
from werknetz_worker.settings import WorkerSettings


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_any_form_of_the_url_is_understood(scheme: str) -> None:
    settings = WorkerSettings.from_environment({"WERKNETZ_DATABASE_URL": f"{scheme}://u:p@h/d"})
    assert settings.database_url == "postgresql://u:p@h/d"
    assert settings.redis_url is None


def test_a_missing_database_is_told() -> None:
    with pytest.raises(SettingMissing, match="WERKNETZ_DATABASE_URL"):
        WorkerSettings.from_environment({})
