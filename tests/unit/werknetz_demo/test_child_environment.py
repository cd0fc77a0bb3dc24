"""Each process of the demo gets the URLs that it needs, and no other secret."""

from pathlib import Path

import pytest

from werknetz_demo.embedded.child_environment import ChildEnvironment

URLS = {
    "WERKNETZ_DATABASE_URL": "postgresql://werknetz:pw-1@h/d",
    "WERKNETZ_REDIS_URL": "redis://werknetz:pw-2@h/0",
    "WERKNETZ_BROKER_URL": "redis://werknetz:pw-3@h/0",
    "WERKNETZ_MQTT_URL": "mqtt://werknetz:pw-4@h",
}
OWN = {
    "PATH": "/bin",
    "WERKNETZ_DATABASE_URL": "postgresql://of:operator@h/d",
    "WERKNETZ_REDIS_URL_FILE": "/of/the/operator",
    "WERKNETZ_API_KEY": "wn_client",
    "WERKNETZ_LOG_LEVEL": "DEBUG",
    "WERKNETZ_RATE_PER_S": "5",
    "WERKNETZ_OPCUA_PASSWORD": "of machines",
    "WERKNETZ_MISSPELT": "1",
}


@pytest.mark.parametrize(
    ("command", "urls"),
    [
        ("up", {"database_url", "redis_url"}),
        ("ingest", {"database_url", "redis_url"}),
        ("worker", {"database_url", "redis_url", "broker_url"}),
        ("beat", {"broker_url"}),
        ("edge", {"redis_url"}),
        ("simulate", {"mqtt_url"}),
        ("other", set()),
    ],
)
def test_a_process_gets_the_urls_that_it_needs(
    tmp_path: Path, command: str, urls: set[str]
) -> None:
    environment = ChildEnvironment(tmp_path, URLS, OWN).of(command)
    files = {name: Path(text) for name, text in environment.items() if name.endswith("_URL_FILE")}
    assert {file.name for file in files.values()} == urls
    for name, file in files.items():
        assert file.read_text().strip() == URLS[name.removesuffix("_FILE")]
    assert not any(f"pw-{number}" in text for number in range(5) for text in environment.values())
    assert not URLS.keys() & environment.keys()


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    ChildEnvironment(tmp_path, URLS, OWN)
    ChildEnvironment(tmp_path, URLS, OWN)  # a second start writes them anew
    folder = tmp_path / "urls"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("up", {"PATH", "WERKNETZ_LOG_LEVEL", "WERKNETZ_RATE_PER_S", "WERKNETZ_MISSPELT"}),
        ("edge", {"PATH", "WERKNETZ_LOG_LEVEL", "WERKNETZ_OPCUA_PASSWORD", "WERKNETZ_MISSPELT"}),
        ("other", {"PATH", "WERKNETZ_LOG_LEVEL", "WERKNETZ_MISSPELT"}),
    ],
)
def test_variables_of_other_processes_are_not_passed_on(
    tmp_path: Path, command: str, names: set[str]
) -> None:
    environment = ChildEnvironment(tmp_path, {}, OWN).of(command)
    assert environment.keys() == names  # what is misspelt is passed on: the process reports it


def test_a_command_with_a_database_user_of_its_own_gets_that_url(tmp_path: Path) -> None:
    environment = ChildEnvironment(tmp_path, URLS, OWN, {"up": "postgresql://api:pw-5@h/d"})
    texts = {
        command: Path(environment.of(command)["WERKNETZ_DATABASE_URL_FILE"]).read_text().strip()
        for command in ("up", "ingest")
    }
    assert texts == {"up": "postgresql://api:pw-5@h/d", "ingest": URLS["WERKNETZ_DATABASE_URL"]}
    assert "WERKNETZ_DATABASE_URL_FILE" not in environment.of("edge")
