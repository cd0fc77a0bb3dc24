"""`werknetz users`, `sessions` and `whoami`, against an API in the test."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands.access import users

USER = {
    "name": "anna", "display_name": None, "email": None, "role": "operator",
    "plants": ["nordwerk/emden-1"], "issuer": None, "has_password": True, "has_totp": False,
    "created_at": "2026-11-20T10:00:00Z", "disabled_at": None, "last_signed_in_at": None,
    "password_changed_at": None, "password_valid_until": "2026-11-27T10:00:00Z",
}  # fmt: skip
SESSION = {
    "id": 7, "user": "anna", "key": None, "kind": "browser", "method": "password",
    "created_at": "2026-11-20T10:00:00Z", "last_used_at": "2026-11-20T10:00:00Z",
    "ends_at": "2026-11-20T22:00:00Z", "address": "10.1.2.3", "client": "Firefox",
    "is_current": False,
}  # fmt: skip
ME = {
    "name": "tablet", "role": "viewer", "scopes": ["ingest"], "plants": None,
    "expires_at": None, "permissions": ["self", "read"],
}  # fmt: skip
Sent = list[tuple[str, str, Any]]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, Sent]]:
    def run(*arguments: str) -> tuple[Result, Sent]:
        sent: Sent = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            path = request.url.path.removeprefix("/api/v1")
            body = json.loads(request.content) if request.content else None
            sent.append((request.method, path, body))
            if request.method == "DELETE" or path.endswith(":unlock"):
                return httpx2.Response(204)
            if path == "/me":
                return httpx2.Response(200, json=ME)
            if request.method == "GET":
                item = SESSION if path == "/sessions" else USER
                return httpx2.Response(200, json={"items": [item], "next_cursor": None})
            disabled_at = "2026-11-20T10:00:00Z" if (body or {}).get("disabled") else None
            return httpx2.Response(
                200, json={**USER, "password": "secret-1", "disabled_at": disabled_at}
            )

        transport = httpx2.MockTransport(answer)
        monkeypatch.setattr(
            users, "Client", lambda: Client("http://core", "wn_x_y", transport=transport)
        )
        return CliRunner(env={"COLUMNS": "200"}).invoke(root(arguments[0]), list(arguments)), sent

    return run


@pytest.mark.parametrize(
    ("command", "request_sent", "shown"),
    [
        ("users create anna --role operator --plants a/b,a/c",
         ("POST", "/users", {"name": "anna", "role": "operator", "plants": ["a/b", "a/c"]}),
         "secret-1\n"),
        ("users change anna --plants all --disable",
         ("PATCH", "/users/anna", {"plants": None, "disabled": True}),
         "anna: operator, plants nordwerk/emden-1, disabled\n"),
        ("users change anna --enable --role viewer",
         ("PATCH", "/users/anna", {"role": "viewer", "disabled": False}), "enabled\n"),
        ("users reset-password anna", ("POST", "/users/anna:reset_password", None), "secret-1\n"),
        ("users remove-totp anna", ("POST", "/users/anna:remove_totp", None), "second factor"),
        ("users unlock anna", ("POST", "/users/anna:unlock", None), "at once"),
        ("users delete anna", ("DELETE", "/users/anna", None), "Deleted anna"),
        ("users list", ("GET", "/users", None), "nordwerk/emden-1"),
        ("sessions list", ("GET", "/sessions", None), "10.1.2.3"),
        ("sessions end 7", ("DELETE", "/sessions/7", None), "has ended"),
        ("whoami", ("GET", "/me", None), "tablet: viewer, ingest\nplants: all\n"),
    ],
)  # fmt: skip
def test_a_command_sends_a_request_and_shows_the_answer(
    invoke: Callable[..., tuple[Result, Sent]],
    command: str,
    request_sent: tuple[str, str, Any],
    shown: str,
) -> None:
    result, sent = invoke(*command.split())
    assert result.exit_code == 0, result.output
    assert sent == [request_sent]
    assert shown in result.stdout


def test_a_new_password_is_alone_on_stdout(invoke: Callable[..., tuple[Result, Sent]]) -> None:
    result, _ = invoke("users", "create", "anna")
    assert result.stdout == "secret-1\n"
    assert "2026-11-27" in result.stderr
    assert "secret-1" not in result.stderr
