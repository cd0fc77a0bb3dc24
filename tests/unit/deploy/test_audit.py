"""`make audit`: each locked package is looked up; an unreachable database is no clean answer."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plumbing.deploy_scripts import load_script

audit, locked = load_script("audit"), load_script("locked")
HASH = "a" * 64
Query = Callable[[str, Mapping[str, Any]], Any]


def answers(**vulnerable: list[str]) -> Query:
    """Return a database that knows these advisories, by the package's name."""

    def query(path: str, question: Mapping[str, Any]) -> Any:
        assert path == "/v1/querybatch"
        names = [entry["package"]["name"] for entry in question["queries"]]
        return {"results": [
            {"vulns": [{"id": text} for text in vulnerable[name]]} if name in vulnerable else {}
            for name in names
        ]}  # fmt: skip

    return query


def test_requirements_are_read_with_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "core.txt"
    file.write_text(
        f"# by uv\nDeep_Sea==1.2 ; python_version >= '3.11' \\\n    --hash=sha256:{HASH} \\\n"
        f"    --hash=sha256:{'b' * 64}\n    # via\n    #   other==9\nlast[x]==3.0\n"
    )
    first, last = locked.read_requirements(file)
    assert (first.purl, first.hashes) == ("pkg:pypi/deep-sea@1.2", (HASH, "b" * 64))
    assert (last.purl, last.hashes) == ("pkg:pypi/last@3.0", ())


def test_npm_locks_are_read_without_the_root_and_with_scopes(tmp_path: Path) -> None:
    file = tmp_path / "services" / "page" / "package-lock.json"
    file.parent.mkdir(parents=True)
    rows = {"": {"version": "1"}, "node_modules/a": {"version": "2"},
            "node_modules/a/node_modules/@b/c": {"version": "3"}}  # fmt: skip
    file.write_text(json.dumps({"packages": rows}))
    inner = file.parent / "node_modules" / "a" / "package-lock.json"
    inner.parent.mkdir(parents=True)
    inner.write_text("{}")
    assert locked.npm_locks(tmp_path) == [file]
    purls = [package.purl for package in locked.read_npm_lock(file)]
    assert purls == ["pkg:npm/a@2", "pkg:npm/%40b/c@3"]


def test_nothing_known_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(answers()) == 0
    assert "no vulnerability is known" in capsys.readouterr().out


def test_a_vulnerable_package_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(answers(fastapi=["GHSA-1"])) == 1
    assert "VULNERABLE  fastapi" in (printed := capsys.readouterr().out)
    assert "https://osv.dev/GHSA-1" in printed


def test_an_unreachable_database_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OSV_URL", "http://127.0.0.1:1")
    assert audit.main() == 3
    assert "NOT CHECKED: the database of vulnerabilities cannot" in capsys.readouterr().err


def test_an_answer_without_all_packages_is_none() -> None:
    assert audit.main(lambda *_: {"results": [{}]}) == 3


def test_more_packages_than_one_request_takes_are_split() -> None:
    packages = [locked.Package("PyPI", f"p{number}", "1") for number in range(1001)]
    sizes = []

    def query(_: str, question: Mapping[str, Any]) -> Any:
        sizes.append(len(question["queries"]))
        return {"results": [{}] * sizes[-1]}

    assert audit.find_vulnerabilities(packages, query) == []
    assert sizes == [1000, 1]


@pytest.mark.parametrize(("day", "status"), [(10, 0), (11, 1)])
def test_an_accepted_advisory_counts_again_after_its_date(
    tmp_path: Path, day: int, status: int
) -> None:
    file = tmp_path / "accepted.json"
    file.write_text('[{"id": "GHSA-1", "reason": "not reached", "until": "2026-01-10"}]')
    accepted = audit.accepted_ids(file, date(2026, 1, day))
    assert audit.report([(locked.Package("PyPI", "a", "1"), "GHSA-1")], accepted) == status


def test_an_acceptance_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "accepted.json"
    file.write_text('[{"id": "GHSA-1", "until": "2026-01-10"}]')
    with pytest.raises(SystemExit, match="needs `id`, `reason` and `until`"):
        audit.accepted_ids(file, date(2026, 1, 1))
