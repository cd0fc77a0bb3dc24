"""What `werknetz doctor` reports of connectors."""

import httpx2

from werknetz_client import Client
from werknetz_client.commands.doctor import run_connector_checks


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
