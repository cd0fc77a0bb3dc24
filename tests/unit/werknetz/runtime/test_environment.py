import pytest

from werknetz.runtime.environment import NAMES, VARIABLES, check_environment
from werknetz.runtime.settings import SettingError


def test_a_known_variable_and_its_file_form_are_accepted() -> None:
    check_environment(
        {"WERKNETZ_DATABASE_URL": "x", "WERKNETZ_DATABASE_URL_FILE": "y", "HOME": "z"}
    )
    check_environment({})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("WERKNETZ_DATABSE_URL", "WERKNETZ_DATABASE_URL?"),
        ("WERKNETZ_REDIS_URL_FILES", "WERKNETZ_REDIS_URL_FILE?"),
        ("WERKNETZ_LOGLEVEL", "WERKNETZ_LOG_LEVEL?"),
        ("WERKNETZ_", "WERKNETZ_"),
    ],
)
def test_an_unknown_variable_is_an_error_that_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(SettingError) as raised:
        check_environment({name: ""})
    assert f"{name} is unknown" in str(raised.value)
    assert f"did you mean {nearest}" in str(raised.value)


def test_every_unknown_variable_is_named() -> None:
    with pytest.raises(SettingError, match=r"WERKNETZ_A is unknown.*WERKNETZ_B is unknown"):
        check_environment({"WERKNETZ_B": "1", "WERKNETZ_A": "1"})


def test_a_variable_without_a_file_form_has_none() -> None:
    with pytest.raises(SettingError, match="WERKNETZ_LOG_LEVEL_FILE is unknown"):
        check_environment({"WERKNETZ_LOG_LEVEL_FILE": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WERKNETZ_CORE_SERVICE_HOST", "10.0.0.7"),
        ("WERKNETZ_CORE_SERVICE_PORT_HTTP", "8080"),
        ("WERKNETZ_CORE_PORT", "tcp://10.0.0.7:8080"),
        ("WERKNETZ_CORE_PORT_8080_TCP_ADDR", "10.0.0.7"),
    ],
)
def test_service_links_of_kubernetes_are_ignored(name: str, value: str) -> None:
    check_environment({name: value})


def test_a_port_that_is_a_number_is_not_a_service_link() -> None:
    with pytest.raises(SettingError, match="WERKNETZ_INGST_METRICS_PORT is unknown"):
        check_environment({"WERKNETZ_INGST_METRICS_PORT": "9100"})


def test_each_variable_is_declared_once_and_described() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(set(names)) == len(names)
    assert all(variable.readers and variable.description for variable in VARIABLES)
    assert set(names) <= NAMES
