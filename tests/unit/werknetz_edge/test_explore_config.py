"""What an edge file lets people explore: entries that allow nothing are errors with their line."""

from pathlib import Path

import pytest

from werknetz.connector.yaml_format import ConfigurationError
from werknetz_edge.config import load_config

EDGE = """
connector: cell-7
protocol: opcua
options: {{url: "opc.tcp://cell-7:4840", browse: [{{root: /Objects}}]}}
explore:
  hosts: {hosts}
  users: {users}
mapping:
  name: cell-7
  version: 1
  rules: []
"""


def load(folder: Path, hosts: str, users: str) -> object:
    file = folder / "edge.yaml"
    file.write_text(EDGE.format(hosts=hosts, users=users))
    return load_config(file).explore


def test_each_password_has_its_hosts(tmp_path: Path) -> None:
    explore = load(
        tmp_path, "[10.20.0.0/16, plc-7]", "{reader: {password_file: password, hosts: [plc-7]}}"
    )
    assert "hosts=('10.20.0.0/16', 'plc-7')" in str(explore)
    assert "ExploreUser(password_file=PosixPath('password'), hosts=('plc-7',))" in str(explore)


def test_an_edge_file_of_before_starts_and_sends_the_password_to_nobody(tmp_path: Path) -> None:
    explore = load(tmp_path, "[plc-7]", "{reader: password}")
    assert "ExploreUser(password_file=PosixPath('password'), hosts=())" in str(explore)


@pytest.mark.parametrize(
    ("hosts", "users", "words"),
    [
        (
            "[10.20.3.7/16]",
            "{}",
            "line 6: '10.20.3.7/16' is no network: write 10.20.0.0/16",
        ),
        ("[cells/7]", "{}", "'cells/7' is no network"),
        ("[plc-7]", "{reader: 7}", "reader"),
        ("[plc-7]", "{reader: {password_file: password}}", "'hosts' is missing"),
        ("[plc-7]", "{reader: {password_file: password, hosts: []}}", "at least 1"),
        ("[plc-7]", "{reader: {password_file: password, hosts: [plc-7/x]}}", "is no network"),
    ],
)
def test_what_allows_nothing_or_everything_is_refused(
    tmp_path: Path, hosts: str, users: str, words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, hosts, users)
    assert words in str(refused.value)
