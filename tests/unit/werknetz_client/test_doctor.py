"""What `werknetz doctor` reports of connectors."""

import socket

import httpx2
import pytest

from werknetz_client import Client
from werknetz_client.commands.doctor import (
    check_server,
    run_connector_checks,
    run_finding_checks,
    run_provider_checks,
)


def _client(connectors: list[dict[str, object]]) -> Client:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"items": connectors, "next_cursor": None})

    return Client("http://core", "wn_x_y", transport=httpx2.MockTransport(answer))


def test_each_finding_of_a_connector_is_a_failed_check() -> None:
    connectors: list[dict[str, object]] = [
        {"id": "press", "findings": {"clock_ahead": "a: offset +61.0 s"}},
        {"id": "oven", "findings": {}},
        {"id": "old"},  # a server of version 0.1
    ]
    with _client(connectors) as client:
        (check,) = run_connector_checks(client)
    assert (check.subject, check.passed) == ("connector press", False)
    assert check.detail == "clock_ahead: a: offset +61.0 s"


BOOKS = {
    "taken": 10, "stored": 5, "duplicates": 1, "revisions": 1, "withdrawn": 1, "ignored": 1,
    "quarantined": 1, "balanced": True, "since": "2026-11-01T00:00:00Z",
}  # fmt: skip


def test_books_that_do_not_balance_are_a_failed_check() -> None:
    wrong = BOOKS | {"taken": 11, "balanced": False}
    connectors: list[dict[str, object]] = [
        {"id": "press", "books": wrong},
        {"id": "oven", "books": BOOKS},
        {"id": "new", "books": None},
    ]
    with _client(connectors) as client:
        (check,) = run_connector_checks(client)
    assert (check.subject, check.passed) == ("books of press", False)
    assert check.detail == (
        "11 taken, 10 with an outcome (stored 5, duplicates 1, revisions 1, withdrawn 1,"
        " ignored 1, quarantined 1)"
    )
    assert "werknetz connectors show press" in check.remedy


def test_books_that_balance_are_one_passed_check() -> None:
    with _client([{"id": "a", "books": BOOKS}, {"id": "b", "books": BOOKS}]) as client:
        (check,) = run_connector_checks(client)
    assert (check.subject, check.passed) == ("books", True)
    assert check.detail == "those of 2 connectors balance"


def test_open_findings_are_counted_by_kind() -> None:
    rows: list[dict[str, object]] = [
        {"kind": "stock_difference"}, {"kind": "counter_jump"}, {"kind": "stock_difference"},
    ]  # fmt: skip
    with _client(rows) as client:
        (check,) = run_finding_checks(client)
    assert (check.subject, check.passed) == ("findings", True)
    assert check.detail == ("3 open, see `werknetz findings`: counter_jump 1, stock_difference 2")


def test_what_cannot_be_computed_is_a_failed_check() -> None:
    with _client([{"kind": "not_computed"}, {"kind": "counter_jump"}]) as client:
        failed, counted = run_finding_checks(client)
    assert (failed.passed, failed.detail) == (False, "1 open: something cannot be computed")
    assert failed.remedy == "`werknetz findings --kind not_computed` says which, and why."
    assert counted.detail == "1 open, see `werknetz findings`: counter_jump 1"


def test_without_findings_there_is_no_check() -> None:
    with _client([]) as client:
        assert run_finding_checks(client) == []


def test_provider_of_identities_that_does_not_answer_is_a_failed_check() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        providers = [{"name": "a", "state": "ok"}, {"name": "b", "state": "unavailable"}]
        document = {"status": "degraded", "identity_providers": providers}
        return httpx2.Response(200, json=document)

    with Client("http://core", "wn_x_y", transport=httpx2.MockTransport(answer)) as client:
        passed, failed = run_provider_checks(client)
    assert (passed.subject, passed.passed) == ("sign-in at a", True)
    assert (failed.subject, failed.passed) == ("sign-in at b", False)
    assert "werknetz oidc check" in failed.remedy
    with _client([]) as client:  # a server without providers, or an older one
        assert run_provider_checks(client) == []


def test_one_server_that_answers_of_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # nobody listens there
        closed, port = other.getsockname()[1], server.getsockname()[1]
        hosts = f"127.0.0.1:{closed},127.0.0.1:{port}"
        monkeypatch.setenv("WERKNETZ_REDIS_URL", f"redis+cluster://user:password@{hosts}")
        check = check_server("WERKNETZ_REDIS_URL", "redis", 6379)
        assert check is not None
        assert (check.passed, check.detail) == (True, f"127.0.0.1:{port} answers")
        monkeypatch.setenv("WERKNETZ_REDIS_URL", f"redis+cluster://127.0.0.1:{closed}")
        check = check_server("WERKNETZ_REDIS_URL", "redis", 6379)
        assert check is not None
        assert not check.passed
