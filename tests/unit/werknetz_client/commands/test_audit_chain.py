"""`werknetz audit verify | export` and `werknetz doctor`, against an API in the test."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client import Client
from werknetz_client.audit.chain import START, Link, hash_of
from werknetz_client.cli import root
from werknetz_client.commands.doctor import run_audit_checks
from werknetz_client.commands.shop_floor import audit_chain
from werknetz_client.errors import WerknetzError

COUNT = 5


def links() -> list[Link]:
    chain, previous = [], START.hash
    for number in range(1, COUNT + 1):
        entry = f'{{"by": "eva", "id": {number}}}'
        chain.append(Link(number, previous, hash_of(previous, entry), number, entry))
        previous = chain[-1].hash
    return chain


def client_of(
    chain: list[Link], *, status: int = 200, unsealed_id: int | None = None, page: int = 2
) -> Client:
    """Return a client of a server with this chain, in pages of two links."""
    head = {
        "seq": COUNT, "hash": links()[-1].hash, "first_seq": 1, "unsealed_id": unsealed_id,
        "removed_to_seq": None, "removed_to_hash": None,
    }  # fmt: skip

    def answer(request: httpx2.Request) -> httpx2.Response:
        if status != 200 or request.url.path.endswith("/head"):
            return httpx2.Response(status, json=head if status == 200 else {"detail": "no"})
        after = int(request.url.params.get("cursor", request.url.params["after"]))
        following = [link for link in chain if link.seq > after]
        cursor = str(following[page - 1].seq) if len(following) > page else None
        items = [asdict(link) for link in following[:page]]
        return httpx2.Response(200, json={"items": items, "next_cursor": cursor})

    return Client("http://core", "wn_x_y", transport=httpx2.MockTransport(answer))


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def run(command: str, chain: list[Link] | None = None) -> Result:
        monkeypatch.setattr(
            audit_chain, "Client", lambda: client_of(links() if chain is None else chain)
        )
        return CliRunner().invoke(root("audit"), ["audit", *command.split()])

    return run


def damage_third() -> list[Link]:
    chain = links()
    return [*chain[:2], replace(chain[2], entry='{"by": "max", "id": 3}'), *chain[3:]]


def test_verify_names_the_head_and_the_entry_that_was_changed(
    invoke: Callable[..., Result],
) -> None:
    result = invoke("verify")
    assert result.exit_code == 0
    assert f"5 entries verified, 1 to 5. Head: 5:{links()[-1].hash}" in result.output
    broken = invoke("verify", damage_third())
    assert isinstance(broken.exception, WerknetzError)
    assert "broken at entry 3 (changed): id 3" in str(broken.exception)
    assert "backup" in broken.exception.hint


def test_a_head_noted_before_is_compared(invoke: Callable[..., Result]) -> None:
    assert invoke(f"verify --head 2:{links()[1].hash}").exit_code == 0
    other = invoke(f"verify --head 2:{'a' * 64} --head 1:{links()[0].hash}")
    assert "broken at entry 2 (changed)" in str(other.exception)
    longer = invoke(f"verify --head 6:{'a' * 64}")
    assert "broken at entry 6 (truncated)" in str(longer.exception)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_export_is_verified_without_the_server(
    invoke: Callable[..., Result], tmp_path: Path, form: str
) -> None:
    file = tmp_path / f"audit.{form}"
    exported = invoke(f"export {file} -o {form}")
    assert exported.exit_code == 0, exported.output
    seal = f"5:{links()[-1].hash}"
    assert f"Head: {seal}" in exported.output
    verified = invoke(f"verify {file} --head {seal}", [])
    assert verified.exit_code == 0, verified.exception
    file.write_bytes(file.read_bytes().replace(b"eva", b"max", 2))
    assert "(changed)" in str(invoke(f"verify {file}", []).exception)
    again = invoke(f"export {file} -o {form}")
    assert "exists" in str(again.exception)
    assert "cannot be read" in str(invoke(f"verify {tmp_path}/none.ndjson").exception)
    assert "cannot be written" in str(invoke(f"export {tmp_path}/no/audit.{form}").exception)


def test_a_part_is_exported_to_the_standard_output(invoke: Callable[..., Result]) -> None:
    result = invoke("export --after 3")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["seq"], row["entry"]["id"]) for row in rows] == [(4, 4), (5, 5)]


def test_doctor_verifies_the_newest_part() -> None:
    with client_of(links()) as client:
        (check,) = run_audit_checks(client)
    assert (check.subject, check.passed) == ("audit log", True)
    assert "5 entries verified" in check.detail
    with client_of(damage_third()) as client:
        (check,) = run_audit_checks(client)
    assert (check.passed, "entry 3 (changed)" in check.detail) == (False, True)
    assert check.remedy
    with client_of(links(), unsealed_id=7) as client:
        (check,) = run_audit_checks(client)
    assert (check.passed, "(inserted): the entry with the id 7" in check.detail) == (False, True)


@pytest.mark.parametrize(
    ("status", "passed", "text"),
    [(403, True, "may not read"), (404, True, "older"), (401, False, "no")],
)
def test_doctor_names_why_it_did_not_verify(status: int, text: str, *, passed: bool) -> None:
    with client_of(links(), status=status) as client:
        (check,) = run_audit_checks(client)
    assert (check.passed, text in check.detail) == (passed, True)


def test_an_emptied_log_is_cut_off_at_its_first_entry(invoke: Callable[..., Result]) -> None:
    assert "broken at entry 1 (truncated)" in str(invoke("verify", []).exception)
